"""Neck, torso and what is worn on it. The body lies complete under its clothes."""

from __future__ import annotations

import numpy as np

from kirie.synth.canvas import Cel
from kirie.synth.curves import Points, joined, mirrored, spline
from kirie.synth.palette import shade
from kirie.synth.rig import Rig


def neck_and_torso(rig: Rig) -> list[Cel]:
    """The bare body: neck and torso as one layer of skin."""
    skin = rig.character.skin
    cel = rig.cel("body", "skin", skin)
    b = rig.character.broad
    # the neck reaches up into the head wherever that is tilted
    jaw = rig.on_head([[-0.27, 0.78], [0.27, 0.78]], 0.2)
    base = rig.on_body([[0.3, -0.02], [-0.3, -0.02]])
    neck = np.concatenate([jaw, base])
    torso = rig.on_body(torso_outline(b, 0.0))
    cel.body([neck, torso], skin)
    low, high = rig.on_head([[0.0, 1.0], [0.0, 1.62]], 0.2)
    cel.tint(neck, shade(skin), 0.9, [*high, *low])
    shadow = rig.on_head(spline([[-0.34, 0.7], [0.36, 0.7], [0.33, 1.28], [0.05, 1.5], [-0.3, 1.2]], closed=True), 0.2)
    cel.fill(shadow, shade(skin, 1.05))
    for side in (-1, 1):
        cel.stroke(
            rig.on_body(spline([[side * 0.12, 0.28], [side * 0.38, 0.23], [side * 0.68, 0.27]])),
            0.6,
            start=0.2,
            end=0.0,
            covers=False,
            color=shade(skin, 1.3),
        )
        cel.stroke(
            rig.on_body([[side * 0.29, -0.25], [side * 0.3, 0.02], [side * 0.42, 0.14]]),
            0.8,
            start=0.6,
            end=0.0,
            covers=False,
        )
    return [cel]


def torso_outline(broad: float, loose: float, flare: float = 0.0) -> Points:
    """The torso in body units; `loose` widens it for clothes, `flare` its lower end."""
    half = [
        [0.22, 0.0],
        [0.42, 0.1 - loose * 0.2],
        [0.8 * broad, 0.24 - loose * 0.25],
        [1.08 * broad + loose * 0.3, 0.5],
        [1.08 * broad + loose * 0.4, 0.9],
        [0.9 * broad + loose * 0.6, 1.3],
        [0.84 * broad + loose * 0.8, 1.75],
        [0.7 * broad + loose, 2.4],
        [0.84 * broad + loose, 3.0],
        [1.04 * broad + loose, 3.6],
        [1.1 * broad + loose + flare * 0.35, 5.0],
        [1.1 * broad + loose + flare, 8.5],
    ]
    right = spline(half, steps=5)
    return joined(right, mirrored(right)[::-1])
