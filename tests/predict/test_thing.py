"""A packed mask is the mask."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from kirie.predict.thing import Thing, shared_box, shared_pixels

MASKS = hnp.arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def thing_of(mask_HW: NDArray[np.bool_], at: tuple[int, int] = (0, 0)) -> Thing | None:
    """A thing of a mask that lies at x, y."""
    x, y = at
    height, width = mask_HW.shape
    return Thing.of(1, 0.5, (0, 0, 1, 1), (x, y, x + width, y + height), mask_HW)


@given(MASKS, st.integers(0, 5), st.integers(0, 5))
def test_a_mask_comes_back(mask_HW: NDArray[np.bool_], x: int, y: int) -> None:
    """Pixel for pixel, in its tight box; a mask without pixels is no thing."""
    thing = thing_of(mask_HW, (x, y))
    whole_HW = np.zeros((20, 20), dtype=np.bool_)
    whole_HW[y : y + mask_HW.shape[0], x : x + mask_HW.shape[1]] = mask_HW
    if thing is None:
        assert not mask_HW.any()
        return
    np.testing.assert_array_equal(thing.within((0, 0, 20, 20)), whole_HW)
    assert thing.area == mask_HW.sum()
    crop_hw = thing.crop()
    assert crop_hw[[0, -1]].any(axis=1).all()
    assert crop_hw[:, [0, -1]].any(axis=0).all()
    np.testing.assert_array_equal(thing.within((3, 2, 9, 14)), whole_HW[2:14, 3:9])


@given(MASKS, MASKS)
def test_shared_pixels_are_counted(one_HW: NDArray[np.bool_], other_HW: NDArray[np.bool_]) -> None:
    """As many as lie in both masks."""
    one, other = thing_of(one_HW), thing_of(other_HW, (2, 3))
    if one is not None and other is not None:
        window = (0, 0, 20, 20)
        assert shared_pixels(one, other) == (one.within(window) & other.within(window)).sum()


def test_boxes_that_touch_share_nothing() -> None:
    """The far sides are exclusive."""
    assert shared_box((0, 0, 5, 5), (5, 0, 9, 5)) is None
    assert shared_box((0, 0, 5, 5), (4, 4, 9, 9)) == (4, 4, 5, 5)
