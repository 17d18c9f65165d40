"""Merging over a grid gives what the rules give when each piece is held against each, on masks of the whole picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kirie.predict.merge import Piece, merge
from kirie.predict.thing import Thing
from kirie.prepare.resize import tiles

SIZE = (70, 90)
Seen = tuple[int, float, NDArray[np.bool_]]
"""Label, score and the mask at the picture's size."""


def whole_mask(thing: Thing) -> NDArray[np.bool_]:
    """A thing's mask at the picture's size."""
    return thing.within((0, 0, SIZE[1], SIZE[0]))


def scene(seed: int) -> list[Piece]:
    """Ellipses of two labels, as tiles see them: cut at their edges, now and then a little off, or not at all."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    pieces: list[Piece] = []
    truth = [
        (int(rng.integers(1, 3)), rng.uniform((0, 0), SIZE), rng.uniform(2, rng.choice([8, 40]), 2))
        for _ in range(rng.integers(1, 9))
    ]
    # What a detector that drops too few duplicates finds: in one tile, too, things hide each other in a row
    truth += [(label, at + rng.uniform(-4, 4, 2), size) for label, at, size in truth[:2] for _ in range(2)]
    for tile in tiles(SIZE, (32, 32), float(rng.choice([0.25, 0.5]))):
        x0, y0, x1, y1 = tile
        for label, (y, x), (tall, wide) in truth:
            up, left = rng.integers(-2, 3, 2) * rng.integers(0, 2)
            mask_HW = ((rows - y - up) / tall) ** 2 + ((columns - x - left) / wide) ** 2 <= 1
            crop_hw = mask_HW[y0:y1, x0:x1]
            thing = Thing.of(label, float(rng.uniform(0.1, 1)), (0, 0, 0, 0), tile, crop_hw)
            if thing is not None and rng.random() < 0.9:
                again = Thing.of(label, thing.score, thing.place, tile, crop_hw)
                assert again is not None
                pieces.append(Piece(again, tile))
    return [pieces[at] for at in rng.permutation(len(pieces))]


def agree(one: Piece, other: Piece) -> bool:
    """Two tiles' masks of one label have an IoU of a half or more where both tiles look."""
    both_HW = np.zeros(SIZE, dtype=np.bool_)
    (x0, y0, x1, y1), (left, top, right, bottom) = one.tile, other.tile
    both_HW[max(y0, top) : min(y1, bottom), max(x0, left) : min(x1, right)] = True
    mine, yours = whole_mask(one.thing) & both_HW, whole_mask(other.thing) & both_HW
    common = (mine & yours).sum()
    alike = one.thing.label == other.thing.label and one.tile != other.tile
    return bool(alike and common > 0 and 2 * common >= (mine | yours).sum())


def plain(pieces: Sequence[Piece]) -> list[Seen]:
    """The rules of `merge`, without a thought for time."""
    group = list(range(len(pieces)))
    for at, one in enumerate(pieces):
        for before, other in enumerate(pieces[:at]):
            if agree(one, other):
                old, new = group[at], group[before]
                group = [new if value == old else value for value in group]
    made: list[tuple[bool, Seen]] = []
    for leader in dict.fromkeys(group):
        members = [piece for piece, value in zip(pieces, group, strict=True) if value == leader]
        seen = [piece.thing for piece in members if not piece.is_cut(SIZE)]
        things = [max(seen, key=lambda thing: thing.score)] if seen else [piece.thing for piece in members]
        masks = [whole_mask(thing) for thing in things]
        score = np.average([thing.score for thing in things], weights=[mask.sum() for mask in masks])
        made.append((not seen and len(things) == 1, (things[0].label, float(score), np.logical_or.reduce(masks))))
    kept: list[Seen] = []
    for is_fragment, (label, score, mask_HW) in sorted(made, key=lambda pair: (pair[0], -pair[1][1])):
        for other_label, _, other_HW in kept:
            common = (mask_HW & other_HW).sum()
            same = 2 * common >= (mask_HW | other_HW).sum() or (is_fragment and 2 * common >= mask_HW.sum())
            if label == other_label and common and same:
                break
        else:
            kept.append((label, score, mask_HW))
    return sorted(kept, key=lambda seen: -seen[1])


@settings(deadline=None, max_examples=12)
@given(seed=st.integers(0, 100_000))
def test_it_is_what_the_plain_rules_give(seed: int) -> None:
    """The same things, in the same order, with the same masks."""
    pieces = scene(seed)
    found, wanted = merge(pieces, SIZE), plain(pieces)
    assert [thing.label for thing in found] == [label for label, _, _ in wanted]
    np.testing.assert_allclose([thing.score for thing in found], [score for _, score, _ in wanted])
    for thing, (_, _, mask_HW) in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(whole_mask(thing), mask_HW)
