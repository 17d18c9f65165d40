"""Locks of hair: how they hang, how a body of them is shaded, and how they stand out from the skull."""

from __future__ import annotations

import numpy as np

from kirie.synth.canvas import Cel
from kirie.synth.curves import Points, spline, strand
from kirie.synth.palette import mix, shade
from kirie.synth.rig import Rig

Lock = tuple[Points, float]
"""Middle line in head units, and width."""


def sway(rig: Rig, points: Points, amount: float = 1.0) -> Points:
    """Blows points aside, the more the lower they hang."""
    moved = points.copy()
    drop = np.clip(points[:, 1] + 0.2, 0, None)
    # hair hangs down however the head is tilted
    hang = np.tan(np.radians(-rig.pose.tilt * 0.55 - rig.pose.lean * 0.4))
    moved[:, 0] += (0.09 * rig.pose.sway * amount * drop**1.3) - hang * drop * 0.75
    return moved


def locks_cel(
    rig: Rig,
    name: str,
    locks: list[Lock],
    mass: list[Points],
    *,
    depth: float = -0.3,
    dark: float = 0.0,
    root: float = 0.8,
) -> Cel:
    """A body of hair: its masses and locks with one line around them, shaded lock by lock."""
    hair = rig.character.hair
    base = mix(hair.color, shade(hair.color), dark)
    cel = rig.cel(name, "hair", base)
    shapes = [rig.on_head(sway(rig, piece), depth) for piece in mass]
    lines = [rig.on_head(sway(rig, spline(line, steps=6)), depth) for line, _ in locks]
    leaves = [strand(line[::3], width * rig.zoom, root=root) for line, (_, width) in zip(lines, locks, strict=True)]
    cel.body([*shapes, *leaves], base, width=1.1)
    low = rig.on_head([[0, 0.4], [0, 1.2]], depth)
    for k, (line, leaf) in enumerate(zip(lines, leaves, strict=True)):
        half = len(leaf) // 2
        edge = leaf[:half] if k % 2 else leaf[half:][::-1]
        n = min(len(edge), len(line))
        pick = np.linspace(0, len(edge) - 1, n).astype(int)
        middle = line[np.linspace(0, len(line) - 1, n).astype(int)]
        inner = middle * 0.55 + edge[pick] * 0.45
        cel.fill(np.concatenate([edge[pick], inner[::-1]]), shade(base, 0.75))
        cel.stroke(edge[pick], 0.85, start=0.0, end=0.8, covers=False)
    if hair.tips != hair.color:
        for leaf in leaves:
            end = leaf[len(leaf) // 2]
            start = (leaf[0] + leaf[-1]) / 2
            cel.tint(leaf, hair.tips, 0.85, [*(start * 0.5 + end * 0.5), *end])
        for k, leaf in enumerate(leaves):
            half = len(leaf) // 2
            cel.stroke(leaf[:half] if k % 2 else leaf[half:][::-1], 0.85, start=0.0, end=0.8, covers=False)
    # inside, next to the neck, no light falls
    if dark > 0:
        for shape in shapes:
            cel.tint(shape, shade(base, 1.3), 0.8, [*low[0], *low[1]])
    return cel


def spikes(rig: Rig, n: int, first: float, last: float, reach: float, width: float) -> list[Lock]:
    """Pointed locks that stand out from the skull between two angles in degrees (-90 is up)."""
    jitter = rig.character.hair.jitter
    locks: list[Lock] = []
    for k in range(n):
        j = jitter[(k * 5 + 3) % 48]
        a = np.radians(first + (last - first) * k / (n - 1) + 4 * j)
        lean = 0.24 * np.sign(np.cos(a) + 0.15) if abs(np.cos(a)) < 0.85 else 0.1
        out = np.array([np.cos(a), np.sin(a)])
        across = np.array([-out[1], out[0]])
        root = np.array([0, -0.3]) + out * 0.55
        tip = np.array([0, -0.28]) + out * (reach + 0.14 * j) + across * lean
        middle = (root + tip) / 2 + across * (-0.06)
        locks.append((np.array([root, middle, tip]), width * (1 + 0.15 * j)))
    return locks
