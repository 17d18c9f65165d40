"""What clothes are made of: a garment with a neckline and a hem, its folds, and bows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kirie.synth.body import torso_outline
from kirie.synth.canvas import Cel
from kirie.synth.curves import Points, arc, bezier, joined, mirrored, spline
from kirie.synth.palette import Color, light, mix, shade
from kirie.synth.patterns import pattern
from kirie.synth.rig import Rig


def garment(
    rig: Rig,
    name: str,
    color: Color,
    neckline: Sequence[Sequence[float]],
    loose: float,
    motif: str | None = None,
    *,
    hem: float = 3.55,
    flare: float = 0.0,
) -> Cel:
    """A top with the given neckline: right half from the shoulder to the middle, in body units, down to its hem."""
    outline = torso_outline(rig.character.broad, loose, flare)
    n = len(outline) // 2
    neck = np.array(neckline)
    right = outline[3:n]
    right = right[(right[:, 0] >= neck[0, 0] - 0.02) & (right[:, 1] >= neck[0, 1] - 0.1) & (right[:, 1] <= hem)]
    ring = joined(neck[::-1], right, mirrored(right)[::-1], mirrored(neck))
    cel = rig.cel(name, "clothes", color)
    body = rig.on_body(ring)
    cel.body([body], color)
    kind = rig.character.outfit.pattern if motif is None else motif
    if kind != "plain":
        second = rig.character.outfit.second
        contrast = (
            second
            if sum(abs(a - b) for a, b in zip(color, second, strict=True)) > 90
            else mix(color, shade(color, 1.6), 0.6)
        )
        pattern(cel, kind, contrast, rig.on_body)
    folds(cel, rig, color, body)
    return cel


def folds(cel: Cel, rig: Rig, color: Color, body: Points) -> None:
    """Shadow under the chin, along the far side and in folds from the armpits and the waist."""
    b = rig.character.broad
    a, c = rig.on_body([[0.15, 1.0], [1.25 * b, 1.3]])
    cel.tint(body, shade(color), 0.85, [*a, *c])
    dark = shade(color, 0.9)
    for side in (-1, 1):
        for y, reach, drop in ((1.1, 0.5, 0.28), (1.42, 0.36, 0.34), (2.3, 0.42, 0.2), (2.62, 0.5, -0.1)):
            edge = np.array([side * 0.92 * b, y])
            tip = np.array([side * (0.92 * b - reach), y + drop])
            fold = joined(
                bezier([edge, (edge + tip) / 2 + np.array([0, -0.05]), tip], 8),
                bezier([tip, (edge + tip) / 2 + np.array([0, 0.06]), edge + np.array([0, 0.12])], 8),
            )
            cel.fill(rig.on_body(fold), dark, 0.75)
            cel.stroke(
                rig.on_body(bezier([edge, (edge + tip) / 2 + np.array([0, -0.05]), tip], 8)),
                0.7,
                start=0.8,
                end=0.0,
                covers=False,
            )
    bust = rig.on_body(bezier([[-0.55, 1.32], [0, 1.5], [0.6, 1.3]], 10))
    cel.stroke(bust, 0.6, start=0.0, end=0.0, covers=False, color=mix(cel.ink, color, 0.35))


def bow(rig: Rig, name: str, label: str, color: Color, x: float, y: float, r: float, tails: float) -> Cel:
    """A bow with two loops and two tails."""
    cel = rig.cel(name, label, color)
    loops, ends = [], []
    for side in (-1, 1):
        loops.append(
            rig.on_body(
                spline(
                    [
                        [x, y],
                        [x + side * r * 0.7, y - r * 0.55],
                        [x + side * r * 1.1, y - r * 0.1],
                        [x + side * r * 0.8, y + r * 0.5],
                    ],
                    closed=True,
                )
            )
        )
        ends.append(
            rig.on_body(
                [
                    [x, y],
                    [x + side * r * 0.3, y + tails * 0.5],
                    [x + side * r * 0.75, y + tails],
                    [x + side * r * 0.3, y + tails * 0.92],
                    [x + side * r * 0.1, y + tails * 1.05],
                ]
            )
        )
    cel.body([*ends, *loops], color)
    for end in ends:
        cel.fill(end, shade(color, 0.7))
        cel.stroke(end, 0.8, covers=False)
    for loop in loops:
        cel.fill(loop, color)
        middle, far = rig.on_body([[x, y]])[0], loop.mean(axis=0)
        cel.tint(loop, shade(color, 1.2), 0.9, [*far, *middle])
        cel.stroke(joined(loop, loop[:1]), 0.9, covers=False)
    knot = rig.on_body(arc((x, y), r * 0.2, r * 0.24, n=16))
    cel.fill(knot, light(color, 0.2))
    cel.stroke(joined(knot, knot[:1]), 0.9, covers=False)
    return cel
