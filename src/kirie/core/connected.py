"""Connected parts of a map, found over its runs: numpy alone, because `core` knows nothing else.

A run is a stretch of equal values in one row. A picture of a million pixels has a few thousand, so that joining them
costs less than reading the picture does. Parts join over edges and corners (8 neighbours).

Shapes: H, W pixels; R runs in reading order; E pairs of runs that touch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Runs:
    """A map as stretches of equal values.

    Attributes:
        shape: Height and width of the map.
        starts_R: Position of each run's first pixel in the flat map.
        lengths_R: Pixels of each run.
        values_R: The map's value on each run.
    """

    shape: tuple[int, int]
    starts_R: Whole
    lengths_R: Whole
    values_R: NDArray[Any]

    @classmethod
    def of(cls, map_HW: NDArray[Any]) -> Runs:
        """The runs of a map of whole numbers."""
        height, width = map_HW.shape
        begins_HW = np.ones((height, width), dtype=np.bool_)
        np.not_equal(map_HW[:, 1:], map_HW[:, :-1], out=begins_HW[:, 1:])
        starts_R = np.flatnonzero(begins_HW)
        lengths_R = np.diff(starts_R, append=height * width)
        return cls((height, width), starts_R, lengths_R, map_HW.ravel()[starts_R])

    def painted(self, values_R: NDArray[Any]) -> NDArray[Any]:
        """A map of the same runs with other values, shape (H, W)."""
        return np.repeat(values_R, self.lengths_R).reshape(self.shape)

    def missed(self, mask_HW: NDArray[np.bool_]) -> Whole:
        """Pixels of each run that a mask leaves out."""
        return self.lengths_R - np.add.reduceat(mask_HW.ravel(), self.starts_R, dtype=np.int64)

    def parts(self, chosen_R: NDArray[np.bool_]) -> Whole:
        """The connected part of each chosen run; neighbours of different values are not connected.

        Args:
            chosen_R: The runs that count.

        Returns:
            A number for each chosen run, counted from 0 without gaps in the order in which parts begin.
        """
        starts, values = self.starts_R[chosen_R], self.values_R[chosen_R]
        ends = starts + self.lengths_R[chosen_R]
        upper_E, lower_E = self._touching(starts, ends)
        alike_E = values[upper_E] == values[lower_E]
        roots = _joined(len(starts), upper_E[alike_E], lower_E[alike_E])
        # A root is the first run of its part, so that roots in order are parts in order
        return np.unique(roots, return_inverse=True)[1].astype(np.int64).reshape(-1)

    def _touching(self, starts: Whole, ends: Whole) -> tuple[Whole, Whole]:
        """Pairs of runs in neighbouring rows that share an edge or a corner: indices of the upper and the lower."""
        height, width = self.shape
        row = starts // width
        first_of_row = np.searchsorted(row, np.arange(height + 2))
        # Runs of a row neither overlap nor change places, so starts and ends both ascend, and those that touch are
        # neighbours of each other
        low = np.maximum(np.searchsorted(ends, starts + width, "left"), first_of_row[row + 1])
        high = np.minimum(np.searchsorted(starts, ends + width, "right"), first_of_row[row + 2])
        counts = np.maximum(high - low, 0)
        upper_E = np.repeat(np.arange(len(starts)), counts)
        within_E = np.arange(len(upper_E)) - np.repeat(np.cumsum(counts) - counts, counts)
        return upper_E, np.repeat(low, counts) + within_E


def _joined(count: int, one_E: Whole, other_E: Whole) -> Whole:
    """The least of all that each of `count` things is joined to, itself included, given pairs that are joined."""
    root = np.arange(count)
    while len(one_E):
        a_E, b_E = root[one_E], root[other_E]
        apart_E = a_E != b_E
        one_E, other_E, a_E, b_E = one_E[apart_E], other_E[apart_E], a_E[apart_E], b_E[apart_E]
        # Every root beside a lesser one joins it, so that at most half of them are left: few rounds
        np.minimum.at(root, np.maximum(a_E, b_E), np.minimum(a_E, b_E))
        while not np.array_equal(shorter := root[root], root):
            root = shorter
    return root
