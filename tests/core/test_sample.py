"""Regions, samples, and painting them in order.

Shapes: H, W pixels.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as npst

from kirie.core.labels import IGNORE, LabelSet
from kirie.core.sample import Outline, Region, Sample
from kirie.errors import SourceError

LABELS = LabelSet.from_dict(
    {"labels": ["background", {"name": "skin"}, {"name": "eye", "merge": ["pupil"]}], "skip": ["guide"]}
)


def _square(label: str, at: int, size: int) -> Region:
    mask = np.zeros((8, 10), dtype=np.bool_)
    mask[at : at + size, at : at + size] = True
    return Region.from_mask(label, mask)


def _sample(*regions: Region) -> Sample:
    return Sample("a/b", np.zeros((8, 10, 3), np.uint8), regions)


@settings(deadline=None)
@given(mask=npst.arrays(np.bool_, npst.array_shapes(min_dims=2, max_dims=2, max_side=12)))
def test_mask_comes_back_from_its_box(mask: np.ndarray) -> None:
    """A region gives back the mask it was made of, keeps its area, and its box is as small as can be."""
    region = Region.from_mask("x", mask)
    np.testing.assert_array_equal(region.mask_at(*mask.shape), mask)
    assert region.area == mask.sum()
    x0, y0, x1, y1 = region.box
    assert region.crop.shape == (y1 - y0, x1 - x0)
    if region.area:
        assert region.crop[0].any()
        assert region.crop[-1].any()
        assert region.crop[:, 0].any()
        assert region.crop[:, -1].any()


def test_crop_is_a_copy() -> None:
    """Drawing on the mask afterwards does not change the region."""
    mask = np.ones((3, 3), dtype=np.bool_)
    region = Region.from_mask("x", mask)
    mask[:] = False
    assert region.area == 9


def test_later_regions_lie_over_earlier_ones() -> None:
    """Where two regions overlap the later one's label counts, and the first label is what none covers."""
    over = _sample(_square("skin", 1, 5), _square("pupil", 2, 2)).paint(LABELS)
    under = _sample(_square("pupil", 2, 2), _square("skin", 1, 5)).paint(LABELS)
    assert over.dtype == np.uint8
    assert over.shape == (8, 10)
    assert (np.bincount(over.ravel()) == [80 - 25, 21, 4]).all()
    assert (np.bincount(under.ravel()) == [80 - 25, 25]).all()
    assert over[2, 2] == 2


def test_mask_is_painted_not_its_box() -> None:
    """Pixels of the box that are not of the mask keep what lay there."""
    mask = np.eye(8, 10, dtype=np.bool_)
    painted = _sample(_square("skin", 0, 8), Region.from_mask("eye", mask)).paint(LABELS)
    np.testing.assert_array_equal(painted == 2, mask)
    assert painted[0, 1] == 1


def test_ignored_and_skipped_regions() -> None:
    """An ignored region paints the ignore index over what it covers, a skipped one nothing."""
    painted = _sample(_square("skin", 0, 4), _square("__ignore__", 2, 2), _square("guide", 0, 8)).paint(LABELS)
    assert (painted == IGNORE).sum() == 4
    assert (painted == 1).sum() == 12


def test_unlabelled_pixels_can_be_ignored() -> None:
    """A label set may say that uncovered pixels are not known."""
    labels = LabelSet.from_dict({"labels": ["skin"], "unlabelled": "ignore"})
    painted = _sample(_square("skin", 0, 4)).paint(labels)
    assert (painted == IGNORE).sum() == 64


def test_empty_region_paints_nothing() -> None:
    """A region without pixels is allowed and changes nothing."""
    painted = _sample(Region.from_mask("eye", np.zeros((8, 10), np.bool_))).paint(LABELS)
    assert not painted.any()


def test_unknown_label_is_told_when_painted() -> None:
    """A label outside the set is refused where it is painted."""
    with pytest.raises(SourceError, match="nose"):
        _sample(_square("nose", 0, 2)).paint(LABELS)


def test_size_is_height_then_width() -> None:
    """The size is that of the picture's rows and columns."""
    assert _sample().size == (8, 10)


def test_notes_add_up_and_leave_out_nothing_found() -> None:
    """Counts are added under names with spaces, zeros are not noted, and the original keeps its own."""
    first = _sample().with_notes(points_clipped=3, shapes_dropped=0)
    second = first.with_notes(points_clipped=2)
    assert first.notes == {"points clipped": 3}
    assert second.notes == {"points clipped": 5}


def test_outline_keeps_the_record_it_came_from() -> None:
    """A region carries its outline and the format's own record untouched."""
    raw = {"points": [[0.5, 1.25]], "flags": {"x": True}}
    outline = Outline("point", ((0.5, 1.25),), raw)
    region = Region.from_mask("eye", np.ones((2, 2), np.bool_), outline, instance=4)
    assert region.outline is outline
    assert region.outline.raw == raw
    assert region.instance == 4
    assert not region.crowd
    assert Region.from_mask("eye", np.ones((2, 2), np.bool_), crowd=True).crowd
    assert Region.from_mask("eye", np.zeros((2, 2), np.bool_), crowd=True).crowd


FLAT: dict[str, tuple[str, list[tuple[float, float]], bool]] = {
    "point": ("polygon", [(3, 3), (3, 3), (3, 3)], True),
    "line": ("polygon", [(0, 0), (10, 5), (4, 2), (8, 4)], True),
    "rounded line": ("polygon", [(0, 0), (10, 3.3333), (20, 6.6667), (30, 10)], True),
    "first thirds on a line": ("polygon", [(0, 0), (1, 5), (10, 0), (11, 4), (20, 0), (30, 9)], False),
    "thin": ("polygon", [(0, 0), (100, 0), (50, 0.05)], False),
    "bow tie": ("polygon", [(0, 0), (9, 9), (9, 0), (0, 9)], False),
    "rectangle": ("rectangle", [(3, 3), (9, 3)], True),
    "whole rectangle": ("rectangle", [(9, 9), (3, 3)], False),
    "turned rectangle": ("oriented_rectangle", [(0, 0), (9, 9), (9, 9), (0, 0)], True),
    "drawn line": ("line", [(0, 0), (9, 9)], False),
    "drawn point": ("point", [(0, 0)], False),
    "mask": ("mask", [(3, 3), (3, 9)], False),
}


@pytest.mark.parametrize("name", FLAT)
def test_flat_outlines_enclose_nothing(name: str) -> None:
    """Points on one line are flat, also where a file rounds them; strokes have a width of their own."""
    shape, points, flat = FLAT[name]
    assert Outline(shape, tuple(points)).flat == flat
