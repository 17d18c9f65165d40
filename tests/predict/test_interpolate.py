"""Interpolation, held against Pillow's filter (another implementation of the same) and against itself in bands."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kirie.predict.interpolate import interpolate

SIDES = st.integers(1, 40)


@given(SIDES, SIDES, SIDES, SIDES)
def test_equals_pillow(h: int, w: int, height: int, width: int) -> None:
    """Both axes, up and down in size, equal Pillow's bilinear filter on floats."""
    values_hw = np.random.default_rng(h * 41 + w).random((h, w), dtype=np.float32)
    found = interpolate(interpolate(values_hw, 0, height), 1, width)
    right = np.asarray(Image.fromarray(values_hw).resize((width, height), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(found, right, atol=1e-5)


@given(SIDES, SIDES, st.integers(1, 7))
def test_bands_join_without_a_seam(n: int, length: int, step: int) -> None:
    """Pieces put together equal the whole, bit for bit when growing, so that no band shows in a label map."""
    values = np.random.default_rng(n).random((2, n, 3), dtype=np.float32)
    whole = interpolate(values, 1, length)
    pieces = [interpolate(values, 1, length, at, min(length, at + step)) for at in range(0, length, step)]
    joined = np.concatenate(pieces, axis=1)
    if length >= n:
        np.testing.assert_array_equal(joined, whole)
    else:
        np.testing.assert_allclose(joined, whole, atol=1e-6)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_same_length_is_untouched(axis: int) -> None:
    """Where nothing is scaled the values come back bit for bit."""
    values = np.random.default_rng(0).random((4, 5, 6), dtype=np.float32)
    np.testing.assert_array_equal(interpolate(values, axis, values.shape[axis]), values)
