"""Which things' boxes meet, without holding each against each: far ones are in other cells of a grid.

Shapes: N things; M of them in the cells at hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kirie.predict.thing import Thing

Indices = NDArray[np.intp]
"""Places in a sequence, rising."""


def earlier_meeting(things: Sequence[Thing], cell: int) -> Iterator[Indices]:
    """For each thing those before it that have its label and whose tight boxes share a pixel with its own.

    One thing at a time, since a heap of things has more pairs than fit into memory.

    Args:
        things: In any order.
        cell: Side of the grid's cells in pixels. A box much larger lies in many cells; a cell with many boxes is slow.

    Yields:
        Indices into `things`, int of shape (M,), rising; empty for the first thing.
    """
    places_N4 = np.array([thing.place for thing in things], dtype=np.int64).reshape(-1, 4)
    low_N2, high_N2 = places_N4[:, :2] // cell, (places_N4[:, 2:] - 1) // cell
    # A label's cells are apart from another's
    keys = [
        [(thing.label, x, y) for y in range(top, bottom + 1) for x in range(left, right + 1)]
        for thing, (left, top), (right, bottom) in zip(things, low_N2.tolist(), high_N2.tolist(), strict=True)
    ]
    lists: dict[tuple[int, int, int], list[int]] = {}
    for at, own in enumerate(keys):
        for key in own:
            lists.setdefault(key, []).append(at)
    cells = {key: np.array(held, dtype=np.intp) for key, held in lists.items()}
    for at, own in enumerate(keys):
        x0, y0, x1, y1 = things[at].place
        met = []
        for held in (cells[key] for key in own):
            before = held[: held.searchsorted(at)]
            box_M4 = places_N4[before]
            meets = (box_M4[:, 0] < x1) & (box_M4[:, 2] > x0) & (box_M4[:, 1] < y1) & (box_M4[:, 3] > y0)
            met.append(before[meets])
        # Two boxes may share more than one cell
        yield met[0] if len(met) == 1 else np.unique(np.concatenate(met))
