"""Connected parts over runs, against scipy's labelling.

Shapes: H, W pixels; R runs.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray
from scipy import ndimage

from kirie.core.connected import Runs

MAPS = npst.arrays(np.uint8, npst.array_shapes(min_dims=2, max_dims=2, max_side=14), elements=st.integers(0, 3))


def parts_of(map_HW: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The part of each pixel whose value is not 0, counted from 1."""
    runs = Runs.of(map_HW)
    number_R = np.zeros(len(runs.values_R), dtype=np.int64)
    number_R[runs.values_R > 0] = runs.parts(runs.values_R > 0) + 1
    return np.asarray(runs.painted(number_R))


def reference(map_HW: NDArray[np.uint8]) -> NDArray[np.int64]:
    """scipy's parts of each value apart, numbered in the order in which they begin."""
    found = np.zeros(map_HW.shape, dtype=np.int64)
    for value in range(1, 4):
        labelled, _ = ndimage.label(map_HW == value, structure=np.ones((3, 3)))
        found = np.where(labelled > 0, labelled + found.max(), found)
    _, first, inverse = np.unique(found, return_index=True, return_inverse=True)
    begins = [at for at in np.argsort(first) if found.ravel()[first[at]] > 0]
    number = np.zeros(len(first), dtype=np.int64)
    number[begins] = np.arange(1, len(begins) + 1)
    return number[inverse.reshape(map_HW.shape)]


@given(MAPS)
def test_parts_are_those_of_scipy(map_HW: NDArray[np.uint8]) -> None:
    """Neighbours over edges and corners of equal value are one part; parts count in reading order."""
    np.testing.assert_array_equal(parts_of(map_HW), reference(map_HW))


@given(MAPS)
def test_runs_paint_the_map_they_came_from(map_HW: NDArray[np.uint8]) -> None:
    """Nothing is lost, and no two neighbouring runs of a row are equal."""
    runs = Runs.of(map_HW)
    np.testing.assert_array_equal(runs.painted(runs.values_R), map_HW)
    assert runs.lengths_R.sum() == map_HW.size
    same_row = runs.starts_R[1:] // map_HW.shape[1] == runs.starts_R[:-1] // map_HW.shape[1]
    assert not (same_row & (runs.values_R[1:] == runs.values_R[:-1])).any()


@pytest.mark.parametrize("seed", range(3))
def test_large_noise_is_joined(seed: int) -> None:
    """Thousands of runs that touch in every way."""
    map_HW = np.random.default_rng(seed).integers(0, 3, (150, 170)).astype(np.uint8)
    np.testing.assert_array_equal(parts_of(map_HW), reference(map_HW))


def test_a_long_winding_part_is_one() -> None:
    """A spiral, whose ends are far apart, and a comb, which closes only in its last row."""
    spiral = np.zeros((101, 101), dtype=np.uint8)
    for at in range(0, 50, 2):
        spiral[at, at : 101 - at] = spiral[at : 101 - at, 100 - at] = 1
        spiral[100 - at, at : 101 - at] = spiral[at + 2 : 101 - at, at] = 1
        spiral[at + 2, at : at + 3] = 1
    assert parts_of(spiral).max() == 1
    comb = np.zeros((60, 400), dtype=np.uint8)
    comb[:, ::2] = 1
    assert parts_of(comb).max() == 200
    comb[-1] = 1
    assert parts_of(comb).max() == 1


def test_rows_do_not_run_into_each_other() -> None:
    """The end of one row and the beginning of the next but one are no neighbours."""
    map_HW = np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]], dtype=np.uint8)
    assert parts_of(map_HW).tolist() == [[0, 0, 1], [0, 0, 0], [2, 0, 0]]
    assert parts_of(np.array([[0, 1], [0, 0], [1, 0]], dtype=np.uint8)).max() == 2
