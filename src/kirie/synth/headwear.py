"""Headbands, cat ears and hats; accessories.py says when they are worn and which label they take."""

from __future__ import annotations

import numpy as np

from kirie.synth.canvas import Cel
from kirie.synth.curves import arc, bezier, joined, mirrored, spline
from kirie.synth.palette import light, mix, shade
from kirie.synth.rig import Rig


def headband(rig: Rig) -> Cel:
    color = rig.character.trim
    cel = rig.cel("headband", "hair", color)
    band = spline([[-1.16, -0.32], [-0.8, -0.98], [0, -1.24], [0.8, -0.98], [1.16, -0.32]], steps=8)
    inner = spline([[-1.14, -0.18], [-0.76, -0.82], [0, -1.06], [0.76, -0.82], [1.14, -0.18]], steps=8)
    shape = rig.on_head(joined(band, inner[::-1]), 0.4)
    cel.body([shape], color)
    if rig.character.hair.jitter[43] > 0:
        # a maid's frill along the band
        for u in np.linspace(-0.8, 0.8, 9):
            bump = arc((u, -1.3 + 0.42 * u * u), 0.13, 0.12, n=16)
            cel.outline(rig.on_head(bump, 0.4), 2)
        for u in np.linspace(-0.8, 0.8, 9):
            cel.cover(rig.on_head(arc((u, -1.3 + 0.42 * u * u), 0.13, 0.12, n=16), 0.4), (253, 250, 252))
        cel.cover(shape, color)
    a, b = rig.on_head([[0, -1.0], [1.2, -0.5]], 0.4)
    cel.tint(shape, shade(color, 1.2), 0.8, [*a, *b])
    return cel


def cat_ears(rig: Rig) -> Cel:
    color = rig.character.hair.color
    cel = rig.cel("cat_ears", "hair", color)
    half = spline([[0.36, -1.36], [0.66, -1.74], [1.04, -1.96], [1.14, -1.5], [1.12, -0.92]], steps=6)
    inner = spline([[0.56, -1.36], [0.74, -1.58], [0.98, -1.74], [1.03, -1.42], [1.02, -1.1]], steps=6)
    pieces = [rig.on_head(half, -0.1), rig.on_head(mirrored(half), -0.1)]
    cel.body(pieces, color)
    for points in (inner, mirrored(inner)):
        piece = rig.on_head(points, -0.1)
        cel.fill(piece, mix(color, (250, 190, 190), 0.65))
        cel.stroke(piece, 0.7, covers=False)
    return cel


def beanie(rig: Rig) -> Cel:
    color = rig.character.outfit.accent
    cel = rig.cel("beanie", "clothes", color)
    dome = rig.on_head(
        spline(
            [
                [-1.2, -0.6],
                [-1.14, -1.2],
                [-0.6, -1.76],
                [0, -1.88],
                [0.6, -1.76],
                [1.14, -1.2],
                [1.2, -0.6],
                [0, -0.98],
            ],
            closed=True,
            steps=6,
        ),
        0.3,
    )
    rim_top = spline([[-1.22, -0.82], [-0.6, -1.16], [0, -1.26], [0.6, -1.16], [1.22, -0.82]], steps=6)
    rim_low = spline([[-1.24, -0.42], [-0.62, -0.76], [0, -0.86], [0.62, -0.76], [1.24, -0.42]], steps=6)
    rim = rig.on_head(joined(rim_top, rim_low[::-1]), 0.4)
    pom = rig.on_head(arc((0, -1.95), 0.26, 0.24), 0.2)
    cel.body([pom, dome, rim], color)
    cel.fill(pom, light(rig.character.outfit.second, 0.5))
    for u in np.linspace(-0.9, 0.9, 7):
        cel.stroke(
            rig.on_head(bezier([[u * 1.1, -0.98 + 0.3 * u * u], [u * 1.0, -1.5], [u * 0.3, -1.82]]), 0.3),
            0.7,
            start=0.8,
            end=0.0,
            covers=False,
        )
    a, b = rig.on_head([[0.1, -1.4], [1.2, -0.9]], 0.3)
    cel.tint(dome, shade(color), 0.9, [*a, *b])
    cel.fill(rim, light(color, 0.2))
    for u in np.linspace(-0.95, 0.95, 13):
        cel.stroke(
            rig.on_head([[u * 1.2, -1.2 + 0.36 * u * u], [u * 1.22, -0.84 + 0.36 * u * u]], 0.4),
            0.6,
            start=0.3,
            end=0.3,
            covers=False,
        )
    cel.stroke(joined(rim, rim[:1]), 0.9, covers=False)
    return cel


def hat(rig: Rig) -> Cel:
    color = rig.character.outfit.color
    cel = rig.cel("hat", "clothes", color)
    dome = rig.on_head(
        spline(
            [
                [-1.16, -0.8],
                [-1.05, -1.5],
                [-0.5, -1.94],
                [0.1, -1.98],
                [0.7, -1.84],
                [1.08, -1.42],
                [1.16, -0.8],
                [0, -0.9],
            ],
            closed=True,
            steps=6,
        ),
        0.2,
    )
    brim_low = spline([[-1.95, -0.62], [-1.1, -0.66], [0, -0.74], [1.1, -0.66], [1.95, -0.62]], steps=6)
    brim_top = spline([[-1.95, -0.62], [-1.1, -0.98], [0, -1.12], [1.1, -0.98], [1.95, -0.62]], steps=6)
    brim = rig.on_head(joined(brim_top, brim_low[::-1]), 0.4)
    ribbon = rig.on_head(
        joined(
            spline([[-1.13, -1.0], [0, -1.24], [1.13, -1.0]], steps=6),
            spline([[1.15, -0.82], [0, -1.06], [-1.15, -0.82]], steps=6),
        ),
        0.3,
    )
    cel.body([dome, brim], color)
    a, b = rig.on_head([[0.1, -1.4], [1.2, -0.9]], 0.3)
    cel.tint(dome, shade(color), 0.9, [*a, *b])
    cel.fill(ribbon, rig.character.trim)
    cel.stroke(joined(ribbon, ribbon[:1]), 0.8, covers=False)
    cel.fill(brim, light(color, 0.12))
    a, b = rig.on_head([[0, -0.95], [0, -0.66]], 0.4)
    cel.tint(brim, shade(color), 0.8, [*a, *b])
    cel.stroke(joined(brim, brim[:1]), 0.9, covers=False)
    return cel
