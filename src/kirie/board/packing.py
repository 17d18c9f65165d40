"""Numbers as bytes, as small as they can be without losing any: what a cache of columns holds.

Steps mostly rise evenly, and losses were 32-bit numbers before they became text; both are noticed. The first byte of a
packed column tells how it is kept.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

_EVEN = b"e"
_KINDS: dict[bytes, str] = {b"i": "<i4", b"f": "<f4", b"d": "<f8"}


def pack(values: NDArray[Any]) -> bytes:
    """A column as bytes; 64-bit whole numbers must be exact as 64-bit floats."""
    numbers = np.asarray(values, np.float64)
    if len(numbers) and _rises_evenly(numbers):
        apart = float(numbers[1] - numbers[0]) if len(numbers) > 1 else 0.0
        return _EVEN + struct.pack("<dd", float(numbers[0]), apart)
    with np.errstate(invalid="ignore", over="ignore"):
        for kind in (b"i", b"f"):
            smaller = numbers.astype(_KINDS[kind])
            back = smaller.astype(np.float64)
            # A negative zero is no whole number
            if np.array_equal(back, numbers, equal_nan=True) and (
                kind == b"f" or not np.signbit(numbers[numbers == 0]).any()
            ):
                return kind + smaller.tobytes()
    return b"d" + numbers.astype("<f8").tobytes()


def unpack(content: bytes, count: int) -> NDArray[np.float64]:
    """A column from its bytes.

    Args:
        content: What `pack` gave.
        count: How many numbers there are.

    Raises:
        ValueError: These are no packed numbers, or another count of them.
    """
    kind, body = content[:1], content[1:]
    if kind == _EVEN and len(body) == 16:
        first, apart = struct.unpack("<dd", body)
        even: NDArray[np.float64] = first + apart * np.arange(count, dtype=np.float64)
        return even
    if kind not in _KINDS or len(body) != count * np.dtype(_KINDS[kind]).itemsize:
        raise ValueError("a packed column of the cache is damaged")
    found: NDArray[np.float64] = np.frombuffer(body, _KINDS[kind]).astype(np.float64)
    return found


def _rises_evenly(numbers: NDArray[np.float64]) -> bool:
    """Whether first + i * apart gives these very numbers: whole ones only, others would be rounded."""
    first, last = numbers[0], numbers[-1]
    if not (np.isfinite(first) and np.isfinite(last) and abs(first) < 2**52 and abs(last) < 2**52):
        return False
    apart = numbers[1] - first if len(numbers) > 1 else 0.0
    if first != int(first) or apart != apart or apart in {np.inf, -np.inf} or apart != int(apart):
        return False
    if first == 0 and np.signbit(first):
        return False
    return bool(np.array_equal(numbers, first + apart * np.arange(len(numbers), dtype=np.float64)))
