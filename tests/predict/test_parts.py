"""Parts recompose to the picture, whatever the picture and the label map."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image

from kirie.core.labels import LabelSet
from kirie.predict.parts import cut_out, recompose

LABELS = LabelSet.from_dict({"labels": ["background", "hair", "eye", "mouth", "skin"]})

Case = tuple[NDArray[np.uint8], NDArray[np.uint8] | None, NDArray[np.uint8]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any small picture, with or without alpha, and any label map of it."""
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    rgb_HWC = draw(hnp.arrays(np.uint8, (height, width, 3)))
    alpha_HW = draw(st.none() | hnp.arrays(np.uint8, (height, width)))
    labels_HW = draw(hnp.arrays(np.uint8, (height, width), elements=st.integers(0, len(LABELS) - 1)))
    return rgb_HWC, alpha_HW, labels_HW


@given(cases())
def test_parts_recompose_bit_for_bit(case: Case) -> None:
    """Colour and alpha come back equal in every pixel, the colour under alpha 0 included."""
    rgb_HWC, alpha_HW, labels_HW = case
    height, width = labels_HW.shape
    found = recompose(cut_out(rgb_HWC, alpha_HW, labels_HW, LABELS), height, width)
    np.testing.assert_array_equal(found[..., :3], rgb_HWC)
    np.testing.assert_array_equal(found[..., 3], 255 if alpha_HW is None else alpha_HW)


@given(cases())
def test_parts_share_the_pixels_out(case: Case) -> None:
    """Each pixel lies in the one part that its label names, and a label that is absent has no part."""
    rgb_HWC, alpha_HW, labels_HW = case
    parts = list(cut_out(rgb_HWC, alpha_HW, labels_HW, LABELS))
    assert [part.label.id for part in parts] == sorted(np.unique(labels_HW))
    for part in parts:
        np.testing.assert_array_equal(part.region.mask_at(*labels_HW.shape), labels_HW == part.label.id)


@given(cases())
def test_boxes_are_tight(case: Case) -> None:
    """A part's box touches its own pixels on all four sides."""
    for part in cut_out(*case, LABELS):
        assert part.region.crop[[0, -1]].any(axis=1).all()
        assert part.region.crop[:, [0, -1]].any(axis=0).all()


@given(cases())
def test_stacking_as_layers_gives_the_visible_picture(case: Case) -> None:
    """Pillow's alpha compositing of the parts, in any order, equals the picture wherever it can be seen."""
    rgb_HWC, alpha_HW, labels_HW = case
    height, width = labels_HW.shape
    stacked = Image.new("RGBA", (width, height))
    for part in reversed(list(cut_out(rgb_HWC, alpha_HW, labels_HW, LABELS))):
        stacked.alpha_composite(Image.fromarray(part.canvas(height, width)))
    found = np.asarray(stacked)
    seen = found[..., 3] > 0
    np.testing.assert_array_equal(found[..., 3], 255 if alpha_HW is None else alpha_HW)
    np.testing.assert_array_equal(found[..., :3][seen], rgb_HWC[seen])


def test_a_part_is_empty_outside_its_pixels() -> None:
    """All four channels of a part are 0 where another label lies, so that no colour leaks into its file."""
    labels_HW = np.array([[0, 1], [1, 0]], dtype=np.uint8)
    part = list(cut_out(np.full((2, 2, 3), 9, np.uint8), None, labels_HW, LABELS))[1]
    np.testing.assert_array_equal(part.canvas(2, 2)[labels_HW == 0], 0)
