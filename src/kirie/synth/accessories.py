"""What a character wears on the head and neck, and which label each thing takes.

What sits in the hair and is of a piece with it (ribbon, clip, flower, headband, cat ears) is hair. What is put on
like a garment (hat, beanie, choker) is clothes. Earrings belong to the face. Glasses take no label of their own: a
frame belongs to what it lies on.
"""

from __future__ import annotations

import numpy as np

from kirie.synth.canvas import Cel
from kirie.synth.curves import arc, bezier, joined, spline
from kirie.synth.headwear import beanie, cat_ears, hat, headband
from kirie.synth.palette import WHITE, light, mix, rgb, shade
from kirie.synth.patterns import heart, star
from kirie.synth.rig import Rig


def behind_head(rig: Rig) -> list[Cel]:
    """What lies behind the crown: cat ears, a hat's far brim, a big ribbon."""
    cels: list[Cel] = []
    worn, side = rig.character.accessories, float(rig.character.side)
    if "cat_ears" in worn:
        cels.append(cat_ears(rig))
    if "hat" in worn:
        color = rig.character.outfit.color
        brim = rig.cel("hat_brim_back", "clothes", color)
        brim.body([rig.on_head(arc((0, -0.78), 1.85, 0.62), 0.0)], shade(color, 1.1))
        cels.append(brim)
    if "ribbon" in worn and rig.character.hair.back in {"ponytail", "bob", "long"}:
        cels.append(_ribbon(rig, "ribbon", side * 0.5, -1.42, 0.62))
    return cels


def neckwear(rig: Rig) -> list[Cel]:
    """A choker."""
    if "choker" not in rig.character.accessories or rig.character.outfit.kind in {"sweater"}:
        return []
    color = mix(rig.character.trim, (40, 30, 50), 0.6)
    cel = rig.cel("choker", "clothes", color)
    band = spline([[-0.285, -0.08], [0, 0.0], [0.285, -0.08]], steps=5)
    cel.body([rig.on_body(joined(band, (band + np.array([0, 0.11]))[::-1]))], color, width=0.8)
    cel.cover(rig.on_body(heart(0.0, 0.16, 0.07)), light(rig.character.trim, 0.3))
    return [cel]


def earrings(rig: Rig) -> list[Cel]:
    """A drop, a ring or a star at each ear."""
    if "earrings" not in rig.character.accessories:
        return []
    color = rig.character.trim
    cel = rig.cel("earrings", "face", color)
    kind = int(abs(rig.character.hair.jitter[47]) * 3)
    for side in (-1, 1):
        x, y = side * 0.99, 0.55
        shape = [arc((x, y), 0.075, 0.11, n=18), star(x, y, 0.13), heart(x, y, 0.1)][min(kind, 2)]
        cel.body([rig.on_head(shape, -0.1)], light(color, 0.15), width=0.8)
    return [cel]


def glasses(rig: Rig) -> list[Cel]:
    """Frames and a gleam on the lenses; without a label of their own."""
    if "glasses" not in rig.character.accessories:
        return []
    color = mix(rig.character.trim, (50, 36, 44), 0.55)
    cel = rig.cel("glasses", None, color)
    cel.ink = color
    round_ = rig.character.hair.jitter[44] > 0
    for side in (-1, 1):
        x = side * 0.47
        shape = (
            arc((x, 0.28), 0.4, 0.37)
            if round_
            else spline(
                [[x - 0.42, 0.04], [x + 0.42, 0.04], [x + 0.37, 0.5], [x, 0.6], [x - 0.37, 0.5]], closed=True, steps=6
            )
        )
        cel.outline(rig.on_head(shape, 1.15), 1.25)
        cel.stroke(rig.on_head([[side * 0.87, 0.2], [side * 1.0, 0.14]], 0.9), 1.25)
        gleam = [[x + 0.1, 0.03], [x + 0.2, 0.03], [x + 0.02, 0.34], [x - 0.05, 0.34]]
        cel.stroke(rig.on_head([gleam[0], gleam[3]], 1.15), 0.9, color=WHITE, start=0.3, end=0.3)
    cel.stroke(rig.on_head(bezier([[-0.08, 0.2], [0, 0.13], [0.08, 0.2]], 6), 1.15), 1.25)
    return [cel]


def on_hair(rig: Rig) -> list[Cel]:
    """What lies over the front hair: headband, clips, flower, ribbons, hat or beanie."""
    worn, side = rig.character.accessories, float(rig.character.side)
    trim, back = rig.character.trim, rig.character.hair.back
    cels: list[Cel] = []
    if "headband" in worn:
        cels.append(headband(rig))
    if "clip" in worn:
        cels.append(_clips(rig, side))
    if "flower" in worn:
        cels.append(_flower(rig, side))
    if back == "twin_tails" and "hat" not in worn:
        y = -0.75 if rig.character.hair.jitter[30] > -0.2 else 0.05
        for turn, name in ((-1, "left"), (1, "right")):
            if rig.character.hair.jitter[31] > -0.3:
                cels.append(_ribbon(rig, f"ribbon_{name}", turn * 1.08, y, 0.36))
            else:
                band = rig.cel(f"band_{name}", "hair", trim)
                band.body([rig.on_head(arc((turn * 1.1, y), 0.14, 0.2), 0.0)], trim)
                cels.append(band)
    elif "ribbon" in worn and back not in {"ponytail", "bob", "long"}:
        cels.append(_ribbon(rig, "ribbon", side * 0.82, -0.92, 0.42))
    if "beanie" in worn:
        cels.append(beanie(rig))
    if "hat" in worn:
        cels.append(hat(rig))
    return cels


def _ribbon(rig: Rig, name: str, x: float, y: float, r: float) -> Cel:
    color = rig.character.trim
    cel = rig.cel(name, "hair", color)
    loops, ends = [], []
    for s in (-1, 1):
        loops.append(
            rig.on_head(
                spline(
                    [
                        [x, y],
                        [x + s * r * 0.75, y - r * 0.62],
                        [x + s * r * 1.15, y - r * 0.05],
                        [x + s * r * 0.78, y + r * 0.5],
                    ],
                    closed=True,
                ),
                0.1,
            )
        )
        ends.append(
            rig.on_head(
                [
                    [x, y],
                    [x + s * r * 0.2, y + r * 0.9],
                    [x + s * r * 0.55, y + r * 1.3],
                    [x + s * r * 0.75, y + r * 0.95],
                ],
                0.1,
            )
        )
    cel.body([*ends, *loops], color)
    for end in ends:
        cel.fill(end, shade(color, 0.8))
        cel.stroke(joined(end, end[:1]), 0.9, covers=False)
    middle = rig.on_head([[x, y]], 0.1)[0]
    for loop in loops:
        cel.fill(loop, color)
        cel.tint(loop, shade(color, 1.3), 0.95, [*(loop.mean(axis=0) * 1.1 - middle * 0.1), *middle])
        cel.stroke(joined(loop, loop[:1]), 0.9, covers=False)
    knot = rig.on_head(arc((x, y), r * 0.2, r * 0.24, n=16), 0.1)
    cel.fill(knot, light(color, 0.2))
    cel.stroke(joined(knot, knot[:1]), 0.9, covers=False)
    return cel


def _clips(rig: Rig, side: float) -> Cel:
    color = rig.character.trim
    cel = rig.cel("clip", "hair", color)
    kind = rig.character.hair.jitter[42]
    if kind > 0.3:
        shape = rig.on_head(star(side * 0.72, -0.38, 0.2), 0.6)
        cel.body([shape], light(color, 0.1))
    else:
        for k in (0.0, 0.15):
            bar = [[side * 0.56, -0.5 + k], [side * 0.9, -0.38 + k], [side * 0.89, -0.3 + k], [side * 0.55, -0.42 + k]]
            cel.body([rig.on_head(bar, 0.6)], color)
            if kind < -0.4:
                cross = [
                    [side * 0.66, -0.54 + k * 2],
                    [side * 0.74, -0.56 + k * 2],
                    [side * 0.82, -0.22 + k],
                    [side * 0.74, -0.2 + k],
                ]
                cel.body([rig.on_head(cross, 0.6)], color)
                break
    return cel


def _flower(rig: Rig, side: float) -> Cel:
    color = light(rig.character.trim, 0.35)
    cel = rig.cel("flower", "hair", color)
    x, y = -side * 0.92, -0.62
    petals = [
        rig.on_head(arc((x + 0.15 * np.cos(a), y + 0.15 * np.sin(a)), 0.13, 0.13, n=18), 0.4)
        for a in np.arange(5) * 2 * np.pi / 5 - 0.3
    ]
    cel.body(petals, color)
    center = rig.on_head([[x, y]], 0.4)[0]
    for petal in petals:
        cel.stroke(joined(petal, petal[:1]), 0.7, covers=False)
    for petal in petals:
        cel.fill(petal, color)
        cel.tint(petal, mix(rig.character.trim, rgb(340, 0.6, 0.9), 0.4), 0.7, [*petal.mean(axis=0), *center])
    cel.fill(rig.on_head(arc((x, y), 0.07, 0.07, n=14), 0.4), (250, 214, 90))
    return cel
