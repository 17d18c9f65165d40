"""From masks to polygons."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageDraw
from scipy import ndimage

from kirie.core.sample import Mask
from kirie.synth.trace import SMALLEST_HOLE, SMALLEST_PIECE, Ring, boundary, outlines, simplified


def painted(rings: list[Ring], shape: tuple[int, int]) -> Mask:
    """What Pillow's polygon rule paints, each ring on its own."""
    mask = np.zeros(shape, bool)
    for ring in rings:
        image = Image.new("L", (shape[1], shape[0]), 0)
        ImageDraw.Draw(image).polygon([(float(x), float(y)) for x, y in ring], outline=1, fill=1)
        mask |= np.asarray(image) > 0
    return mask


def without_specks(mask: Mask) -> Mask:
    """A mask that has no piece and no hole under the limits."""
    eight = np.ones((3, 3), bool)
    numbered, count = ndimage.label(mask, structure=eight)
    sizes = np.bincount(numbered.ravel(), minlength=count + 1)
    kept = mask & (sizes[numbered] >= SMALLEST_PIECE)
    numbered, count = ndimage.label(~kept)
    sizes = np.bincount(numbered.ravel(), minlength=count + 1)
    border = set(numbered[0]) | set(numbered[-1]) | set(numbered[:, 0]) | set(numbered[:, -1])
    for k in range(1, count + 1):
        if sizes[k] < SMALLEST_HOLE and k not in border:
            kept = kept | (numbered == k)
    return np.asarray(kept)


@given(hnp.arrays(bool, st.tuples(st.integers(2, 16), st.integers(2, 16))))
def test_untouched_polygons_paint_the_mask(mask: Mask) -> None:
    """Without simplification Pillow paints the mask back; cutting at holes may lose specks only."""
    rings = outlines(mask, 0.0)
    back = painted(rings, mask.shape)
    assert not (back & ~without_specks(mask) & ~ndimage.binary_fill_holes(mask)).any()
    missing = mask & ~back
    numbered, count = ndimage.label(missing, structure=np.ones((3, 3)))
    assert all((numbered == k).sum() < 2 * SMALLEST_PIECE for k in range(1, count + 1))


def blob(holes: int) -> Mask:
    """A disc with round holes."""
    y, x = np.mgrid[:60, :60]
    mask = (y - 30) ** 2 + (x - 30) ** 2 < 26**2
    for k in range(holes):
        mask &= (y - 30) ** 2 + (x - 16 - 14 * k) ** 2 >= 5**2
    return np.asarray(mask)


@pytest.mark.parametrize("holes", [0, 1, 2, 3])
def test_masks_with_holes_are_cut_into_pieces_without(holes: int) -> None:
    """A disc with holes comes back exactly, from more than one polygon."""
    mask = blob(holes)
    rings = outlines(mask, 0.0)
    assert (painted(rings, mask.shape) == mask).all()
    assert (len(rings) > 1) == (holes > 0)


@pytest.mark.parametrize("tolerance", [0.5, 0.75, 1.5])
def test_simplification_saves_points_and_keeps_the_shape(tolerance: float) -> None:
    """Fewer points, and no pixel farther off than the tolerance allows."""
    mask = blob(0)
    ring = boundary(mask)
    few = simplified(ring, tolerance)
    assert len(few) < len(ring) / 2
    wrong = painted([few], mask.shape) != mask
    reach = ndimage.binary_dilation(mask, iterations=2) & ~ndimage.binary_erosion(mask, iterations=3)
    assert not (wrong & ~reach).any()
    assert wrong.sum() < 2 * tolerance * len(ring)


def test_lines_one_pixel_wide_are_kept() -> None:
    """A thin line has a polygon too."""
    mask = np.zeros((9, 9), bool)
    mask[4, 1:8] = True
    assert (painted(outlines(mask, 0.5), mask.shape) == mask).all()


def test_single_pixel_boundary_is_that_pixel() -> None:
    """The walk around one pixel has one step."""
    assert boundary(np.ones((1, 1), bool)).tolist() == [[0.0, 0.0]]


def test_an_empty_mask_has_no_outline() -> None:
    """No pixels, no polygons."""
    assert outlines(np.zeros((5, 5), bool), 0.5) == []
