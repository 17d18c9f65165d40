"""Hair in front of the face: the crown, the locks of the fringe, side locks and the lock that stands up."""

from __future__ import annotations

import numpy as np

from kirie.synth.canvas import Cel
from kirie.synth.curves import Points, bezier, joined, spline, strand
from kirie.synth.locks import spikes, sway
from kirie.synth.palette import light, mix, shade
from kirie.synth.rig import Rig

DEPTH = 0.55


def front_hair(rig: Rig) -> list[Cel]:
    """Side locks, then the crown with its fringe."""
    return [*_side_locks(rig), _crown(rig)]


def _crown(rig: Rig) -> Cel:
    hair = rig.character.hair
    cel = rig.cel("hair_front", "hair", hair.color)
    v = hair.volume
    top = spline(
        [
            [-1.13 * v, 0.02],
            [-1.17 * v, -0.5],
            [-0.95 * v, -1.08],
            [-0.5, -1.45],
            [0, -1.56],
            [0.5, -1.45],
            [0.95 * v, -1.08],
            [1.17 * v, -0.5],
            [1.13 * v, 0.02],
        ],
        steps=8,
    )
    inside = spline([[0.97, -0.25], [0.6, -0.7], [0, -0.82], [-0.6, -0.7], [-0.97, -0.25]], steps=6)
    cap = rig.on_head(joined(top, inside), DEPTH * 0.5)
    shapes = [cap]
    for line, width in spikes(rig, 9, -165, -15, 1.46, 0.5) if hair.back == "spiky" else []:
        shapes.append(strand(rig.on_head(line, DEPTH * 0.4), width * rig.zoom, root=1.0))
    if hair.ahoge:
        shapes.append(_ahoge(rig))
    locks = _fringe(rig)
    placed = [(rig.on_head(left, DEPTH), rig.on_head(right, DEPTH)) for left, right in locks]
    leaves = [np.concatenate([left, right[::-1]]) for left, right in placed]
    cel.body([*shapes, *leaves], hair.color, width=1.1)
    a, b = rig.on_head([[-0.2, -1.3], [0.25, 0.25]], DEPTH)
    for left, right in placed:
        _lock(cel, rig, left, right)
    # light gathers at the crown and the hair grows darker at the far side
    far = rig.on_head([[0.25, -0.7], [1.25, -0.25]], DEPTH)
    for shape in (cap,):
        cel.tint(shape, shade(hair.color), 0.75, [*far[0], *far[1]])
    crown = np.array([hair.parting, -1.42])
    _parting_lines(cel, rig, crown)
    _ring(cel, rig)
    skin = mix(rig.character.skin, light(hair.color), 0.4)
    for leaf in leaves:
        cel.tint(leaf, mix(hair.tips, skin, 0.35), 0.5, [*(a * 0.35 + b * 0.65), *b])
    for left, right in placed:
        cel.stroke(left, 1.0, start=0.0, end=0.9, covers=False)
        cel.stroke(right, 1.0, start=0.0, end=0.9, covers=False)
    return cel


def _lock(cel: Cel, rig: Rig, left: Points, right: Points) -> None:
    """One lock of the fringe, over its neighbours: its fill and the shadow along its far edge."""
    color = rig.character.hair.color
    leaf = np.concatenate([left, right[::-1]])
    cel.fill(leaf, color)
    inner = right * 0.68 + left * 0.32
    k = len(right) // 4
    cel.fill(np.concatenate([right[k:], inner[k:][::-1]]), shade(color, 0.72))


def _fringe(rig: Rig) -> list[tuple[Points, Points]]:
    """Locks as (left edge, right edge), both from the root to the tip, in head units."""
    hair, jitter = rig.character.hair, rig.character.hair.jitter
    plan = _PLANS[hair.fringe](hair.parting, jitter)
    n = len(plan)
    drift = 0.05 * rig.pose.sway
    locks = []
    for k, (u, tip_x, tip_y, width, bend) in enumerate(plan):
        j = jitter[24 + k]
        tip = np.array([tip_x + drift + 0.03 * j, tip_y + 0.05 * j])
        rise = -0.98 + 0.5 * u * u
        left, right = (
            np.array([u - width, rise + 0.16 * max(0.0, -u)]),
            np.array([u + width, rise + 0.16 * max(0.0, u)]),
        )
        locks.append((_edge(left, tip, bend + 0.12), _edge(right, tip, bend - 0.12)))
    # outer locks first, so that those at the middle lie over them
    order = sorted(range(n), key=lambda k: -abs(plan[k][0] - hair.parting * 0.5))
    return [locks[k] for k in order]


def _edge(root: Points, tip: Points, bend: float) -> Points:
    along = tip - root
    across = np.array([-along[1], along[0]])
    return bezier([root, root + along * 0.55 - across * bend, tip], 14)


Plan = list[tuple[float, float, float, float, float]]
"""Locks as (u at the root, tip x, tip y, half width, bend)."""


def _straight(_parting: float, _jitter: tuple[float, ...]) -> Plan:
    us = np.linspace(-0.9, 0.9, 8)
    return [(float(u), float(u * 1.02), -0.1 + 0.1 * float(u * u), 0.19, 0.02 * float(np.sign(u))) for u in us]


def _swept(parting: float, _jitter: tuple[float, ...]) -> Plan:
    way = 1.0 if parting <= 0 else -1.0
    us = np.linspace(-0.86, 0.86, 6)
    return [(float(u), float(u + way * 0.24), -0.02 + 0.14 * float(abs(u + way * 0.2)), 0.24, -0.16 * way) for u in us]


def _spread(parting: float, _jitter: tuple[float, ...]) -> Plan:
    plan: Plan = []
    for u in (-0.88, -0.56, -0.24, 0.06, 0.34, 0.62, 0.9):
        out = u - parting * 0.3
        plan.append(
            (
                u,
                u + 0.16 * float(np.sign(out)) * min(1.0, abs(out) * 3),
                (0.22 if abs(u - 0.06) < 0.1 else 0.0) + 0.16 * u * u,
                0.2,
                0.12 * float(np.sign(-out)),
            )
        )
    return plan


def _parted(parting: float, _jitter: tuple[float, ...]) -> Plan:
    plan: Plan = []
    for side in (-1.0, 1.0):
        for k, reach in enumerate((0.52, 0.76, 0.98)):
            u = parting * 0.5 + side * (0.2 + 0.25 * k)
            plan.append((u, side * reach + parting * 0.1, -0.34 + 0.28 * k, 0.25, -side * 0.2))
    return plan


def _messy(_parting: float, jitter: tuple[float, ...]) -> Plan:
    us = np.linspace(-0.92, 0.92, 9)
    return [
        (
            float(u),
            float(u + 0.2 * jitter[k]),
            -0.02 + 0.16 * jitter[k + 9] + 0.12 * float(u * u),
            0.19,
            0.2 * jitter[k + 18],
        )
        for k, u in enumerate(us)
    ]


_PLANS = {"straight": _straight, "swept": _swept, "spread": _spread, "parted": _parted, "messy": _messy}


def _side_locks(rig: Rig) -> list[Cel]:
    hair = rig.character.hair
    if hair.sides == "none":
        lengths = [0.5]
    elif hair.sides == "short":
        lengths = [0.72, 0.45]
    else:
        lengths = [1.35 + 0.5 * hair.length, 0.9]
    cels = []
    for side, name in ((-1, "left"), (1, "right")):
        cel = rig.cel(f"side_lock_{name}", "hair", hair.color)
        leaves = []
        for k, length in enumerate(lengths):
            j = hair.jitter[40 + k]
            x = side * (1.0 - 0.12 * k)
            drop = length + 0.5 + 0.1 * j
            knots = np.array(
                [
                    [x * 0.9, -0.5],
                    [x * 1.03, -0.5 + 0.34 * drop],
                    [x * (1.02 + 0.02 * j), -0.5 + 0.68 * drop],
                    [x * 0.9 + side * 0.05 * j, -0.5 + drop],
                ]
            )
            line = rig.on_head(sway(rig, knots, 0.6), DEPTH * 0.7)
            leaves.append(strand(line, (0.36 - 0.08 * k) * rig.zoom, root=0.75, belly=0.4))
        cel.body(leaves, hair.color, width=1.1)
        for leaf in leaves:
            half = len(leaf) // 2
            left, right = leaf[:half], leaf[half:][::-1]
            if side > 0:
                left, right = right, left
            cel.fill(leaf, hair.color)
            m = min(len(left), len(right))
            inner = left[:m] * 0.45 + right[:m] * 0.55
            cel.fill(np.concatenate([right[:m], inner[::-1]]), shade(hair.color, 0.72))
            cel.stroke(
                inner[m // 5 : -m // 6], 0.6, start=0.0, end=0.2, covers=False, color=mix(cel.ink, hair.color, 0.35)
            )
            tip, mid = leaf[half], (leaf[half // 2] + leaf[-half // 2]) / 2
            if hair.tips != hair.color:
                cel.tint(leaf, hair.tips, 0.8, [*mid, *tip])
            cel.stroke(left, 1.0, start=0.3, end=0.9, covers=False)
            cel.stroke(right, 1.0, start=0.3, end=0.9, covers=False)
        cels.append(cel)
    return cels


def _ahoge(rig: Rig) -> Points:
    way = float(rig.character.side)
    line = [[0.02, -1.42], [-way * 0.1, -1.78], [way * 0.12, -1.98], [way * 0.42, -1.86]]
    return strand(rig.on_head(line, 0.1), 0.2 * rig.zoom, root=0.5)


def _parting_lines(cel: Cel, rig: Rig, crown: Points) -> None:
    """Strands that run from the crown over the cap, thin at both ends."""
    jitter = rig.character.hair.jitter
    soft = mix(cel.ink, rig.character.hair.color, 0.3)
    for k in range(9):
        u = -1 + 2 * k / 8 + 0.05 * jitter[k + 30]
        end = np.array([u * 1.02, -0.86 + 0.55 * u * u])
        start = crown + np.array([u * 0.18, 0.06 + 0.03 * abs(u)])
        line = bezier([start, (start + end) / 2 + np.array([u * 0.28, -0.16]), end], 14)
        cel.stroke(rig.on_head(line, DEPTH * 0.8), 0.75, start=0.0, end=0.0, covers=False, color=soft)


def _ring(cel: Cel, rig: Rig) -> None:
    """The ring of light that drawn hair wears: a band along the skull whose edges run out into points."""
    color = rig.character.hair.color
    jitter = rig.character.hair.jitter
    for first, last, teeth in ((-0.9, 0.16, 5), (0.24, 0.56, 2), (0.64, 0.8, 1)):
        us = np.linspace(first, last, 10 * teeth + 1)
        t = (us - first) / (last - first)
        ends = np.sin(np.pi * t) ** 0.5
        tooth = 1 - np.abs(np.sin(np.pi * teeth * t)) ** 0.65
        uneven = np.interp(t, np.linspace(0, 1, 6), 1 + 0.5 * np.array(jitter[32:38]))
        y = -0.94 + 0.4 * us**2
        upper = np.stack([us, y - (0.035 + 0.06 * tooth * uneven) * ends], axis=1)
        lower = np.stack([us + 0.02, y + (0.05 + 0.13 * tooth * uneven) * ends], axis=1)
        cel.fill(rig.on_head(joined(upper, lower[::-1]), DEPTH), light(color, 0.62), opacity=0.72)
