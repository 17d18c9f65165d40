"""Patterns of cloth: drawn in body units inside a shape, so that they turn and scale with the body."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kirie.synth.canvas import Cel
from kirie.synth.curves import Points, arc
from kirie.synth.palette import Color

Place = Callable[[Points], Points]


def pattern(
    cel: Cel, kind: str, color: Color, place: Place, *, scale: float = 1.0, left: float = -2.2, right: float = 2.2
) -> None:
    """Draws a pattern over the whole cover of a cel.

    Args:
        cel: Its cover clips the pattern.
        kind: One of character.PATTERNS.
        color: Colour of stripes, dots, lines and flowers.
        place: Body units to pixels.
        scale: Size of the repeat, about 1.
        left: First x in body units.
        right: Last x in body units.
    """
    if kind == "stripes":
        for y in np.arange(-0.6, 7.5, 0.42 * scale):
            cel.fill(
                place(np.array([[left, y], [right, y], [right, y + 0.15 * scale], [left, y + 0.15 * scale]])), color
            )
    elif kind == "plaid":
        for y in np.arange(-0.6, 7.5, 0.55 * scale):
            cel.fill(
                place(np.array([[left, y], [right, y], [right, y + 0.2 * scale], [left, y + 0.2 * scale]])), color, 0.45
            )
        for x in np.arange(left, right, 0.55 * scale):
            cel.fill(
                place(np.array([[x, -0.8], [x + 0.2 * scale, -0.8], [x + 0.2 * scale, 7.6], [x, 7.6]])), color, 0.45
            )
    elif kind in {"dots", "flowers", "stars"}:
        step = {"dots": 0.42, "flowers": 0.72, "stars": 0.62}[kind] * scale
        for row, y in enumerate(np.arange(-0.5, 7.0, step * 0.86)):
            for x in np.arange(left + (row % 2) * step / 2, right, step):
                for shape in motif(kind, float(x), float(y), 0.1 * scale):
                    cel.fill(place(shape), color)


def motif(kind: str, x: float, y: float, r: float) -> list[Points]:
    """One dot, star or flower."""
    if kind == "dots":
        return [arc((x, y), r * 0.85, r * 0.85, n=12)]
    if kind == "stars":
        return [star(x, y, r * 1.5)]
    return [
        arc((x + r * 0.95 * np.cos(a), y + r * 0.95 * np.sin(a)), r * 0.66, r * 0.66, n=10)
        for a in np.arange(5) * 2 * np.pi / 5 - np.pi / 2
    ]


def star(x: float, y: float, r: float, points: int = 5, inner: float = 0.45) -> Points:
    """A star with its first point up."""
    a = np.arange(2 * points) * np.pi / points - np.pi / 2
    reach = np.where(np.arange(2 * points) % 2 == 0, r, r * inner)
    return np.stack([x + reach * np.cos(a), y + reach * np.sin(a)], axis=1)


def heart(x: float, y: float, r: float) -> Points:
    """A heart."""
    t = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    return np.stack(
        [x + r * np.sin(t) ** 3, y - r * (13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) / 16],
        axis=1,
    )
