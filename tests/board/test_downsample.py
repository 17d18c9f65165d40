"""Fewer points that look the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kirie.board.downsample import shown


@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), max_size=400), st.integers(4, 50))
def test_extremes_ends_and_order_stay(values: list[float], points: int) -> None:
    """At most so many points, rising, with the first, the last, the least and the greatest."""
    y = np.array(values, float)
    kept = shown(np.arange(len(y), dtype=float), y, points)
    assert len(kept) <= max(points, 0) or len(y) <= points
    assert (np.diff(kept) > 0).all()
    if len(y):
        assert (kept[0], kept[-1]) == (0, len(y) - 1)
    if np.isfinite(y).any():
        assert np.nanmax(y[kept]) == np.nanmax(y)
        assert np.nanmin(y[kept]) == np.nanmin(y)


def test_few_points_are_all_shown() -> None:
    """Nothing is left out that there is room for."""
    assert shown(np.arange(10.0), np.arange(10.0), 10).tolist() == list(range(10))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(3, 5, [2, 3, 4, 5, 6]), (None, 1, [0, 1, 2]), (8, None, [7, 8, 9]), (3.2, 3.8, [3, 4]), (50, 60, [9])],
)
def test_a_stretch_has_a_point_beyond_each_edge(low: float | None, high: float | None, expected: list[int]) -> None:
    """So that the line comes in from the edge, also where no point lies in the stretch itself."""
    assert shown(np.arange(10.0), np.zeros(10), 100, low, high).tolist() == expected


def test_a_gap_of_nan_stays_a_gap() -> None:
    """A stretch of NaN alone is not bridged."""
    y = np.zeros(1000)
    y[400:700] = np.nan
    assert np.isnan(y[shown(np.arange(1000.0), y, 50)]).any()
