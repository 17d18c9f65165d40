"""Extremes of windows against scipy's filters.

Shapes: B batch, H, W pixels.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from kirie.tasks.window import highest, lowest


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), distance=st.integers(0, 40), height=st.integers(1, 30), width=st.integers(1, 30))
def test_extremes_equal_scipys_filters(seed: int, distance: int, height: int, width: int) -> None:
    """Windows of any size, larger than the map too, give what scipy's minimum and maximum filters give."""
    ids = np.random.default_rng(seed).integers(0, 9, (2, height, width)).astype(np.int16)
    size = (1, 2 * distance + 1, 2 * distance + 1)
    low = ndimage.minimum_filter(ids, size, mode="constant", cval=3)
    high = ndimage.maximum_filter(ids, size, mode="constant", cval=3)
    np.testing.assert_array_equal(lowest(torch.from_numpy(ids), distance, 3), low)
    np.testing.assert_array_equal(highest(torch.from_numpy(ids), distance, 3), high)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int64, torch.float32])
def test_any_type_of_number(dtype: torch.dtype) -> None:
    """The type of the map is that of the result."""
    found = highest(torch.tensor([[[1, 2, 3, 4]]], dtype=dtype), 1, 0)
    assert found.dtype == dtype
    assert found.tolist() == [[[2, 3, 4, 4]]]
