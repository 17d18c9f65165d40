"""Numbers as bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kirie.board.packing import pack, unpack


@given(st.lists(st.floats() | st.integers(-(2**53), 2**53).map(float), max_size=50))
def test_no_number_is_lost(values: list[float]) -> None:
    """To the bit, NaN and the sign of zero included."""
    numbers = np.array(values, float)
    back = unpack(pack(numbers), len(numbers))
    assert np.array_equal(back, numbers, equal_nan=True)
    finite = np.isfinite(numbers)
    assert (np.signbit(back[finite]) == np.signbit(numbers[finite])).all()


@pytest.mark.parametrize(
    ("numbers", "size"),
    [
        (np.arange(10_000), 17),
        (np.arange(0, 10_000, 50), 17),
        (np.array([3, 1, 2] * 100), 1 + 4 * 300),
        (np.random.default_rng(0).random(300).astype(np.float32), 1 + 4 * 300),
        (np.random.default_rng(0).random(300), 1 + 8 * 300),
    ],
)
def test_numbers_take_what_they_need(numbers: np.ndarray, size: int) -> None:
    """Even steps a few bytes, whole numbers and 32-bit ones half."""
    assert len(pack(numbers)) == size


@pytest.mark.parametrize("content", [b"", b"x123", b"d1234567", b"e"])
def test_damaged_bytes_are_told(content: bytes) -> None:
    """They are no numbers."""
    with pytest.raises(ValueError, match="damaged"):
        unpack(content, 1)
