"""Colours: mixing, shading as cel painters do it (shadows drift to violet), and the choices a character draws from."""

from __future__ import annotations

import colorsys

import numpy as np

Color = tuple[int, int, int]

WHITE: Color = (255, 255, 255)
INK: Color = (58, 36, 48)

SKIN: tuple[Color, ...] = (
    (255, 231, 217),
    (255, 224, 204),
    (252, 214, 190),
    (244, 198, 168),
    (222, 168, 132),
    (180, 124, 92),
    (138, 92, 70),
)
_SKIN_WEIGHTS = (0.24, 0.24, 0.18, 0.12, 0.1, 0.07, 0.05)


def rgb(hue: float, saturation: float, value: float) -> Color:
    """A colour from hue in degrees, saturation and value in 0 to 1."""
    r, g, b = colorsys.hsv_to_rgb((hue % 360) / 360, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0))
    return (round(255 * r), round(255 * g), round(255 * b))


def hsv(color: Color) -> tuple[float, float, float]:
    """Hue in degrees, saturation and value in 0 to 1."""
    h, s, v = colorsys.rgb_to_hsv(color[0] / 255, color[1] / 255, color[2] / 255)
    return (h * 360, s, v)


def mix(one: Color, other: Color, share: float) -> Color:
    """`share` of the other colour in one."""
    r, g, b = (round(p + (q - p) * share) for p, q in zip(one, other, strict=True))
    return (r, g, b)


def shade(color: Color, depth: float = 1.0) -> Color:
    """The colour in shadow: darker, a little more saturated, its hue drawn towards violet."""
    r, g, b = (c / 255 for c in color)
    tint = (0.80, 0.70, 0.84)
    r, g, b = (c * (1 - depth * (1 - t)) for c, t in zip((r, g, b), tint, strict=True))
    return (round(255 * r), round(255 * g), round(255 * b))


def light(color: Color, share: float = 0.45) -> Color:
    """The colour in light: towards a warm white."""
    return mix(color, (255, 250, 240), share)


def line(color: Color) -> Color:
    """The line-art colour on a fill: dark, and of the fill's hue."""
    h, s, v = hsv(color)
    return mix(rgb(h - 8, min(1.0, s * 0.9 + 0.22), 0.16 + 0.26 * v), INK, 0.35)


def skin_color(rng: np.random.Generator) -> Color:
    """A skin colour."""
    return SKIN[int(rng.choice(len(SKIN), p=_SKIN_WEIGHTS))]


def hair_color(rng: np.random.Generator) -> Color:
    """A hair colour: natural ones and the ones only drawn characters have."""
    kind = rng.random()
    if kind < 0.16:
        return rgb(rng.uniform(215, 265), rng.uniform(0.18, 0.4), rng.uniform(0.24, 0.36))
    if kind < 0.36:
        return rgb(rng.uniform(14, 30), rng.uniform(0.42, 0.62), rng.uniform(0.36, 0.66))
    if kind < 0.52:
        return rgb(rng.uniform(36, 50), rng.uniform(0.34, 0.58), rng.uniform(0.88, 0.98))
    if kind < 0.62:
        return rgb(rng.uniform(210, 300), rng.uniform(0.03, 0.14), rng.uniform(0.82, 0.94))
    if kind < 0.7:
        return rgb(rng.uniform(2, 18), rng.uniform(0.58, 0.76), rng.uniform(0.7, 0.9))
    return rgb(
        rng.choice([200, 225, 265, 320, 340, 160, 185]) + rng.uniform(-9, 9),
        rng.uniform(0.3, 0.56),
        rng.uniform(0.72, 0.95),
    )


def eye_color(rng: np.random.Generator) -> Color:
    """An iris colour: saturated enough to hold at twelve pixels."""
    hue = rng.choice([12, 28, 45, 95, 140, 175, 205, 225, 265, 300, 335, 355]) + rng.uniform(-8, 8)
    return rgb(hue, rng.uniform(0.55, 0.85), rng.uniform(0.62, 0.9))


def cloth_color(rng: np.random.Generator) -> Color:
    """A main colour of clothes."""
    kind = rng.random()
    if kind < 0.22:
        return rgb(rng.uniform(180, 260), rng.uniform(0.01, 0.07), rng.uniform(0.9, 0.98))
    if kind < 0.4:
        return rgb(rng.uniform(205, 245), rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.5))
    # From yellow over green and blue to rose: the hues of skin are left to skin, but for the outfits that are near it
    return rgb(rng.uniform(48, 350), rng.uniform(0.3, 0.66), rng.uniform(0.62, 0.95))


def accent_color(rng: np.random.Generator) -> Color:
    """A colour for ribbons, ties and trims."""
    return rgb(
        rng.choice([350, 5, 40, 200, 225, 280, 165]) + rng.uniform(-10, 10),
        rng.uniform(0.5, 0.8),
        rng.uniform(0.65, 0.95),
    )
