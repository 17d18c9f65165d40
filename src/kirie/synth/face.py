"""The head without eyes and hair: ears, face, blush, nose, brows and mouth."""

from __future__ import annotations

import numpy as np

from kirie.synth.canvas import Cel
from kirie.synth.curves import Points, arc, bezier, joined, mirrored, spline
from kirie.synth.palette import Color, line, mix, rgb, shade
from kirie.synth.rig import Rig


def face_outline(rig: Rig) -> Points:
    """The face's silhouette in pixels: broad at the temples, full cheeks, a small chin."""
    jaw, chin = rig.character.jaw, rig.character.chin
    half = np.array(
        [
            [0.0, -1.12],
            [0.55, -1.02],
            [0.9, -0.62],
            [0.985, -0.1],
            [0.965, 0.28],
            [0.86 * jaw, 0.62],
            [0.6 * jaw, 0.9 * chin],
            [0.27 * jaw, 1.085 * chin],
            [0.0, 1.145 * chin],
        ]
    )
    ring = joined(half, mirrored(half[1:-1])[::-1])
    # a turned face shows its chin aside and flattens its far cheek
    turn = rig.pose.turn
    ring[:, 0] += 0.11 * turn * np.clip((ring[:, 1] + 0.2) / 1.3, 0, 1)
    return rig.on_head(spline(ring, closed=True, steps=6), depth=0.25)


def ears(rig: Rig) -> list[Cel]:
    """Both ears; they belong to the face."""
    skin = rig.character.skin
    cels = []
    for side, name in ((-1, "left"), (1, "right")):
        cel = rig.cel(f"ear_{name}", "face", skin)
        far = max(0.0, rig.pose.turn * side)
        x = side * (0.985 - 0.16 * far)
        shape = rig.on_head(
            spline(
                [
                    [x - side * 0.1, 0.0],
                    [x + side * 0.12, -0.06],
                    [x + side * 0.17, 0.12],
                    [x + side * 0.08, 0.34],
                    [x - side * 0.06, 0.42],
                ],
                steps=6,
            ),
            -0.1,
        )
        cel.body([shape], skin)
        inner = rig.on_head(bezier([[x + side * 0.1, 0.03], [x + side * 0.03, 0.06], [x + side * 0.05, 0.27]]), -0.1)
        cel.fill(np.concatenate([inner, rig.on_head([[x, 0.3]], -0.1)]), shade(skin, 0.8))
        cel.stroke(inner, 0.7, end=0.3, start=0.3)
        cels.append(cel)
    return cels


def face(rig: Rig) -> Cel:
    """The face with blush, nose and brows drawn on it."""
    skin = rig.character.skin
    cel = rig.cel("face", "face", skin)
    outline = face_outline(rig)
    cel.body([outline], skin)
    # a soft plane of shadow along the lower far cheek, as light falls from the upper left
    low = rig.on_head([[0.3, 0.6], [0.95, 1.15]], 0.4)
    cel.tint(outline, shade(skin), 0.55, [*low[0], *low[1]])
    _blush(cel, rig)
    _nose(cel, rig)
    return cel


def brows(rig: Rig) -> Cel:
    """Both brows; they belong to the face."""
    hair = rig.character.hair.color
    ink = mix(line(hair), shade(hair), 0.25)
    cel = rig.cel("brows", "face", hair)
    for side in (-1, 1):
        slope = 0.12 * rig.pose.brows
        lift = -0.05 if rig.pose.eyes in {"wide", "closed_happy"} else 0.0
        knots = [
            [side * 0.22, -0.2 + slope + lift],
            [side * 0.46, -0.29 + lift],
            [side * 0.7, -0.19 - slope * 0.6 + lift],
        ]
        cel.stroke(rig.on_head(bezier(knots)), 1.9, color=ink, start=0.75, end=0.15)
    return cel


def _blush(cel: Cel, rig: Rig) -> None:
    skin = rig.character.skin
    rosy = mix(rgb(352, 0.5, 1.0), skin, 0.25)
    strength = min(1.0, rig.character.blush * rig.pose.mood)
    for side in (-1, 1):
        for k in range(5):
            spot = arc((side * 0.6, 0.6), 0.26 - 0.04 * k, 0.135 - 0.021 * k, n=20)
            cel.fill(rig.on_head(spot), rosy, opacity=0.16 * strength + 0.03)
        if strength > 0.75:
            for k in range(3):
                x = side * 0.6 + (k - 1) * 0.09
                cel.stroke(
                    rig.on_head([[x + 0.025, 0.555], [x - 0.025, 0.645]]),
                    0.6,
                    color=mix(rosy, rgb(350, 0.7, 0.85), 0.6),
                    covers=False,
                )


def _nose(cel: Cel, rig: Rig) -> None:
    skin = rig.character.skin
    aside = 1 if rig.pose.turn >= 0 else -1
    cel.fill(rig.on_head([[0.0, 0.5], [aside * 0.055, 0.585], [-aside * 0.03, 0.595]], 1.25), shade(skin, 0.85))
    cel.stroke(rig.on_head([[aside * 0.055, 0.58], [aside * 0.0, 0.6]], 1.25), 0.75, start=0.6, end=0.6, covers=False)


def mouth(rig: Rig) -> list[Cel]:
    """The mouth: its lines and, when open, its cavity, teeth and tongue."""
    skin = rig.character.skin
    ink = mix(line(skin), (120, 40, 50), 0.4)
    cel = Cel("mouth", "mouth", ink, rig.pen)
    kind, y = rig.pose.mouth, 0.815
    if kind in {"smile", "line", "frown", "wavy", "cat"}:
        for curve in _MOUTH_LINES[kind]:
            cel.stroke(rig.on_head(spline(np.asarray(curve) + np.array([0, y]))), 1.3, start=0.45, end=0.45)
        if kind in {"smile", "frown"}:
            lip = rig.on_head([[-0.06, y + 0.11], [0.06, y + 0.11]])
            cel.stroke(lip, 0.6, color=shade(skin), start=0.3, end=0.3)
        return [cel]
    shape = _cavity(kind) + np.array([0, y])
    pixels = rig.on_head(shape, 1.0)
    dark: Color = (150, 52, 66)
    cel.body([pixels], dark, width=1.05)
    if kind in {"open", "grin"}:
        tongue = arc((0.0, y + shape[:, 1].max() - y + 0.03), 0.15, 0.11, n=20)
        cel.fill(rig.on_head(tongue), (232, 116, 122))
        top = shape[:, 1].min()
        depth = 0.1 if kind == "grin" else 0.055
        cel.fill(
            rig.on_head([[-0.3, top - 0.05], [0.3, top - 0.05], [0.22, top + depth], [-0.22, top + depth]]),
            (255, 252, 250),
        )
    else:
        cel.fill(rig.on_head(arc((0, y + 0.07), 0.07, 0.05, n=16)), (226, 108, 116))
    cel.outline(pixels, 0.9)
    return [cel]


def _cavity(kind: str) -> Points:
    if kind == "small_o":
        return arc((0, 0.02), 0.085, 0.1, n=24)
    wide, deep = (0.25, 0.21) if kind == "open" else (0.27, 0.13)
    return spline(
        [
            [-wide, -0.05],
            [-wide * 0.45, -0.025],
            [0, -0.035],
            [wide * 0.45, -0.025],
            [wide, -0.05],
            [wide * 0.62, deep * 0.72],
            [0, deep],
            [-wide * 0.62, deep * 0.72],
        ],
        closed=True,
        steps=5,
    )


_MOUTH_LINES: dict[str, list[list[list[float]]]] = {
    "smile": [[[-0.2, -0.03], [-0.1, 0.025], [0.0, 0.042], [0.1, 0.025], [0.2, -0.03]]],
    "line": [[[-0.12, 0.0], [0.0, 0.008], [0.12, 0.0]]],
    "frown": [[[-0.15, 0.035], [0.0, -0.012], [0.15, 0.035]]],
    "wavy": [[[-0.2, 0.01], [-0.11, -0.022], [-0.03, 0.02], [0.05, -0.022], [0.12, 0.02], [0.2, -0.01]]],
    "cat": [
        [[-0.2, -0.035], [-0.16, 0.022], [-0.08, 0.035], [0.0, -0.025]],
        [[0.0, -0.025], [0.08, 0.035], [0.16, 0.022], [0.2, -0.035]],
    ],
}
