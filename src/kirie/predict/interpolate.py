"""Bilinear interpolation along one axis, in pieces that join without a seam.

A piece is a range of output positions; each position is computed alike whatever the piece, so a large picture can be
done in bands. Sample positions are pixel centres and the border is clamped, as Pillow does it. When the output is
smaller than the input the triangle widens with the scale, so that every input value counts (no aliasing).

Shapes: n input positions, m output positions of a piece.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def interpolate(values: Floats, axis: int, length: int, start: int = 0, stop: int | None = None) -> Floats:
    """Resamples one axis to `length` positions and returns those from `start` to `stop`.

    Args:
        values: float32, any shape.
        axis: The axis to resample.
        length: Positions of the whole output.
        start: First wanted position.
        stop: Position after the last wanted one; the end by default.

    Returns:
        float32, the same shape but for the axis, which has stop - start positions.
    """
    n = values.shape[axis]
    stop = length if stop is None else stop
    if n == length:
        return np.ascontiguousarray(values.take(range(start, stop), axis))
    center_m = (np.arange(start, stop, dtype=np.float64) + 0.5) * (n / length) - 0.5
    if length < n:
        weights_mn = _triangle(center_m, n, n / length)
        return np.ascontiguousarray(np.moveaxis(np.tensordot(weights_mn, values, (1, axis)), 0, axis))
    center_m = center_m.clip(0, n - 1)
    low_m = np.floor(center_m).astype(np.intp)
    share_m = (center_m - low_m).astype(np.float32)
    share = share_m.reshape([-1 if at == axis % values.ndim else 1 for at in range(values.ndim)])
    found: Floats = values.take(low_m, axis)
    # low + share * (high - low), in place: bands of many labels are large
    step = values.take(np.minimum(low_m + 1, n - 1), axis)
    step -= found
    step *= share
    found += step
    return found


def _triangle(center_m: NDArray[np.float64], n: int, scale: float) -> Floats:
    distance_mn = np.abs(center_m[:, None] - np.arange(n)[None, :]) / scale
    weights_mn = np.maximum(0.0, 1.0 - distance_mn)
    weights_mn /= weights_mn.sum(axis=1, keepdims=True)
    return weights_mn.astype(np.float32)
