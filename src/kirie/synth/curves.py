"""Plane geometry for drawing: splines, tapered strokes, leaf-shaped strands and affine frames.

Points are float arrays of shape (N, 2), x to the right and y down, in whatever unit the caller draws in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]
Floats = NDArray[np.float64]


def as_points(raw: ArrayLike) -> Points:
    """A float array of shape (N, 2)."""
    return np.asarray(raw, dtype=np.float64).reshape(-1, 2)


def spline(points: ArrayLike, *, closed: bool = False, steps: int = 8) -> Points:
    """A Catmull-Rom spline through the points, `steps` samples per piece."""
    knots = as_points(points)
    if closed:
        ring = np.concatenate([knots[-1:], knots, knots[:2]])
    else:
        ring = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    t = np.linspace(0.0, 1.0, steps, endpoint=False)[:, None]
    a, b, c, d = (ring[k : len(ring) - 3 + k, None, :] for k in range(4))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    flat = curve.reshape(-1, 2)
    return flat if closed else np.concatenate([flat, knots[-1:]])


def bezier(points: ArrayLike, n: int = 14) -> Points:
    """A quadratic (three points) or cubic (four points) Bézier curve, `n` samples, both ends included."""
    p = as_points(points)
    t = np.linspace(0.0, 1.0, n)[:, None]
    rows = [np.broadcast_to(q, (n, 2)) for q in p]
    while len(rows) > 1:
        rows = [a * (1 - t) + b * t for a, b in pairwise(rows)]
    return np.ascontiguousarray(rows[0])


def arc(center: Sequence[float], rx: float, ry: float, start: float = 0.0, end: float = 360.0, n: int = 40) -> Points:
    """Points of an ellipse between two angles in degrees (0 is right, 90 is down)."""
    a = np.radians(np.linspace(start, end, n, endpoint=abs(end - start) < 360))
    return np.stack([center[0] + rx * np.cos(a), center[1] + ry * np.sin(a)], axis=1)


def normals(points: Points) -> Points:
    """Unit normals of a polyline, one per point."""
    tangent = np.empty_like(points)
    tangent[1:-1] = points[2:] - points[:-2]
    tangent[0], tangent[-1] = points[1] - points[0], points[-1] - points[-2]
    length = np.maximum(np.hypot(tangent[:, 0], tangent[:, 1]), 1e-9)
    return np.stack([-tangent[:, 1] / length, tangent[:, 0] / length], axis=1)


def taper(n: int, start: float = 0.0, end: float = 0.0, power: float = 0.6) -> Floats:
    """Relative widths along a stroke: 1 in the middle, `start` and `end` at its ends."""
    t = np.linspace(0.0, 1.0, n)
    rise = start + (1 - start) * np.minimum(1.0, 2 * t) ** power
    fall = end + (1 - end) * np.minimum(1.0, 2 * (1 - t)) ** power
    return np.asarray(np.minimum(rise, fall), dtype=np.float64)


def band(center: ArrayLike, widths: ArrayLike) -> Points:
    """The outline of a polyline of varying full width."""
    line = as_points(center)
    half = np.broadcast_to(np.asarray(widths, dtype=np.float64), (len(line),))[:, None] / 2
    side = normals(line) * half
    found: Points = np.concatenate([line + side, (line - side)[::-1]])
    return found


def strand(points: ArrayLike, width: float, *, root: float = 0.7, belly: float = 0.35, steps: int = 7) -> Points:
    """A leaf-shaped lock of hair along a spline: blunt at the root, widest at `belly`, pointed at its tip."""
    line = spline(points, steps=steps)
    t = np.linspace(0.0, 1.0, len(line))
    swell = root + (1 - root) * np.sin(np.minimum(t / belly, 1.0) * math.pi / 2)
    shrink = 1 - np.maximum(0.0, (t - belly) / (1 - belly)) ** 1.7
    return band(line, width * swell * shrink)


def wave(start: ArrayLike, end: ArrayLike, bend: float, n: int = 4) -> Points:
    """A few knots from start to end that swing to one side and back: the middle line of a flowing lock."""
    a, b = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    t = np.linspace(0.0, 1.0, n)[:, None]
    along = b - a
    across = np.array([-along[1], along[0]])
    return np.asarray(a + along * t + across * (bend * np.sin(t * math.pi * 1.5)), dtype=np.float64)


def joined(*pieces: ArrayLike) -> Points:
    """Polylines, end to end."""
    return np.concatenate([as_points(piece) for piece in pieces])


def mirrored(points: ArrayLike) -> Points:
    """The points with x turned about, in the same order."""
    found: Points = as_points(points) * np.array([-1.0, 1.0])
    return found


@dataclass(frozen=True, slots=True)
class Frame:
    """An affine map from a part's own coordinates: x' = a x + b y + c, y' = d x + e y + f."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0
    e: float = 1.0
    f: float = 0.0

    def apply(self, points: ArrayLike) -> Points:
        """Maps points."""
        p = as_points(points)
        return np.stack(
            [self.a * p[:, 0] + self.b * p[:, 1] + self.c, self.d * p[:, 0] + self.e * p[:, 1] + self.f], axis=1
        )

    def after(self, inner: Frame) -> Frame:
        """The map that applies `inner` first and this one then."""
        return Frame(
            self.a * inner.a + self.b * inner.d,
            self.a * inner.b + self.b * inner.e,
            self.a * inner.c + self.b * inner.f + self.c,
            self.d * inner.a + self.e * inner.d,
            self.d * inner.b + self.e * inner.e,
            self.d * inner.c + self.e * inner.f + self.f,
        )

    @classmethod
    def placed(cls, x: float = 0.0, y: float = 0.0, *, degrees: float = 0.0, scale: float = 1.0) -> Frame:
        """Scaled, then turned clockwise, then moved to x, y."""
        cos, sin = math.cos(math.radians(degrees)) * scale, math.sin(math.radians(degrees)) * scale
        return cls(cos, -sin, x, sin, cos, y)

    @classmethod
    def turned(cls, degrees: float, about: Iterable[float]) -> Frame:
        """Turned clockwise about a point."""
        x, y = about
        return cls.placed(x, y, degrees=degrees).after(cls.placed(-x, -y))
