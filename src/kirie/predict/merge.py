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

Shapes: H, W the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from kirie.core.detections import MOST_DETECTIONS, Box
from kirie.errors import BundleError
from kirie.predict.thing import Thing, shared_box, shared_pixels

_SAME = 0.5
"""Least IoU, or share of a fragment, at which two masks are one thing; COCO's own least IoU of a match."""

_EDGE = 1.5
"""A box that ends this near to a tile's edge, in pixels, may go on behind it."""

_PAIRS = 64
"""So many comparisons of masks for each piece are allowed. A detector that drops duplicates needs a few; a thousand
pieces of one label at one place, from a stranger's model, would need a thousand each, and minutes."""


class _Allowance:
    """Comparisons of masks that are left for a number of pieces."""

    def __init__(self, pieces: int) -> None:
        self._pieces, self._left = pieces, _PAIRS * max(pieces, _PAIRS)

    def take(self) -> None:
        """Before each comparison.

        Raises:
            BundleError: None is left.
        """
        self._left -= 1
        if self._left < 0:
            raise BundleError(
                f"The model finds {self._pieces} things in the tiles of this picture, so many of one label at the same "
                f"place that putting them together takes more than {_PAIRS} comparisons of masks for each; a model "
                "that drops duplicates needs a few. Lower model.options.nms_threshold and export the run again."
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


def merge(pieces: Sequence[Piece], size: tuple[int, int]) -> list[Thing]:
    """The things of the whole picture.

    Args:
        pieces: What all tiles found.
        size: Height and width of the picture.

    Returns:
        The things, best score first, at most MOST_DETECTIONS.

    Raises:
        BundleError: Too many pieces of one label lie at the same place.
    """
    allowance = _Allowance(len(pieces))
    made = [_made(group, size) for group in _groups(pieces, allowance)]
    # Whole and united things first, so that a sure fragment does not push out what it is a fragment of
    made.sort(key=lambda pair: (pair[1], -pair[0].score))
    kept: list[Thing] = []
    for thing, is_fragment in made:
        if not any(_hides(other, thing, allowance, is_fragment=is_fragment) for other in kept):
            kept.append(thing)
    return sorted(kept, key=lambda thing: -thing.score)[:MOST_DETECTIONS]


def _groups(pieces: Sequence[Piece], allowance: _Allowance) -> Iterable[list[Piece]]:
    """Pieces that agree with each other, directly or over others."""
    leader = list(range(len(pieces)))

    def find(at: int) -> int:
        while leader[at] != at:
            leader[at] = leader[leader[at]]
            at = leader[at]
        return at

    # From left to right, so that only pieces whose boxes meet are held against each other
    order = sorted(range(len(pieces)), key=lambda at: pieces[at].thing.place[0])
    near: list[int] = []
    for at in order:
        one = pieces[at]
        near = [other for other in near if pieces[other].thing.place[2] > one.thing.place[0]]
        for other in near:
            if find(other) != find(at) and _agree(one, pieces[other], allowance):
                leader[find(at)] = find(other)
        near.append(at)
    groups: dict[int, list[Piece]] = {}
    for at, piece in enumerate(pieces):
        groups.setdefault(find(at), []).append(piece)
    return groups.values()


def _agree(one: Piece, other: Piece, allowance: _Allowance) -> bool:
    if one.thing.label != other.thing.label or one.tile == other.tile:
        return False
    window = shared_box(one.tile, other.tile)
    if window is None or shared_box(one.thing.place, other.thing.place) is None:
        return False
    allowance.take()
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
    if kept.label != thing.label or shared_box(kept.place, thing.place) is None:
        return False
    allowance.take()
    common = shared_pixels(kept, thing)
    least = _SAME * (kept.area + thing.area - common)
    return common > 0 and (common >= least or (is_fragment and common >= _SAME * thing.area))
