"""Things that look like parts and are none: posters with faces, plush with eyes, curtains of hair colour.

All of them are labelled background.

Those behind the character hang or stand beside the head; those in front (a mug that is held, leaves at the border)
cover parts of the character.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kirie.synth.canvas import Cel
from kirie.synth.curves import Frame, arc, bezier, joined, mirrored, spline, strand
from kirie.synth.palette import Color, hair_color, light, line, mix, rgb, shade, skin_color
from kirie.synth.patterns import heart
from kirie.synth.rig import Rig


def behind(rng: np.random.Generator, rig: Rig, size: int) -> list[Cel]:
    """Up to three distractors between the backdrop and the character."""
    cels: list[Cel] = []
    count = int(rng.choice([0, 1, 2, 3], p=(0.3, 0.36, 0.24, 0.1)))
    kinds = rng.choice(list(_BEHIND), size=count, replace=False)
    sides = rng.permutation([-1, 1, -1])[:count]
    for kind, side in zip(kinds, sides, strict=True):
        cels.append(_BEHIND[str(kind)](rng, rig, size, int(side)))
    return cels


def in_front(rng: np.random.Generator, rig: Rig, size: int) -> list[Cel]:
    """What a hand holds, and now and then leaves or petals before the camera."""
    cels: list[Cel] = []
    if "hold" in {rig.pose.left, rig.pose.right}:
        cels.append(_held(rng, rig))
    if rng.random() < 0.14:
        cels.append(_leaves(rng, size))
    elif rng.random() < 0.14:
        cels.append(_petals(rng, size))
    return cels


def _cel(name: str, color: Color, size: int) -> Cel:
    return Cel(name, "background", line(color), max(0.75, size / 256))


def _spot(rng: np.random.Generator, size: int, side: int, low: float, high: float) -> tuple[float, float]:
    return size * (0.5 + side * rng.uniform(0.27, 0.44)), size * rng.uniform(low, high)


def _poster(rng: np.random.Generator, _rig: Rig, size: int, side: int) -> Cel:
    """A picture on the wall with a face, hair and eyes of its own."""
    x, y = _spot(rng, size, side, 0.2, 0.55)
    r = size * rng.uniform(0.09, 0.15)
    frame = Frame.placed(x, y, degrees=rng.uniform(-8, 8), scale=r)
    paper = rgb(rng.uniform(0, 360), rng.uniform(0.05, 0.4), 0.95)
    cel = _cel("poster", paper, size)
    cel.body([frame.apply([[-1, -1.35], [1, -1.35], [1, 1.35], [-1, 1.35]])], (250, 247, 240))
    cel.fill(frame.apply([[-0.88, -1.22], [0.88, -1.22], [0.88, 1.22], [-0.88, 1.22]]), paper)
    skin, hair = skin_color(rng), hair_color(rng)
    cel.fill(frame.apply(np.clip(arc((0, -0.1), 0.8, 0.82), -0.88, 0.88)), shade(hair, 0.6))
    cel.fill(
        frame.apply(spline([[-0.86, 1.22], [-0.5, 0.75], [0.5, 0.75], [0.86, 1.22]])),
        rgb(rng.uniform(0, 360), 0.5, 0.8),
    )
    face = frame.apply(
        spline(
            [[0, -0.6], [0.55, -0.3], [0.55, 0.25], [0.2, 0.62], [0, 0.7], [-0.2, 0.62], [-0.55, 0.25], [-0.55, -0.3]],
            closed=True,
        )
    )
    cel.fill(face, skin)
    cel.stroke(joined(face, face[:1]), 0.7, covers=False)
    iris = rgb(rng.uniform(0, 360), 0.7, 0.7)
    for s in (-1, 1):
        cel.fill(frame.apply(arc((s * 0.27, 0.12), 0.15, 0.17, n=18)), (252, 250, 252))
        cel.fill(frame.apply(arc((s * 0.27, 0.13), 0.1, 0.15, n=16)), iris)
        cel.fill(frame.apply(arc((s * 0.27, 0.13), 0.05, 0.08, n=12)), shade(iris, 2.4))
        cel.stroke(frame.apply(bezier([[s * 0.1, 0.06], [s * 0.28, -0.14], [s * 0.46, 0.08]])), 1.2, covers=False)
    cel.stroke(frame.apply(bezier([[-0.1, 0.44], [0, 0.5], [0.1, 0.44]])), 0.8, covers=False)
    bangs = joined(
        arc((0, -0.12), 0.8, 0.82, 180, 360, n=24),
        [[0.7, 0.1], [0.45, -0.25], [0.3, -0.02], [0.05, -0.3], [-0.2, 0.0], [-0.45, -0.28], [-0.7, 0.1]],
    )
    piece = frame.apply(np.clip(bangs, -0.88, 0.88))
    cel.fill(piece, hair)
    cel.stroke(joined(piece, piece[:1]), 0.7, covers=False)
    return cel


def _plush(rng: np.random.Generator, rig: Rig, size: int, side: int) -> Cel:
    """A soft animal with button eyes."""
    x, y = _spot(rng, size, side, 0.62, 0.86)
    frame = Frame.placed(x, y, degrees=rng.uniform(-14, 14), scale=size * rng.uniform(0.09, 0.15))
    fur = (
        mix(rig.character.skin, (255, 255, 255), 0.1)
        if rng.random() < 0.1
        else rgb(rng.choice([330, 210, 50, 130, 270]), rng.uniform(0.1, 0.45), rng.uniform(0.65, 0.98))
    )
    cel = _cel("plush", fur, size)
    tall = rng.random() < 0.4
    ears = [arc((s * 0.55, -0.95 if tall else -0.72), 0.24 if tall else 0.32, 0.62 if tall else 0.32) for s in (-1, 1)]
    body = [arc((0, 1.15), 0.72, 0.8), *[arc((s * 0.66, 0.95), 0.24, 0.36) for s in (-1, 1)]]
    cel.body([frame.apply(shape) for shape in (*ears, *body, arc((0, 0), 0.92, 0.78))], fur)
    cel.stroke(frame.apply(arc((0, 0), 0.92, 0.78, 10, 170)), 0.9, covers=False)
    for ear in ears:
        cel.fill(frame.apply(ear.mean(axis=0) + (ear - ear.mean(axis=0)) * 0.55), mix(fur, (250, 170, 180), 0.6))
    cel.fill(frame.apply(arc((0, 0.24), 0.36, 0.27)), light(fur, 0.6))
    for s in (-1, 1):
        cel.fill(frame.apply(arc((s * 0.38, -0.06), 0.13, 0.15, n=18)), (44, 30, 36))
        cel.fill(frame.apply(arc((s * 0.38 - 0.04, -0.11), 0.045, 0.05, n=10)), (255, 255, 255))
        cel.fill(frame.apply(arc((s * 0.6, 0.22), 0.15, 0.09, n=16)), (250, 150, 160), 0.6)
    cel.fill(frame.apply(arc((0, 0.12), 0.1, 0.07, n=12)), (70, 40, 46))
    cel.stroke(frame.apply(bezier([[-0.14, 0.28], [0, 0.42], [0.14, 0.28]])), 0.9, covers=False)
    return cel


def _curtain(rng: np.random.Generator, rig: Rig, size: int, side: int) -> Cel:
    """Cloth that hangs in folds, of the character's hair colour as often as not."""
    color = rig.character.hair.color if rng.random() < 0.6 else rgb(rng.uniform(0, 360), 0.4, 0.85)
    cel = _cel("curtain", color, size)
    edge, inner = (0.0, rng.uniform(0.16, 0.3)) if side < 0 else (1.0, rng.uniform(0.7, 0.84))
    path = spline(
        [[inner, -0.02], [inner + 0.02 * side, 0.3], [inner + 0.05 * side, 0.62], [inner - 0.01, 1.02]], steps=8
    )
    out = edge + 0.02 * side
    cel.body([joined(path, [[out, 1.02], [out, -0.02]]) * size], color)
    for k in range(1, 7):
        share = k / 7
        fold = path * (1 - share, 1) + (share * out, 0)
        deep = fold + np.array([0.018, 0])
        cel.fill(joined(fold, deep[::-1]) * size, shade(color, 0.9))
        cel.stroke(fold * size, 0.7, start=0.3, end=0.6, covers=False)
    return cel


def _plant(rng: np.random.Generator, _rig: Rig, size: int, side: int) -> Cel:
    """A potted plant whose leaves fall like locks of hair."""
    x, _ = _spot(rng, size, side, 0, 1)
    base, s = size * rng.uniform(0.84, 1.0), size * rng.uniform(0.14, 0.22)
    green = rgb(rng.uniform(85, 165), rng.uniform(0.35, 0.6), rng.uniform(0.45, 0.8))
    cel = _cel("plant", green, size)
    leaves = []
    for a in np.linspace(-1.2, 1.2, 9) + rng.uniform(-0.12, 0.12, 9):
        reach = s * rng.uniform(1.1, 1.9)
        tip = (x + np.sin(a) * reach, base - np.cos(a) * reach)
        leaves.append(strand([(x, base), (x + np.sin(a) * reach * 0.4, base - reach * 0.65), tip], s * 0.3, root=0.2))
    cel.body(leaves, green)
    for k, leaf in enumerate(leaves):
        cel.fill(leaf, green if k % 2 else light(green, 0.14))
        cel.stroke(leaf[: len(leaf) // 2], 0.8, covers=False)
    pot = [
        [x - s * 0.42, base - s * 0.05],
        [x + s * 0.42, base - s * 0.05],
        [x + s * 0.3, base + s * 0.8],
        [x - s * 0.3, base + s * 0.8],
    ]
    clay = rgb(rng.uniform(8, 30), 0.5, 0.8)
    cel.outline(pot, 2)
    cel.cover(pot, clay)
    return cel


def _shapes(rng: np.random.Generator, rig: Rig, size: int, side: int) -> Cel:
    """Balloons of skin, hair and clothes colours, some with a face drawn on."""
    palette = (rig.character.skin, rig.character.hair.color, rig.character.outfit.color)
    cel = _cel("balloons", palette[int(rng.integers(0, 3))], size)
    for _ in range(int(rng.integers(1, 4))):
        x, y = _spot(rng, size, side, 0.1, 0.6)
        r = size * rng.uniform(0.06, 0.11)
        color = palette[int(rng.integers(0, 3))]
        shape = joined(arc((x, y), r, r * 1.15, 100, 440, n=40), [[x, y + r * 1.3]])
        cel.stroke(bezier([[x, y + r * 1.25], [x + r * 0.6, y + r * 2.4], [x - side * r * 0.3, size * 1.02]], 20), 0.8)
        cel.body([shape], color)
        cel.tint(shape, shade(color), 0.9, [x, y, x + r, y + r])
        cel.fill(arc((x - r * 0.4, y - r * 0.5), r * 0.2, r * 0.3, n=16), (255, 255, 255), 0.7)
        if rng.random() < 0.4:
            for s in (-1, 1):
                cel.fill(arc((x + s * r * 0.35, y), r * 0.13, r * 0.2, n=14), (50, 34, 44))
                cel.fill(arc((x + s * r * 0.35 - r * 0.04, y - r * 0.07), r * 0.05, r * 0.06, n=8), (255, 255, 255))
            cel.stroke(
                bezier([[x - r * 0.2, y + r * 0.35], [x, y + r * 0.52], [x + r * 0.2, y + r * 0.35]]), 0.9, covers=False
            )
    return cel


def _mask(rng: np.random.Generator, _rig: Rig, size: int, side: int) -> Cel:
    """A round lamp or a festival mask: a face without a person."""
    x, y = _spot(rng, size, side, 0.14, 0.5)
    frame = Frame.placed(x, y, degrees=rng.uniform(-16, 16), scale=size * rng.uniform(0.08, 0.12))
    cel = _cel("mask", (246, 240, 232), size)
    half = [[0, 0.95], [0.5, 0.72], [0.86, 0.1], [0.8, -0.4], [0.92, -1.1], [0.42, -0.72], [0, -0.7]]
    outline = spline(joined(half, mirrored(half[1:-1])[::-1]), closed=True, steps=5)
    cel.body([frame.apply(outline)], (248, 243, 236))
    red = rgb(rng.choice([355, 210, 270]), 0.7, 0.85)
    for s in (-1, 1):
        cel.stroke(
            frame.apply(bezier([[s * 0.2, 0.06], [s * 0.42, -0.24], [s * 0.68, -0.16]])),
            2.6,
            color=(46, 32, 40),
            start=0.3,
            end=0.5,
            covers=False,
        )
        cel.fill(frame.apply([[s * 0.62, -0.52], [s * 0.84, -0.96], [s * 0.72, -0.44]]), red)
        cel.fill(frame.apply(arc((s * 0.58, 0.2), 0.12, 0.1, n=14)), red, 0.8)
    cel.fill(frame.apply(arc((0, 0.42), 0.09, 0.06, n=12)), red)
    cel.stroke(frame.apply(bezier([[-0.2, 0.6], [0, 0.72], [0.2, 0.6]])), 1.0, covers=False)
    return cel


def _held(rng: np.random.Generator, rig: Rig) -> Cel:
    """A mug or a book between the hands, with a face or a heart on it."""
    color = rgb(rng.uniform(0, 360), rng.uniform(0.15, 0.6), rng.uniform(0.7, 0.97))
    cel = rig.cel("held", "background", color)
    side = 1.0 if rig.pose.right == "hold" else -1.0
    x = 0.0 if rig.pose.left == rig.pose.right else side * 0.18
    if rng.random() < 0.5:
        mug = [[x - 0.34, 1.0], [x + 0.34, 1.0], [x + 0.3, 1.75], [x - 0.3, 1.75]]
        cel.stroke(rig.on_body(arc((x - side * 0.36, 1.36), 0.17, 0.2)), 3.4)
        cel.stroke(rig.on_body(arc((x - side * 0.36, 1.36), 0.17, 0.2)), 1.8, color=color)
        cel.body([rig.on_body(mug), rig.on_body(arc((x, 1.0), 0.34, 0.09))], color)
        cel.fill(rig.on_body(arc((x, 1.0), 0.28, 0.06)), (120, 72, 50))
        for s in (-1, 1):
            cel.fill(rig.on_body(arc((x + s * 0.12, 1.32), 0.045, 0.06, n=12)), (50, 34, 44))
        cel.stroke(rig.on_body(bezier([[x - 0.07, 1.45], [x, 1.5], [x + 0.07, 1.45]])), 0.9, covers=False)
    else:
        cover = rig.on_body([[x - 0.55, 0.95], [x + 0.55, 0.95], [x + 0.55, 1.85], [x - 0.55, 1.85]])
        cel.body([cover], color)
        cel.fill(
            rig.on_body([[x - 0.55, 0.95], [x - 0.44, 0.95], [x - 0.44, 1.85], [x - 0.55, 1.85]]), shade(color, 1.2)
        )
        cel.fill(rig.on_body(heart(x + 0.04, 1.36, 0.2)), light(color, 0.6))
    return cel


def _leaves(rng: np.random.Generator, size: int) -> Cel:
    """Leaves that reach in at a lower corner."""
    green = rgb(rng.uniform(80, 170), rng.uniform(0.3, 0.6), rng.uniform(0.4, 0.75))
    cel = _cel("front_leaves", green, size)
    side = int(rng.choice([0, 1]))
    for _ in range(6):
        a = rng.uniform(-1.45, -0.15) if side == 0 else rng.uniform(-3.0, -1.7)
        reach = size * rng.uniform(0.2, 0.38)
        root = np.array([side * size, size * 1.02])
        tip = root + reach * np.array([np.cos(a), np.sin(a)])
        leaf = strand([root, (root + tip) / 2 + (0, -reach * 0.1), tip], reach * 0.3, root=0.3)
        color = mix(green, shade(green), float(rng.random()))
        cel.body([leaf], color)
        cel.stroke([root, tip], 0.7, covers=False)
    return cel


def _petals(rng: np.random.Generator, size: int) -> Cel:
    """Petals in the air, some of them before the face."""
    pink = rgb(rng.choice([345, 340, 30, 50]), rng.uniform(0.2, 0.5), 0.98)
    cel = _cel("petals", pink, size)
    for _ in range(int(rng.integers(5, 12))):
        x, y = rng.uniform(0, size, 2)
        frame = Frame.placed(x, y, degrees=rng.uniform(0, 360), scale=size * rng.uniform(0.012, 0.024))
        petal = [[0.0, -1.0], [0.62, -0.2], [0.4, 0.9], [0.0, 0.66], [-0.4, 0.9], [-0.62, -0.2]]
        cel.body([frame.apply(spline(petal, closed=True, steps=4))], pink, width=0.6)
    return cel


_Behind = Callable[[np.random.Generator, Rig, int, int], Cel]
_BEHIND: dict[str, _Behind] = {
    "poster": _poster,
    "plush": _plush,
    "curtain": _curtain,
    "plant": _plant,
    "balloons": _shapes,
    "mask": _mask,
}
