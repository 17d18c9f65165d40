"""From a mask to the polygons an annotator would have drawn around it.

A polygon runs through the centres of boundary pixels, which is what Pillow's rule (outline and inside both painted)
turns back into the mask. A mask with holes is cut into pieces that have none, because a polygon cannot have one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from kirie.core.sample import Mask

Ring = NDArray[np.float64]
"""Points x, y of a closed polygon, shape (N, 2), in pixels."""

SMALLEST_PIECE = 3
SMALLEST_HOLE = 5
SMALL_PIECE = 250
"""Pixels; below, people zoom in and draw more closely."""

_EIGHT = np.ones((3, 3), dtype=np.bool_)
# clockwise from the left neighbour, as (dy, dx)
_AROUND = ((0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1))
_PLACE = {step: k for k, step in enumerate(_AROUND)}


def outlines(mask_HW: Mask, tolerance: float) -> list[Ring]:
    """Polygons that together cover a mask.

    Args:
        mask_HW: Bool, shape (H, W). Pieces under SMALLEST_PIECE pixels are left out, holes under SMALLEST_HOLE filled.
        tolerance: How far, in pixels, a polygon may leave the boundary to save points.
    """
    rings = []
    for piece, (y, x) in _pieces(mask_HW):
        small = int(piece.sum()) < SMALL_PIECE
        ring = simplified(boundary(piece), tolerance * (0.6 if small else 1.0))
        if len(ring) < 3:
            # one or two pixels wide: a polygon needs three points
            ring = np.concatenate([ring, ring[::-1], ring])[:3]
        rings.append(ring + np.array([x, y]))
    return rings


def _pieces(mask_HW: Mask) -> list[tuple[Mask, tuple[int, int]]]:
    """Connected pieces without holes, each with the y, x of its upper left corner."""
    numbered, _ = ndimage.label(mask_HW, structure=_EIGHT)
    found: list[tuple[Mask, tuple[int, int]]] = []
    for number, box in enumerate(ndimage.find_objects(numbered), start=1):
        part: Mask = numbered[box] == number
        if int(part.sum()) < SMALLEST_PIECE:
            continue
        y, x = box[0].start, box[1].start
        holes, count = ndimage.label(ndimage.binary_fill_holes(part) & ~part)
        sizes = np.bincount(holes.ravel(), minlength=count + 1)[1:]
        if not (sizes >= SMALLEST_HOLE).any():
            found.append((np.asarray(ndimage.binary_fill_holes(part)), (y, x)))
            continue
        # cut through the largest hole; each half sees it as a bay
        column = round(float(ndimage.center_of_mass(holes == int(sizes.argmax()) + 1)[1]))
        for first, half in ((0, part[:, : column + 1]), (column + 1, part[:, column + 1 :])):
            found += [(piece, (y + dy, x + first + dx)) for piece, (dy, dx) in _pieces(half)]
    return found


def boundary(piece_HW: Mask) -> Ring:
    """The closed walk around one connected piece through its outermost pixels (Moore neighbourhood, clockwise).

    Source of the method: G. Toussaint, Grids, connectivity and contour tracing, with Jacob's stopping rule.
    """
    solid = np.pad(piece_HW, 1)
    start_y, start_x = (int(v) for v in np.argwhere(solid)[0])
    rows = solid.tolist()
    y, x, came = start_y, start_x, 0
    walk: list[tuple[int, int]] = []
    first_step: tuple[int, int, int] | None = None
    while True:
        for turn in range(1, 9):
            k = (came + turn) % 8
            dy, dx = _AROUND[k]
            if rows[y + dy][x + dx]:
                break
        else:
            return np.array([[start_x - 1, start_y - 1]], dtype=np.float64)
        step = (y, x, k)
        if first_step is None:
            first_step = step
        elif step == first_step:
            return np.array(walk, dtype=np.float64)
        walk.append((x - 1, y - 1))
        # the empty pixel looked at last, seen from the new place
        back_y, back_x = _AROUND[(k - 1) % 8]
        came = _PLACE[back_y - dy, back_x - dx]
        y, x = y + dy, x + dx


def simplified(ring: Ring, tolerance: float) -> Ring:
    """Fewer points, none of the dropped ones farther than `tolerance` from the line that replaces it.

    Source of the method: Douglas and Peucker 1973, on both halves of the ring.
    """
    if len(ring) < 4:
        return ring
    far = int(np.argmax(((ring - ring[0]) ** 2).sum(axis=1)))
    closed = np.concatenate([ring, ring[:1]])
    keep = np.zeros(len(closed), dtype=np.bool_)
    keep[[0, far]] = True
    stack = [(0, far), (far, len(ring))]
    while stack:
        a, b = stack.pop()
        if b - a < 2:
            continue
        p, along = closed[a], closed[b] - closed[a]
        rest = closed[a + 1 : b] - p
        length = float(along @ along)
        share = np.clip(rest @ along / length, 0, 1) if length else np.zeros(len(rest))
        off = ((rest - share[:, None] * along) ** 2).sum(axis=1)
        worst = int(off.argmax())
        if off[worst] > tolerance**2:
            keep[a + 1 + worst] = True
            stack += [(a, a + 1 + worst), (a + 1 + worst, b)]
    return ring[keep[:-1]]
