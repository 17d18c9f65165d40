"""Every shape is drawn as labelme itself draws it, pixel for pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.formats.reference import shape_to_mask

from kirie.core.sample import Region
from kirie.formats import raster

SIDES = st.integers(1, 90)
COORDINATES = st.one_of(
    st.floats(-60, 150, allow_nan=False),
    st.integers(-60, 150).map(float),
    st.integers(-120, 300).map(lambda half: half / 2),
)
POINTS = st.tuples(COORDINATES, COORDINATES)


def ours(shape: str, points: list[tuple[float, float]], height: int, width: int) -> np.ndarray:
    """The mask at image size."""
    box, crop = raster.draw(shape, points, height, width)
    return Region("eye", box, crop).mask_at(height, width)


@pytest.mark.parametrize("shape", sorted(raster.POINT_COUNTS))
@given(data=st.data())
def test_equals_labelme(shape: str, data: st.DataObject) -> None:
    """Random points, inside and outside the picture, give labelme's mask to the pixel."""
    least, most = raster.POINT_COUNTS[shape]
    points = data.draw(st.lists(POINTS, min_size=least, max_size=most or 8))
    height, width = data.draw(SIDES), data.draw(SIDES)
    theirs = shape_to_mask((height, width), [list(point) for point in points], shape)
    np.testing.assert_array_equal(ours(shape, points, height, width), theirs)


@pytest.mark.parametrize("shape", sorted(raster.POINT_COUNTS))
@given(data=st.data())
def test_large_pictures(shape: str, data: st.DataObject) -> None:
    """A small shape far from the corner is drawn on a small canvas, and still as labelme draws it."""
    least, most = raster.POINT_COUNTS[shape]
    across, down = data.draw(st.integers(0, 800)), data.draw(st.integers(0, 500))
    points = [(x + across, y + down) for x, y in data.draw(st.lists(POINTS, min_size=least, max_size=most or 6))]
    theirs = shape_to_mask((500, 800), [list(point) for point in points], shape)
    np.testing.assert_array_equal(ours(shape, points, 500, 800), theirs)


def test_box_is_tight() -> None:
    """The box holds the mask and no empty row or column."""
    box, crop = raster.draw("rectangle", [(3, 4), (7.9, 5)], 20, 20)
    assert box == (3, 4, 8, 6)
    assert crop.all()


def test_far_outside_is_empty() -> None:
    """A shape that lies outside the picture has an empty mask and no canvas."""
    box, crop = raster.draw("polygon", [(900_000, 0), (900_010, 0), (900_000, 9)], 20, 20)
    assert box == (0, 0, 0, 0)
    assert crop.size == 0


@pytest.mark.parametrize(
    ("shape", "points", "words"),
    [
        ("polygon", [(0, 0), (1, 1)], "at least 3"),
        ("circle", [(0, 0)], "exactly 2"),
        ("rectangle", [(0, 0), (1, 1), (2, 2), (3, 3)], "exactly 2"),
        ("point", [(0, 0), (1, 1)], "exactly 1"),
        ("linestrip", [], "at least 1"),
        ("polygon", [(0, 0), (1, float("nan")), (2, 2)], "NaN"),
        ("polygon", [(0, 0), (1, 2e6), (2, 2)], "beyond"),
        ("circle", [(0, 0), (300_000, 0)], "radius"),
        ("star", [(0, 0)], "known are polygon"),
    ],
)
def test_unfit(shape: str, points: list[tuple[float, float]], words: str) -> None:
    """Points that do not make a shape are told why."""
    assert words in (raster.unfit(shape, points) or "")


def test_outside_counts_points_beyond_the_edge() -> None:
    """The picture's own edge is inside; anything beyond counts."""
    assert raster.outside([(0, 0), (10, 5), (10.1, 5), (-0.1, 0), (3, 6)], 5, 10) == 3
