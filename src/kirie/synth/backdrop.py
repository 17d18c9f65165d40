"""What lies behind everybody: skies, rooms, patterns. One opaque layer, labelled background."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kirie.synth.canvas import Cel
from kirie.synth.curves import Points, arc, as_points, spline
from kirie.synth.palette import Color, light, line, mix, rgb, shade
from kirie.synth.patterns import heart, motif, star

KINDS = ("gradient", "rays", "dots", "stripes", "checks", "room", "sky", "forest", "night", "street", "shelf")

_HUES = (46.0, 350.0)
"""Hues of walls and books in degrees: those of skin come from wood, dusk, balloons and plush, not from everywhere."""


def backdrop(rng: np.random.Generator, size: int, echo: Color) -> Cel:
    """A backdrop in pixels of a square picture.

    Args:
        rng: Source of chance.
        size: Side of the picture in pixels.
        echo: The character's hair colour; a share of backdrops repeats it, so that colour alone does not tell hair.
    """
    kind = str(rng.choice(KINDS, p=(0.13, 0.07, 0.1, 0.07, 0.06, 0.16, 0.11, 0.1, 0.07, 0.06, 0.07)))
    base = echo if rng.random() < 0.2 else rgb(rng.uniform(*_HUES), rng.uniform(0.08, 0.5), rng.uniform(0.6, 0.97))
    cel = Cel("backdrop", "background", line(base), max(0.8, size / 256))
    cel.cover([[-2, -2], [size + 2, -2], [size + 2, size + 2], [-2, size + 2]], base)
    _KINDS[kind](cel, rng, float(size), base)
    return cel


def _all(size: float) -> Points:
    return _box(-2.0, -2.0, size + 4, size + 4)


def _other(rng: np.random.Generator, base: Color) -> Color:
    return mix(base, rgb(rng.uniform(*_HUES), rng.uniform(0.1, 0.5), rng.uniform(0.75, 1.0)), rng.uniform(0.4, 0.9))


def _gradient(cel: Cel, rng: np.random.Generator, size: float, base: Color) -> None:
    a = rng.uniform(0, 2 * np.pi)
    way = np.array([np.cos(a), np.sin(a)]) * size * 0.6
    center = np.array([size / 2, size / 2])
    cel.ramp(_all(size), base, _other(rng, base), [*(center - way), *(center + way)])
    for _ in range(int(rng.integers(0, 14))):
        x, y = rng.uniform(0, size, 2)
        r = rng.uniform(0.02, 0.13) * size
        cel.fill(arc((x, y), r, r, n=30), light(base, 0.7), rng.uniform(0.12, 0.5))


def _rays(cel: Cel, rng: np.random.Generator, size: float, base: Color) -> None:
    n = int(rng.integers(9, 18))
    x, y = size * rng.uniform(0.3, 0.7), size * rng.uniform(0.3, 0.7)
    pale = light(base, 0.5)
    for k in range(n):
        a0, a1 = (2 * np.pi * (k + s) / n for s in (0.0, 0.5))
        far = 2 * size
        cel.fill(
            [[x, y], [x + far * np.cos(a0), y + far * np.sin(a0)], [x + far * np.cos(a1), y + far * np.sin(a1)]], pale
        )


def _dots(cel: Cel, rng: np.random.Generator, size: float, base: Color) -> None:
    cel.ramp(_all(size), base, light(base, 0.4), [0, 0, 0, size])
    step = size * rng.uniform(0.08, 0.16)
    kind = str(rng.choice(["dots", "stars", "flowers", "hearts", "rings"]))
    pale = light(base, 0.6) if rng.random() < 0.6 else shade(base, 0.8)
    for row, y in enumerate(np.arange(0, size + step, step)):
        for x in np.arange((row % 2) * step / 2, size + step, step):
            if kind == "hearts":
                cel.fill(heart(float(x), float(y), step * 0.2), pale)
            elif kind == "rings":
                # a disc in a disc, as an eye is
                cel.fill(arc((x, y), step * 0.24, step * 0.28, n=18), (250, 250, 252))
                cel.fill(arc((x, y), step * 0.15, step * 0.2, n=16), shade(base, 2.2))
                cel.fill(arc((x - step * 0.05, y - step * 0.07), step * 0.05, step * 0.05, n=8), (255, 255, 255))
            else:
                for shape in motif(kind, float(x), float(y), step * 0.17):
                    cel.fill(shape, pale)


def _stripes(cel: Cel, rng: np.random.Generator, size: float, base: Color) -> None:
    step, tilt = size * rng.uniform(0.07, 0.18), rng.uniform(-0.8, 0.8)
    other = _other(rng, base)
    for x in np.arange(-size, 2 * size, step):
        cel.fill(
            [[x, -2], [x + step / 2, -2], [x + step / 2 + tilt * size, size + 2], [x + tilt * size, size + 2]], other
        )


def _checks(cel: Cel, rng: np.random.Generator, size: float, base: Color) -> None:
    step, other = size * rng.uniform(0.08, 0.16), light(base, 0.45)
    for row, y in enumerate(np.arange(0, size, step)):
        for x in np.arange((row % 2) * step, size, 2 * step):
            cel.fill([[x, y], [x + step, y], [x + step, y + step], [x, y + step]], other)


def _box(x: float, y: float, w: float, h: float) -> Points:
    return as_points([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])


def _room(cel: Cel, rng: np.random.Generator, size: float, base: Color) -> None:
    wall = light(base, 0.5)
    floor = size * rng.uniform(0.72, 0.9)
    cel.ramp(_all(size), wall, mix(wall, shade(wall), 0.6), [0, 0, size, size])
    cel.fill(_box(-2, floor, size + 4, size), rgb(rng.uniform(18, 34), rng.uniform(0.25, 0.5), rng.uniform(0.5, 0.8)))
    cel.stroke([[-2, floor], [size + 2, floor]], 1.6, covers=False)
    w, h = size * rng.uniform(0.28, 0.42), size * rng.uniform(0.36, 0.52)
    x, y = rng.uniform(-0.05, 0.72) * size, size * rng.uniform(0.02, 0.14)
    frame = (250, 246, 240)
    cel.fill(_box(x - w * 0.06, y - w * 0.06, w * 1.12, h + w * 0.12), frame)
    cel.stroke(
        np.concatenate([_box(x - w * 0.06, y - w * 0.06, w * 1.12, h + w * 0.12), [[x - w * 0.06, y - w * 0.06]]]),
        1.0,
        covers=False,
    )
    cel.ramp(_box(x, y, w, h), rgb(205, 0.5, 0.95), rgb(200, 0.12, 1.0), [x, y, x, y + h])
    for _ in range(3):
        cx, cy, r = x + w * rng.uniform(0.1, 0.9), y + h * rng.uniform(0.2, 0.7), w * 0.09
        for k in (-1, 0, 1):
            cloud = np.clip(arc((cx + k * r, cy - (k == 0) * r * 0.5), r, r * 0.7, n=18), [x, y], [x + w, y + h])
            cel.fill(cloud, (255, 255, 255))
    cel.fill(_box(x + w * 0.47, y, w * 0.06, h), frame)
    cel.fill(_box(x, y + h * 0.5, w, w * 0.05), frame)


def _sky(cel: Cel, rng: np.random.Generator, size: float, _base: Color) -> None:
    dusk = rng.random() < 0.35
    top, low = (rgb(262, 0.4, 0.66), rgb(26, 0.45, 1.0)) if dusk else (rgb(210, 0.55, 0.95), rgb(195, 0.14, 1.0))
    cel.ramp(_all(size), top, low, [0, 0, 0, size])
    for _ in range(int(rng.integers(2, 6))):
        x, y, r = rng.uniform(0, size), rng.uniform(0.05, 0.8) * size, size * rng.uniform(0.05, 0.11)
        puffs = [
            (dx * r, dy * r, s * r)
            for dx, dy, s in ((-1.5, 0.1, 0.7), (-0.6, -0.35, 1.0), (0.5, -0.2, 0.9), (1.4, 0.15, 0.6), (0, 0.25, 0.9))
        ]
        for dx, dy, s in puffs:
            cel.fill(arc((x + dx, y + dy + r * 0.14), s, s * 0.8, n=24), mix(low, (190, 190, 225), 0.4))
        for dx, dy, s in puffs:
            cel.fill(arc((x + dx, y + dy), s, s * 0.8, n=24), mix((255, 255, 255), low, 0.15))


def _forest(cel: Cel, rng: np.random.Generator, size: float, _base: Color) -> None:
    season = rng.choice([110, 95, 340, 28, 150])
    far = rgb(season, 0.22, 0.92)
    cel.ramp(_all(size), light(far, 0.6), far, [0, 0, 0, size])
    for depth in range(3):
        color = rgb(season + rng.uniform(-10, 10), 0.28 + 0.12 * depth, 0.86 - 0.14 * depth)
        for _ in range(9):
            x, y = rng.uniform(0, size), size * (0.1 + 0.35 * depth + rng.uniform(-0.12, 0.2))
            for _ in range(4):
                r = size * rng.uniform(0.05, 0.11)
                cel.fill(arc((x + rng.uniform(-1, 1) * r, y + rng.uniform(-1, 1) * r), r, r * 0.8, n=20), color)
    for _ in range(int(rng.integers(1, 4))):
        x = rng.uniform(0, size)
        cel.fill([[x, 0], [x + size * 0.05, 0], [x + size * 0.075, size], [x - size * 0.02, size]], rgb(24, 0.42, 0.46))
        cel.stroke([[x, 0], [x - size * 0.02, size]], 0.9, covers=False)
    for _ in range(26):
        x, y = rng.uniform(0, size, 2)
        a = rng.uniform(0, np.pi)
        leaf = spline(
            [[x, y], [x + np.cos(a) * 6, y + np.sin(a) * 6 - 2], [x + np.cos(a) * 11, y + np.sin(a) * 11]],
            closed=True,
            steps=4,
        )
        cel.fill(leaf, rgb(season + rng.uniform(-14, 14), 0.45, rng.uniform(0.6, 1.0)))


def _night(cel: Cel, rng: np.random.Generator, size: float, _base: Color) -> None:
    cel.ramp(_all(size), rgb(235, 0.6, 0.22), rgb(275, 0.45, 0.46), [0, 0, 0, size])
    for _ in range(60):
        x, y = rng.uniform(0, size, 2)
        cel.fill(star(x, y, rng.uniform(0.6, 2.2) * size / 256, 4, 0.35), (255, 250, 220), rng.uniform(0.4, 1.0))
    for _ in range(int(rng.integers(3, 14))):
        x, y, r = rng.uniform(0, size), rng.uniform(0.2, 1) * size, rng.uniform(0.02, 0.07) * size
        cel.fill(arc((x, y), r, r, n=24), rgb(rng.uniform(0, 360), 0.4, 1.0), 0.35)


def _street(cel: Cel, rng: np.random.Generator, size: float, _base: Color) -> None:
    cel.ramp(_all(size), rgb(205, 0.3, 0.98), rgb(35, 0.12, 1.0), [0, 0, 0, size])
    x = -10.0
    while x < size:
        w, top = size * rng.uniform(0.14, 0.3), size * rng.uniform(0.05, 0.5)
        color = rgb(rng.uniform(0, 360), rng.uniform(0.08, 0.3), rng.uniform(0.6, 0.92))
        cel.fill(_box(x, top, w, size), color)
        cel.stroke([[x, size], [x, top], [x + w, top], [x + w, size]], 0.9, covers=False)
        pane = size * 0.045
        for yy in np.arange(top + pane, size, pane * 2):
            for xx in np.arange(x + pane * 0.6, x + w - pane, pane * 1.7):
                cel.fill(
                    _box(float(xx), float(yy), pane, pane * 1.2),
                    mix(rgb(200, 0.4, 0.8), rgb(48, 0.4, 1.0), float(rng.random() < 0.3)),
                )
        x += w


def _shelf(cel: Cel, rng: np.random.Generator, size: float, _base: Color) -> None:
    wood = rgb(rng.uniform(18, 34), rng.uniform(0.35, 0.55), rng.uniform(0.4, 0.7))
    cel.fill(_all(size), shade(wood, 1.2))
    step = size * rng.uniform(0.26, 0.34)
    for y in np.arange(step * 0.8, size + step, step):
        x = 0.0
        while x < size:
            w, h = size * rng.uniform(0.02, 0.06), step * rng.uniform(0.5, 0.82)
            color = rgb(rng.uniform(*_HUES), rng.uniform(0.15, 0.65), rng.uniform(0.45, 0.95))
            cel.fill(_box(x, float(y) - h, w, h), color)
            cel.fill(_box(x + w * 0.2, float(y) - h * 0.8, w * 0.6, h * 0.08), light(color, 0.6))
            cel.stroke([[x, float(y)], [x, float(y) - h], [x + w, float(y) - h]], 0.7, covers=False)
            x += w + (size * 0.08 if rng.random() < 0.08 else 0)
        cel.fill(_box(-2, float(y), size + 4, step * 0.1), wood)
        cel.stroke([[-2, float(y)], [size + 2, float(y)]], 1.0, covers=False)


_KINDS: dict[str, Callable[[Cel, np.random.Generator, float, Color], None]] = {
    "gradient": _gradient,
    "rays": _rays,
    "dots": _dots,
    "stripes": _stripes,
    "checks": _checks,
    "room": _room,
    "sky": _sky,
    "forest": _forest,
    "night": _night,
    "street": _street,
    "shelf": _shelf,
}
