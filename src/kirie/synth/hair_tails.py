"""Tails and the braid."""

from __future__ import annotations

import numpy as np

from kirie.synth.canvas import Cel
from kirie.synth.curves import Points, arc, spline, strand
from kirie.synth.locks import Lock, locks_cel, sway
from kirie.synth.palette import Color, light, mix, shade
from kirie.synth.rig import Rig


def tail(rig: Rig, name: str, root: tuple[float, float], side: float, length: float, width: float, out: float) -> Cel:
    """One tail: a few locks from one knot that part towards their tips."""
    hair = rig.character.hair
    locks: list[Lock] = []
    for k in range(5):
        j = hair.jitter[10 + k]
        u = (k - 2) / 2
        start = (root[0] + 0.02 * u, root[1])
        knots = [
            start,
            (root[0] + side * (0.34 + 0.1 * out) + 0.12 * u, root[1] - 0.1),
            (root[0] + side * (0.52 + 0.34 * out) + 0.2 * u, root[1] + 0.45 * length),
            (root[0] + side * (0.42 + 0.3 * out) + 0.27 * u, root[1] + 0.78 * length),
            (root[0] + side * (0.5 + 0.5 * out) + 0.2 * u + 0.1 * j, root[1] + length * (1 - 0.1 * abs(u)) + 0.15 * j),
        ]
        locks.append((np.array(knots), width * (0.62 - 0.1 * abs(u))))
    order = [0, 4, 1, 3, 2]
    return locks_cel(rig, name, [locks[k] for k in order], [], depth=-0.4, dark=0.05, root=0.35)


def front_braid(rig: Rig) -> list[Cel]:
    """A braid over one shoulder, in front of the body: lozenges that overlap like scales."""
    hair = rig.character.hair
    if hair.back != "braid":
        return []
    side = float(rig.character.side)
    cel = rig.cel("braid", "hair", hair.color)
    count = 6 + round(3 * hair.length)
    path = spline(
        sway(
            rig,
            np.array(
                [[side * 0.92, 0.55], [side * 1.06, 1.1], [side * 1.0, 1.8], [side * 0.92, 2.4 + 0.8 * hair.length]]
            ),
        ),
        steps=10,
    )
    at = path[np.linspace(0, len(path) - 1, count).astype(int)]
    scales: list[tuple[Points, Color]] = []
    for k, (x, y) in enumerate(at):
        flip = 1 if k % 2 else -1
        w = 0.26 * (1 - 0.35 * k / count)
        shape = spline(
            [
                [x - flip * w * 0.9, y - 0.2],
                [x + flip * w * 0.6, y - 0.16],
                [x + flip * w, y + 0.08],
                [x + flip * w * 0.2, y + 0.3],
                [x - flip * w * 0.5, y + 0.12],
            ],
            closed=True,
            steps=5,
        )
        scales.append((rig.on_head(shape, 0.3), hair.color if k % 2 else mix(hair.color, shade(hair.color), 0.5)))
    end = at[-1]
    tuft = rig.on_head(
        strand(
            [end + np.array([0, 0.1]), end + np.array([0.03, 0.4]), end + np.array([-0.05 * side, 0.75])],
            0.36,
            root=0.4,
        ),
        0.3,
    )
    cel.body([tuft], mix(hair.tips, shade(hair.tips), 0.2))
    for shape, color in scales:
        cel.outline(shape, 1.9)
        cel.cover(shape, color)
        a, b = shape.min(axis=0), shape.max(axis=0)
        cel.tint(shape, light(color), 0.35, [a[0], b[1], a[0], a[1]])
    tie = rig.on_head(arc((end[0], end[1] + 0.16), 0.15, 0.08, n=16), 0.3)
    cel.fill(tie, rig.character.trim)
    cel.stroke(np.concatenate([tie, tie[:1]]), 0.8, covers=False)
    return [cel]
