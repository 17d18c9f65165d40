"""What overlapping tiles found, put together to the things of the whole picture.

A thing that a tile's edge cuts is seen in pieces, and one that lies where tiles overlap is seen more than once. Two
pieces of one label from two tiles are one thing if they agree where both tiles look: their masks, taken inside the
tiles' common area, have an IoU of at least a half. Pieces that agree make a group, whatever the number of tiles:

- If a tile saw the thing whole (its box ends inside the tile, or with the picture), the surest such piece stands.
- Else the masks are united, with the mean score by area: a thing larger than a tile is put together at the seams.

What is left of a piece that no neighbour agreed with is dropped if it is a fragment of a thing that stands (half of its
pixels or more), and of two things of one label that overlap by an IoU of a half or more the surer one stands, as in the
non-maximum suppression inside a tile. Two things of one label that touch, are cut by the same seam and are seen as one
by one of the tiles become one: the overlap of tiles should be wider than the things that matter.

Only things whose boxes meet are held against each other (`earlier_meeting`), so the time rises with the number of
pieces and not with its square.

Shapes: H, W the picture; N pieces; M of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from kirie.core.detections import Box
from kirie.errors import BundleError
from kirie.predict.meeting import Indices, earlier_meeting
from kirie.predict.thing import Thing, shared_box, shared_pixels

_SAME = 0.5
"""Least IoU, or share of a fragment, at which two masks are one thing; COCO's own least IoU of a match."""

_EDGE = 1.5
"""A box that ends this near to a tile's edge, in pixels, may go on behind it."""

_PAIRS = 64
"""So many comparisons of masks for each piece are allowed. A detector that drops duplicates needs a few; a thousand
pieces of one label at one place, from a stranger's model, would need a thousand each, and minutes."""

_MOST_PAIRS = 2**19
"""Comparisons for all pieces of a picture together, however many they are: some 20 seconds for small masks."""

MOST_PIECES = 2**16
"""So many pieces of one picture are put together: a hundred in each of 650 tiles. They are held in memory at once."""


class _Allowance:
    """Comparisons of masks that are left for a number of pieces."""

    def __init__(self, pieces: int) -> None:
        self._pieces = pieces
        self._most = self._left = min(_PAIRS * max(pieces, _PAIRS), _MOST_PAIRS)

    def take(self) -> None:
        """Before each comparison.

        Raises:
            BundleError: None is left.
        """
        self._left -= 1
        if self._left < 0:
            raise BundleError(
                f"The model finds {self._pieces} things in the tiles of this picture, so many of one label at the same "
                f"place that putting them together takes more than {self._most} comparisons of masks; a model that "
                "drops duplicates needs a few for each. Lower model.options.nms_threshold and export the run again."
            )


@dataclass(frozen=True, slots=True)
class Piece:
    """A thing as one tile saw it.

    Attributes:
        thing: In pixels of the whole picture.
        tile: What the tile saw of the picture.
    """

    thing: Thing
    tile: Box

    def is_cut(self, size: tuple[int, int]) -> bool:
        """Whether the tile's edge, other than the picture's, may have cut it off."""
        height, width = size
        x0, y0, x1, y1 = self.thing.box
        left, top, right, bottom = self.tile
        return (
            (left > 0 and x0 < left + _EDGE)
            or (top > 0 and y0 < top + _EDGE)
            or (right < width and x1 > right - _EDGE)
            or (bottom < height and y1 > bottom - _EDGE)
        )


def merge(found: Iterable[Piece], size: tuple[int, int]) -> list[Thing]:
    """The things of the whole picture.

    Args:
        found: What all tiles found; no further piece is asked for once there are too many.
        size: Height and width of the picture.

    Returns:
        The things, best score first.

    Raises:
        BundleError: There are too many pieces, or too many of one label lie at the same place.
    """
    pieces = list(islice(found, MOST_PIECES + 1))
    if len(pieces) > MOST_PIECES:
        raise BundleError(
            f"The model finds more than {MOST_PIECES} things in the tiles of this picture, and no more are put "
            "together; raise model.options.score_threshold and export the run again, or cut the picture into smaller "
            "ones."
        )
    # Half a tile: a piece, no larger than its tile, lies in nine such cells at most
    side = max((max(x1 - x0, y1 - y0) for x0, y0, x1, y1 in (piece.tile for piece in pieces)), default=1)
    cell = (side + 1) // 2
    allowance = _Allowance(len(pieces))
    made = [_made(group, size) for group in _groups(pieces, cell, allowance)]
    # Whole and united things first, so that a sure fragment does not push out what it is a fragment of
    made.sort(key=lambda pair: (pair[1], -pair[0].score))
    stands_N = np.zeros(len(made), dtype=np.bool_)
    for at, others in enumerate(earlier_meeting([thing for thing, _ in made], cell)):
        thing, is_fragment = made[at]
        kept = (made[other][0] for other in others[stands_N[others]].tolist())
        stands_N[at] = not any(_hides(other, thing, allowance, is_fragment=is_fragment) for other in kept)
    standing = [made[at][0] for at in np.flatnonzero(stands_N).tolist()]
    return sorted(standing, key=lambda thing: -thing.score)


def _groups(pieces: Sequence[Piece], cell: int, allowance: _Allowance) -> Iterable[list[Piece]]:
    """Pieces that agree with each other, directly or over others."""
    tiles: dict[Box, int] = {}
    tile_N = np.array([tiles.setdefault(piece.tile, len(tiles)) for piece in pieces], dtype=np.intp)
    group_N = np.arange(len(pieces))
    for at, others in enumerate(earlier_meeting([piece.thing for piece in pieces], cell)):
        left: Indices = others[tile_N[others] != tile_N[at]]
        # Arrays pick whom to ask, so that each turn of the loop is one comparison, and the allowance bounds them
        while (left := left[group_N[left] != group_N[at]]).size:
            agreeing = next(
                (turn for turn, other in enumerate(left.tolist()) if _agree(pieces[at], pieces[other], allowance)), None
            )
            if agreeing is None:
                break
            group_N[group_N == group_N[at]] = group_N[left[agreeing]]
            left = left[agreeing + 1 :]
    groups: dict[int, list[Piece]] = {}
    for piece, group in zip(pieces, group_N.tolist(), strict=True):
        groups.setdefault(group, []).append(piece)
    return groups.values()


def _agree(one: Piece, other: Piece, allowance: _Allowance) -> bool:
    """Whether two tiles' pieces, of one label and with boxes that meet, are of one thing."""
    window = shared_box(one.tile, other.tile)
    if window is None:
        return False
    allowance.take()
    # Of the common area only where one of them lies: a tile may be large, and they small
    (x0, y0, x1, y1), (left, top, right, bottom) = one.thing.place, other.thing.place
    window = shared_box(window, (min(x0, left), min(y0, top), max(x1, right), max(y1, bottom))) or window
    mine, yours = one.thing.within(window), other.thing.within(window)
    common = int(np.count_nonzero(mine & yours))
    return common > 0 and common >= _SAME * int(np.count_nonzero(mine | yours))


def _made(group: list[Piece], size: tuple[int, int]) -> tuple[Thing, bool]:
    """One thing of a group, and whether it is a lone fragment."""
    whole = [piece.thing for piece in group if not piece.is_cut(size)]
    if whole:
        return max(whole, key=lambda thing: thing.score), False
    if len(group) == 1:
        return group[0].thing, True
    return _united([piece.thing for piece in group]), False


def _united(things: Sequence[Thing]) -> Thing:
    places = np.array([thing.place for thing in things])
    x0, y0 = (int(value) for value in places[:, :2].min(axis=0))
    x1, y1 = (int(value) for value in places[:, 2:].max(axis=0))
    crop_hw = np.zeros((y1 - y0, x1 - x0), dtype=np.bool_)
    for thing in things:
        left, top, right, bottom = thing.place
        crop_hw[top - y0 : bottom - y0, left - x0 : right - x0] |= thing.crop()
    boxes = np.array([thing.box for thing in things])
    box = (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))
    score = float(np.average([thing.score for thing in things], weights=[thing.area for thing in things]))
    found = Thing.of(things[0].label, score, box, (x0, y0, x1, y1), crop_hw)
    assert found is not None  # each of them has pixels
    return found


def _hides(kept: Thing, thing: Thing, allowance: _Allowance, *, is_fragment: bool) -> bool:
    """Whether of two things of one label, with boxes that meet, the one that stands leaves no room for the other."""
    allowance.take()
    common = shared_pixels(kept, thing)
    least = _SAME * (kept.area + thing.area - common)
    return common > 0 and (common >= least or (is_fragment and common >= _SAME * thing.area))
