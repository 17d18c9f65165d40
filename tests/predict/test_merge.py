"""Pieces of tiles become things: seen twice they are one, cut they are joined, fragments go."""

from __future__ import annotations

from itertools import repeat

import numpy as np
import pytest

from kirie.core.detections import Box
from kirie.errors import BundleError
from kirie.predict.merge import MOST_PIECES, Piece, merge
from kirie.predict.thing import Thing

SIZE = (100, 160)
LEFT, RIGHT = (0, 0, 100, 100), (60, 0, 160, 100)


def piece(box: Box, tile: Box, score: float = 0.9, label: int = 1) -> Piece:
    """A full rectangle as a tile saw it."""
    x0, y0, x1, y1 = box
    thing = Thing.of(label, score, box, box, np.ones((y1 - y0, x1 - x0), dtype=np.bool_))
    assert thing is not None
    return Piece(thing, tile)


def places(pieces: list[Piece]) -> list[Box]:
    """What is left, as boxes."""
    return [thing.place for thing in merge(pieces, SIZE)]


def test_a_thing_that_two_tiles_see_whole_is_one() -> None:
    """The surer one stands."""
    found = merge([piece((70, 10, 90, 30), LEFT, 0.7), piece((71, 10, 91, 30), RIGHT, 0.8)], SIZE)
    assert [(thing.place, thing.score) for thing in found] == [((71, 10, 91, 30), 0.8)]


def test_a_whole_one_stands_for_its_pieces_however_sure_they_are() -> None:
    """What the one tile's edge cut is a piece of what the other saw."""
    assert places([piece((80, 10, 100, 30), LEFT, 0.99), piece((80, 10, 130, 30), RIGHT, 0.6)]) == [(80, 10, 130, 30)]


def test_pieces_that_no_tile_saw_whole_are_united() -> None:
    """With the mean score by area."""
    (thing,) = merge([piece((20, 10, 100, 30), LEFT, 0.9), piece((60, 10, 140, 30), RIGHT, 0.5)], SIZE)
    assert (thing.place, thing.area) == ((20, 10, 140, 30), 120 * 20)
    assert thing.score == pytest.approx(0.7)


def test_what_the_picture_itself_cuts_is_whole() -> None:
    """A thing at the picture's edge is not waiting for a neighbour."""
    assert not piece((0, 0, 30, 100), LEFT).is_cut(SIZE)
    assert piece((70, 0, 100, 30), LEFT).is_cut(SIZE)
    assert piece((60, 0, 90, 30), RIGHT).is_cut(SIZE)


def test_two_things_of_one_label_stay_two() -> None:
    """Beside each other in the common area, or on either side of it."""
    pair = [piece((62, 10, 75, 30), LEFT), piece((80, 10, 95, 30), RIGHT)]
    assert places(pair) == [(62, 10, 75, 30), (80, 10, 95, 30)]
    apart = [piece((10, 10, 30, 30), LEFT), piece((120, 10, 150, 30), RIGHT)]
    assert len(places(apart)) == 2


def test_labels_do_not_mix() -> None:
    """Pieces of different labels are different things."""
    assert len(places([piece((20, 10, 100, 30), LEFT), piece((60, 10, 140, 30), RIGHT, label=2)])) == 2


def test_a_fragment_of_a_thing_that_stands_is_dropped() -> None:
    """A sliver that a tile saw at its edge, and its neighbour as part of something larger, is no thing."""
    sliver = piece((60, 10, 66, 14), RIGHT, 0.95)
    assert places([piece((10, 0, 90, 60), LEFT, 0.6), sliver]) == [(10, 0, 90, 60)]


def test_what_lies_in_one_tile_alone_is_left_as_it_is() -> None:
    """Suppression inside a tile is the model's; a small thing on a large one of the same label stays."""
    assert len(places([piece((10, 10, 50, 90), LEFT), piece((20, 20, 30, 30), LEFT, 0.5)])) == 2


def test_many_tiles_make_one_thing() -> None:
    """Agreement goes on over neighbours, whatever the order they come in."""
    tiles = [(x, 0, x + 40, 100) for x in range(0, 121, 20)]
    pieces = [piece((max(10, tile[0]), 40, min(150, tile[2]), 60), tile) for tile in tiles]
    order = np.random.default_rng(0).permutation(len(pieces))
    assert places([pieces[at] for at in order]) == [(10, 40, 150, 60)]


def test_nothing_of_nothing() -> None:
    """No pieces, no things."""
    assert merge([], SIZE) == []


def test_a_stranger_cannot_make_it_take_minutes() -> None:
    """Hundreds of things of one label at one place are refused; hundreds beside each other are not."""
    wide = [piece((at % 90, at // 90 * 2, at % 90 + 2, at // 90 * 2 + 2), LEFT) for at in range(0, 900, 2)]
    assert len(merge(wide, SIZE)) == 450
    heap = [piece((60 + at % 40, 0, 61 + at % 40, 100), LEFT) for at in range(400)]
    heap += [piece((60, at % 100, 100, at % 100 + 1), RIGHT) for at in range(400)]
    with pytest.raises(BundleError, match=r"finds 800 things in the tiles .* more than 51200 comparisons of masks; "):
        merge(heap, SIZE)


def test_more_pieces_than_are_put_together_are_refused_at_once() -> None:
    """A model that finds things without end is asked for no more than the bound."""
    with pytest.raises(BundleError, match=rf"more than {MOST_PIECES} things in the tiles of this picture"):
        merge(repeat(piece((10, 10, 12, 12), LEFT)), SIZE)


def test_what_is_hidden_hides_nothing() -> None:
    """Of three in a row the middle one goes, and the last one, which only the middle one overlaps by a half, stands."""
    row = [piece((x, 10, x + 20, 30), LEFT, 0.9 - x / 100) for x in (10, 15, 20)]
    assert places(row) == [(10, 10, 30, 30), (20, 10, 40, 30)]
