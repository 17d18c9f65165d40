"""Hair behind the head, one function per style."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kirie.synth.canvas import Cel
from kirie.synth.curves import Points, arc, spline, wave
from kirie.synth.hair_tails import tail
from kirie.synth.locks import Lock, locks_cel, spikes
from kirie.synth.palette import light, shade
from kirie.synth.rig import Rig


def back_hair(rig: Rig) -> list[Cel]:
    """The layers behind the body or the head, farthest first."""
    return _STYLES[rig.character.hair.back](rig)


def _cap(rig: Rig, wide: float = 1.22, low: float = 0.9) -> Points:
    v = rig.character.hair.volume
    return spline(
        [
            [0, -1.5],
            [0.72 * v, -1.34],
            [1.15 * v, -0.78],
            [wide * v, 0.0],
            [wide * v * 0.98, low * 0.6],
            [0.9 * v, low],
            [0, low * 1.05],
            [-0.9 * v, low],
            [-wide * v * 0.98, low * 0.6],
            [-wide * v, 0.0],
            [-1.15 * v, -0.78],
            [-0.72 * v, -1.34],
        ],
        closed=True,
        steps=5,
    )


def _fan(rig: Rig, n: int, spread: float, length: float, width: float, curl: float, flare: float = 1.15) -> list[Lock]:
    """Strands side by side from the head's sides and back down to `length`, alternating outer and inner."""
    jitter = rig.character.hair.jitter
    locks: list[Lock] = []
    for k in range(n):
        u = -1 + 2 * k / (n - 1)
        j = jitter[k % 24]
        start = np.array([u * spread * 0.86, -0.5 + 0.2 * abs(u)])
        end = np.array([u * spread * flare + 0.06 * j, length + 0.2 * j - 0.14 * u * u])
        line = wave(start, end, curl * (1 if u > 0 else -1) * (0.8 + 0.3 * j), n=5)
        locks.append((line, width * (1 + 0.15 * j)))
    return locks


def _bob(rig: Rig) -> list[Cel]:
    hair = rig.character.hair
    length = 1.05 + 0.45 * hair.length
    locks = _fan(rig, 9, 1.16 * hair.volume, length, 0.5, -0.05, flare=0.92)
    return [locks_cel(rig, "hair_back", locks, [_cap(rig, 1.26, min(1.0, length - 0.2))], dark=0.35)]


def _long(rig: Rig) -> list[Cel]:
    hair = rig.character.hair
    length = 2.5 + 1.9 * hair.length
    locks = _fan(rig, 9, 1.2 * hair.volume, length, 0.6, 0.03, flare=1.25)
    mass = spline(
        [
            [-1.18, -0.3],
            [1.18, -0.3],
            [1.36, length * 0.55],
            [0.9, length * 0.86],
            [-0.9, length * 0.86],
            [-1.36, length * 0.55],
        ],
        closed=True,
        steps=5,
    )
    return [locks_cel(rig, "hair_back", locks, [_cap(rig), mass], dark=0.35)]


def _wavy(rig: Rig) -> list[Cel]:
    hair = rig.character.hair
    length = 1.7 + 1.3 * hair.length
    locks: list[Lock] = []
    for k in range(8):
        u = -1 + 2 * k / 7
        j = hair.jitter[k]
        y = np.linspace(-0.4, length + 0.2 * j, 8)
        swing = 0.13 * np.sin(np.linspace(0, 3.2 * np.pi, 8) + (0.6 * j)) * np.linspace(0.2, 1, 8)
        x = u * (1.1 + 0.32 * np.linspace(0, 1, 8)) * hair.volume + swing * (1 if u > 0 else -1)
        locks.append((np.stack([x, y], axis=1), 0.52))
    mass = spline(
        [
            [-1.1, -0.4],
            [1.1, -0.4],
            [1.3, length * 0.5],
            [0.95, length * 0.8],
            [-0.95, length * 0.8],
            [-1.3, length * 0.5],
        ],
        closed=True,
        steps=5,
    )
    return [locks_cel(rig, "hair_back", locks, [_cap(rig), mass], dark=0.3)]


def _short(rig: Rig) -> list[Cel]:
    locks = _fan(rig, 8, 1.1, 0.86, 0.46, 0.02, flare=0.9)
    return [locks_cel(rig, "hair_back", locks, [_cap(rig, 1.17, 0.72)], dark=0.3)]


def _spiky(rig: Rig) -> list[Cel]:
    locks = spikes(rig, 15, -220, 40, 1.56, 0.62)
    locks += _fan(rig, 7, 1.05, 0.95, 0.42, 0.02, flare=0.95)
    return [locks_cel(rig, "hair_back", locks, [_cap(rig, 1.14, 0.7)], dark=0.25, root=1.0)]


def _twin_tails(rig: Rig) -> list[Cel]:
    hair = rig.character.hair
    length = 2.0 + 1.8 * hair.length
    y = -0.75 if hair.jitter[30] > -0.2 else 0.05
    cels = [
        tail(rig, f"tail_{name}", (side * 1.02, y), side, length, 0.95, 0.6)
        for side, name in ((-1, "left"), (1, "right"))
    ]
    return [*cels, *_short(rig)]


def _ponytail(rig: Rig) -> list[Cel]:
    side = float(rig.character.side)
    hanging = tail(rig, "tail", (side * 0.45, -1.2), side, 2.6 + 1.4 * rig.character.hair.length, 1.2, 1.3)
    return [hanging, *_short(rig)]


def _side_tail(rig: Rig) -> list[Cel]:
    side = float(rig.character.side)
    return [tail(rig, "tail", (side * 0.98, -0.5), side, 2.2 + rig.character.hair.length, 1.15, 0.5), *_short(rig)]


def _buns(rig: Rig) -> list[Cel]:
    hair = rig.character.hair
    cels = []
    for side, name in ((-1, "left"), (1, "right")):
        cel = rig.cel(f"bun_{name}", "hair", hair.color)
        center = (side * 0.86, -1.22)
        ball = rig.on_head(arc(center, 0.44, 0.42), -0.2)
        cel.body([ball], hair.color, width=1.1)
        a, b = rig.on_head([(center[0] - 0.2, center[1] - 0.3), (center[0] + 0.3, center[1] + 0.4)], -0.2)
        cel.tint(ball, shade(hair.color, 1.2), 0.9, [*a, *b])
        cel.fill(rig.on_head(arc((center[0] - 0.12, center[1] - 0.16), 0.14, 0.08, n=16), -0.2), light(hair.color), 0.8)
        for k in range(3):
            swirl = arc(
                (center[0] + 0.02 * k, center[1] + 0.03 * k),
                0.36 - 0.1 * k,
                0.34 - 0.1 * k,
                30 + 70 * k,
                190 + 70 * k,
                n=16,
            )
            cel.stroke(rig.on_head(swirl, -0.2), 0.8, start=0.0, end=0.5, covers=False)
        cels.append(cel)
    return [*cels, *_short(rig)]


def _braid(rig: Rig) -> list[Cel]:
    return _bob(rig) if rig.character.hair.length < 0.25 else _short(rig)


_STYLES: dict[str, Callable[[Rig], list[Cel]]] = {
    "bob": _bob,
    "long": _long,
    "wavy": _wavy,
    "short": _short,
    "spiky": _spiky,
    "twin_tails": _twin_tails,
    "ponytail": _ponytail,
    "side_tail": _side_tail,
    "buns": _buns,
    "braid": _braid,
}
