"""Fewer points of a curve that look the same: of each stretch the least and the greatest value are kept.

Taking every k-th point or means would lose the one step at which a loss went up; extremes keep every spike and dip.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def shown(x: Numbers, y: Numbers, points: int, low: float | None = None, high: float | None = None) -> NDArray[np.intp]:
    """Which points of a curve to show.

    Args:
        x: n places, rising or not; without NaN.
        y: n values; NaN where a value is none.
        points: How many may be shown, at least 4.
        low: Shown from here, with one point before it, so that the line comes in from the edge; None from the first.
        high: Shown up to here, with one point after it; None to the last.

    Returns:
        Their numbers, rising. All that are in range if there are no more than `points`; else the first, the last, and
        the extremes of equal stretches between them. A stretch of NaN alone gives one NaN: the line has a gap there.
    """
    first, last = _range(x, low, high)
    count = last - first
    if count <= points:
        return np.arange(first, last)
    # The first and the last point take a place each
    stretches = max(1, (points - 2) // 2)
    length = -(-count // stretches)
    whole = count // length
    inside = y[first : first + whole * length].reshape(whole, length)
    starts = first + length * np.arange(whole)
    chosen = [np.array([first, last - 1]), starts + _least(inside), starts + _least(-inside)]
    if rest := count - whole * length:
        tail = y[last - rest : last][np.newaxis]
        chosen += [last - rest + _least(tail), last - rest + _least(-tail)]
    return np.unique(np.concatenate(chosen))


def _least(values: Numbers) -> NDArray[np.intp]:
    """Where each row has its least value; anywhere in a row of NaN."""
    found: NDArray[np.intp] = np.where(np.isnan(values), np.inf, values).argmin(axis=1)
    return found


def _range(x: Numbers, low: float | None, high: float | None) -> tuple[int, int]:
    """The stretch of numbers whose places lie in a range, and one beyond on each side."""
    if low is None and high is None:
        return 0, len(x)
    inside = np.ones(len(x), bool)
    if low is not None:
        inside &= x >= low
    if high is not None:
        inside &= x <= high
    found = np.flatnonzero(inside)
    if len(found):
        return max(0, int(found[0]) - 1), min(len(x), int(found[-1]) + 2)
    # Nothing in between: the two points whose line crosses it
    after = len(x) if low is None else int(np.searchsorted(x, low))
    return max(0, after - 1), min(len(x), after + 1)
