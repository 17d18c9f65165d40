"""Below the hem of a top: skirt and legs, or trousers."""

from __future__ import annotations

import numpy as np

from kirie.synth.canvas import Cel
from kirie.synth.curves import joined, mirrored, spline
from kirie.synth.palette import Color, mix, shade
from kirie.synth.patterns import pattern
from kirie.synth.rig import Rig

WHOLE = {"dress", "kimono"}
"""Outfits that reach down by themselves."""


def legs(rig: Rig) -> list[Cel]:
    """Bare legs, and over them a skirt or trousers where the outfit needs them."""
    outfit = rig.character.outfit
    if outfit.kind in WHOLE:
        return []
    color = _lower_color(rig)
    if outfit.kind == "overalls" or rig.character.hair.jitter[41] > 0.25:
        return [_pair(rig, "trousers", "clothes", color, 0.12)]
    return [_pair(rig, "legs", "skin", rig.character.skin, 0.0), _skirt(rig, color)]


def _lower_color(rig: Rig) -> Color:
    outfit = rig.character.outfit
    if outfit.kind in {"sailor", "overalls"}:
        return outfit.color
    return (
        mix(outfit.accent, (60, 60, 90), 0.45)
        if outfit.kind in {"hoodie", "shirt", "sweater"}
        else shade(outfit.color, 0.9)
    )


def _pair(rig: Rig, name: str, label: str, color: Color, loose: float) -> Cel:
    cel = rig.cel(name, label, color)
    b = rig.character.broad
    hip = 1.0 * b + loose
    right = joined(
        [[0.0, 2.6], [hip * 0.8, 2.6]],
        spline([[hip, 3.3], [hip * 1.04, 3.9], [0.92 * b + loose, 5.4], [0.74 * b + loose, 9.0]], steps=5),
        spline([[0.2 - loose * 0.5, 9.0], [0.12, 5.4], [0.03, 4.3]], steps=5),
        [[0.0, 4.2]],
    )
    pieces = [rig.on_body(right), rig.on_body(mirrored(right))]
    cel.body(pieces, color)
    for flip in (-1, 1):
        strip = np.array([[0.03, 4.3], [0.12, 5.4], [0.2, 9.0], [0.42, 9.0], [0.36, 5.4], [0.1, 4.4]]) * (flip, 1)
        cel.fill(rig.on_body(strip), shade(color, 0.8))
    cel.stroke(rig.on_body([[0, 3.9], [0, 4.4]]), 1.0, start=0.2, covers=False)
    return cel


def _skirt(rig: Rig, color: Color) -> Cel:
    cel = rig.cel("skirt", "clothes", color)
    b = rig.character.broad
    hem = 5.1 + 0.5 * rig.character.hair.jitter[39]
    edge = [[u * 1.75 * b, hem - 0.22 * u * u + (0.07 if k % 2 else 0.0)] for k, u in enumerate(np.linspace(1, -1, 17))]
    shape = rig.on_body(joined([[-0.8 * b, 2.6], [0.8 * b, 2.6], [1.12 * b, 3.5]], edge, [[-1.12 * b, 3.5]]))
    cel.body([shape], color)
    if rig.character.outfit.pattern == "plaid":
        pattern(cel, "plaid", shade(color, 1.4), rig.on_body)
    for k, u in enumerate(np.linspace(-1, 1, 17)[1:-1:2]):
        top, low = (u * 0.85 * b, 3.2), (u * 1.75 * b, hem - 0.22 * u * u)
        cel.fill(rig.on_body([top, low, (low[0] + 0.14, low[1]), top]), shade(color, 0.9 + 0.2 * (k % 2)))
        cel.stroke(rig.on_body([top, low]), 0.9, start=0.0, covers=False)
    return cel
