"""Clothes on the torso: one function per kind. Sleeves are drawn with the arms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kirie.synth.body import torso_outline
from kirie.synth.canvas import Cel
from kirie.synth.curves import arc, bezier, joined, mirrored, spline
from kirie.synth.garment import bow, folds, garment
from kirie.synth.palette import WHITE, light, mix, shade
from kirie.synth.patterns import heart, pattern, star
from kirie.synth.rig import Rig

BARE_SHOULDERS = {"dress"}


def clothes_behind(rig: Rig) -> list[Cel]:
    """What lies behind the neck: a hood, the back of a collar."""
    outfit = rig.character.outfit
    if outfit.kind == "hoodie":
        cel = rig.cel("hood_back", "clothes", outfit.color)
        hood = rig.on_body(
            spline(
                [[-0.95, 0.3], [-0.98, -0.25], [-0.5, -0.62], [0.5, -0.62], [0.98, -0.25], [0.95, 0.3], [0, 0.5]],
                closed=True,
            )
        )
        cel.body([hood], shade(outfit.color, 1.1))
        return [cel]
    if outfit.kind in {"blazer", "kimono", "shirt"}:
        cel = rig.cel("collar_back", "collar", outfit.second)
        cel.body(
            [rig.on_body([[-0.44, 0.14], [-0.3, -0.24], [0.3, -0.24], [0.44, 0.14]])],
            shade(WHITE if outfit.kind == "blazer" else outfit.second, 1.0),
        )
        return [cel]
    return []


def clothes(rig: Rig) -> list[Cel]:
    """What is worn on the torso, from the inside out."""
    return _KINDS[rig.character.outfit.kind](rig)


def _sailor(rig: Rig) -> list[Cel]:
    outfit = rig.character.outfit
    top = garment(rig, "top", mix(outfit.second, WHITE, 0.6), [[0.5, 0.16], [0.25, 0.75], [0, 1.0]], 0.06, "plain")
    collar = rig.cel("collar", "collar", outfit.color)
    b = rig.character.broad
    half = [[0.3, -0.1], [0.62, 0.08], [0.86 * b, 0.3], [0.8 * b, 0.78], [0.0, 1.42], [0.0, 1.08], [0.24, 0.6]]
    stripe = light(outfit.color, 0.85) if sum(outfit.color) < 560 else outfit.accent
    pieces = [rig.on_body(half), rig.on_body(mirrored(half))]
    collar.body(pieces, outfit.color)
    for flip in (1, -1):
        path = np.array([[0.76 * b, 0.24], [0.7 * b, 0.72], [0.0, 1.28]]) * (flip, 1)
        collar.stroke(rig.on_body(path), 1.5, color=stripe, covers=False)
        inner = np.array([[0.3, -0.1], [0.24, 0.6], [0, 1.08]]) * (flip, 1)
        collar.stroke(rig.on_body(inner), 1.0, covers=False)
    return [top, collar, bow(rig, "scarf", "clothes", outfit.accent, 0.0, 1.3, 0.48, 0.95)]


def _hoodie(rig: Rig) -> list[Cel]:
    outfit = rig.character.outfit
    top = garment(rig, "top", outfit.color, [[0.46, 0.08], [0.3, 0.42], [0, 0.55]], 0.2)
    if rig.character.hair.jitter[45] > 0:
        top.stroke(
            rig.on_body([[0, 0.5], [0, 3.6]]), 2.4, color=mix(outfit.color, shade(outfit.color, 1.5), 0.6), covers=False
        )
        top.stroke(rig.on_body([[0, 0.5], [0, 3.6]]), 0.8, color=light(outfit.second, 0.5), covers=False)
    else:
        badge = heart if rig.character.hair.jitter[46] > 0 else star
        top.fill(rig.on_body(badge(0.0, 1.75, 0.32)), outfit.accent)
    pocket = [[-0.55, 3.1], [-0.42, 2.5], [0.42, 2.5], [0.55, 3.1]]
    top.stroke(rig.on_body(pocket), 0.9, covers=False)
    hood = rig.cel("hood", "collar", outfit.color)
    half = spline(
        [[0.2, 0.52], [0.46, 0.1], [0.62, -0.3], [1.0, -0.02], [0.96, 0.42], [0.55, 0.78], [0.05, 0.86]],
        closed=True,
        steps=6,
    )
    pieces = [rig.on_body(half), rig.on_body(mirrored(half))]
    hood.body(pieces, outfit.color)
    a, c = rig.on_body([[0.0, 0.25], [0.0, 0.95]])
    for piece in pieces:
        hood.tint(piece, shade(outfit.color, 1.1), 0.8, [*a, *c])
        hood.stroke(joined(piece, piece[:1]), 1.0, covers=False)
    for side in (-1, 1):
        hood.stroke(
            rig.on_body(bezier([[side * 0.22, 0.62], [side * 0.26, 1.0], [side * 0.2, 1.4]])),
            1.7,
            color=light(outfit.second, 0.6),
        )
        hood.stroke(rig.on_body([[side * 0.2, 1.36], [side * 0.2, 1.52]]), 2.4, color=outfit.accent)
    return [top, hood]


def _dress(rig: Rig) -> list[Cel]:
    outfit = rig.character.outfit
    cel = garment(
        rig, "dress", outfit.color, [[0.86, 1.05], [0.5, 0.86], [0.25, 0.92], [0, 1.02]], 0.03, hem=9.0, flare=1.1
    )
    for side in (-1, 1):
        strap = rig.on_body([[side * 0.5, 0.92], [side * 0.62, 0.88], [side * 0.6, 0.16], [side * 0.48, 0.14]])
        cel.outline(strap)
        cel.cover(strap, outfit.color)
    frill = []
    xs = np.linspace(-0.86, 0.86, 25)
    frill = [[x, 0.98 - 0.1 * np.exp(-((abs(x) - 0.5) ** 2) / 0.06) + 0.06 * (k % 2)] for k, x in enumerate(xs)]
    lower = [[x, y + 0.2] for x, y in reversed(frill)]
    lace = rig.on_body(joined(frill, lower))
    pale = light(outfit.second, 0.6)
    cel.outline(lace)
    cel.cover(lace, pale)
    for x, y in frill[1::3]:
        cel.stroke(rig.on_body([[x, y + 0.02], [x * 0.98, y + 0.16]]), 0.7, start=0.6, end=0.0, covers=False)
    belt = rig.on_body([[-1.2, 2.3], [1.2, 2.3], [1.2, 2.52], [-1.2, 2.52]])
    cel.fill(belt, outfit.accent)
    cel.stroke(rig.on_body([[-1.2, 2.3], [1.2, 2.3]]), 0.8, covers=False)
    cel.stroke(rig.on_body([[-1.2, 2.52], [1.2, 2.52]]), 0.8, covers=False)
    return [cel, bow(rig, "bow", "clothes", outfit.accent, 0.0, 1.3, 0.3, 0.5)]


def _kimono(rig: Rig) -> list[Cel]:
    outfit = rig.character.outfit
    top = garment(rig, "kimono", outfit.color, [[0.46, 0.08], [0.24, 0.55], [0, 0.9]], 0.14, hem=9.0)
    top.fill(rig.on_body([[-1.5, 2.05], [1.5, 2.05], [1.5, 3.0], [-1.5, 3.0]]), outfit.accent)
    top.fill(rig.on_body([[-1.5, 2.42], [1.5, 2.42], [1.5, 2.56], [-1.5, 2.56]]), light(outfit.second, 0.4))
    for y in (2.05, 2.42, 2.56, 3.0):
        top.stroke(rig.on_body([[-1.5, y], [1.5, y]]), 0.8, covers=False)
    collar = rig.cel("collar", "collar", outfit.second)
    pale = light(outfit.second, 0.6)
    under = [[-0.34, -0.14], [-0.5, 0.0], [-0.5, 0.3], [0.32, 1.98], [0.62, 1.98], [-0.2, 0.4]]
    over = mirrored(under)
    for shape, color in ((under, pale), (over, pale)):
        piece = rig.on_body(shape)
        collar.outline(piece, 2)
        collar.cover(piece, color)
        a, c = rig.on_body([[0, 0.4], [0, 2.0]])
        collar.tint(piece, shade(color), 0.7, [*a, *c])
    return [top, collar]


def _blazer(rig: Rig) -> list[Cel]:
    outfit = rig.character.outfit
    shirt = garment(rig, "shirt", (250, 249, 252), [[0.42, 0.08], [0.2, 0.3], [0, 0.42]], 0.0, "plain", hem=3.6)
    tie = rig.cel("tie", "clothes", outfit.accent)
    knot = rig.on_body([[-0.13, 0.38], [0.13, 0.38], [0.08, 0.6], [-0.08, 0.6]])
    blade = rig.on_body([[-0.08, 0.58], [0.08, 0.58], [0.17, 1.7], [0, 1.92], [-0.17, 1.7]])
    tie.body([blade, knot], outfit.accent)
    for y in (0.8, 1.12, 1.44):
        tie.fill(rig.on_body([[-0.3, y + 0.1], [0.3, y - 0.1], [0.3, y], [-0.3, y + 0.2]]), light(outfit.accent, 0.5))
    tie.stroke(rig.on_body([[-0.08, 0.6], [0.08, 0.6]]), 0.9, covers=False)
    jacket = rig.cel("jacket", "clothes", outfit.color)
    outline = torso_outline(rig.character.broad, 0.1)
    side = outline[3 : len(outline) // 2]
    half = joined([[0.16, 3.75], [0.1, 2.0], [0.34, 1.0], [0.46, 0.1]], side[side[:, 1] <= 3.75])
    pieces = [rig.on_body(half), rig.on_body(mirrored(half))]
    jacket.body(pieces, outfit.color)
    if outfit.pattern in {"plaid", "stripes"}:
        pattern(jacket, outfit.pattern, shade(outfit.color, 1.2), rig.on_body, scale=0.9)
    folds(jacket, rig, outfit.color, joined(pieces[0], pieces[1][::-1]))
    for piece in pieces:
        jacket.stroke(piece[:4], 1.0, covers=False)
    for flip in (1, -1):
        lapel = np.array([[0.46, 0.06], [0.78, 0.42], [0.62, 0.6], [0.72, 0.72], [0.12, 1.98], [0.34, 0.95]]) * (
            flip,
            1,
        )
        piece = rig.on_body(lapel)
        jacket.fill(piece, light(outfit.color, 0.12))
        jacket.stroke(joined(piece, piece[:1]), 0.9, covers=False)
    for y in (2.3, 2.9):
        jacket.fill(rig.on_body(arc((0.2, y), 0.075, 0.075, n=14)), light(outfit.accent, 0.5))
    collar = rig.cel("collar", "collar", WHITE)
    flap = [[0.3, -0.12], [0.5, 0.12], [0.34, 0.56], [0.02, 0.4]]
    for points in (flap, mirrored(flap)):
        piece = rig.on_body(points)
        collar.outline(piece, 2)
        collar.cover(piece, (252, 251, 254))
        collar.tint(piece, shade(WHITE), 0.8, [*piece[1], *piece[3]])
    return [shirt, tie, jacket, collar]


def _sweater(rig: Rig) -> list[Cel]:
    outfit = rig.character.outfit
    top = garment(rig, "sweater", outfit.color, [[0.42, 0.06], [0.2, 0.1], [0, 0.12]], 0.14)
    knit = mix(outfit.color, shade(outfit.color), 0.7)
    for x in np.arange(-1.6, 1.7, 0.16):
        wavy = [[x + 0.03 * (k % 2), 0.1 + 0.12 * k] for k in range(40)]
        top.stroke(rig.on_body(wavy), 0.5, color=knit, covers=False)
    neck = rig.cel("turtleneck", "collar", outfit.color)
    ring = rig.on_body(
        spline(
            [
                [-0.4, -0.26],
                [0, -0.16],
                [0.4, -0.26],
                [0.47, 0.12],
                [0.3, 0.26],
                [0, 0.32],
                [-0.3, 0.26],
                [-0.47, 0.12],
            ],
            closed=True,
        )
    )
    neck.body([ring], outfit.color)
    a, c = rig.on_body([[0, 0.25], [0, -0.3]])
    neck.tint(ring, shade(outfit.color, 1.1), 0.9, [*a, *c])
    for x in np.arange(-0.36, 0.4, 0.12):
        neck.stroke(rig.on_body([[x, -0.16], [x * 1.08, 0.24]]), 0.6, start=0.2, end=0.2, covers=False)
    return [top, neck]


def _shirt(rig: Rig) -> list[Cel]:
    outfit = rig.character.outfit
    top = garment(rig, "shirt", outfit.color, [[0.44, 0.08], [0.28, 0.3], [0, 0.42]], 0.08)
    if outfit.pattern == "plain":
        top.fill(rig.on_body(star(0.0, 1.7, 0.4) if rig.character.side > 0 else heart(0.0, 1.7, 0.36)), outfit.accent)
    rim = rig.cel("collar", "collar", outfit.second)
    band = spline([[0.36, 0.0], [0.26, 0.24], [0, 0.36], [-0.26, 0.24], [-0.36, 0.0]], steps=6)
    lower = spline([[0.5, 0.08], [0.32, 0.36], [0, 0.5], [-0.32, 0.36], [-0.5, 0.08]], steps=6)
    rim.body([rig.on_body(joined(band, lower[::-1]))], light(outfit.second, 0.2))
    return [top, rim]


def _overalls(rig: Rig) -> list[Cel]:
    outfit = rig.character.outfit
    top = garment(rig, "shirt", light(outfit.second, 0.3), [[0.44, 0.08], [0.28, 0.26], [0, 0.36]], 0.08)
    bib = rig.cel("overalls", "clothes", outfit.color)
    b = rig.character.broad
    half = [[0.0, 1.25], [0.58, 1.25], [0.66, 2.2], [0.8 * b, 2.5], [1.16 * b, 3.6], [1.24 * b, 4.4], [0, 4.4]]
    front = rig.on_body(joined(half, mirrored(half)[::-1]))
    straps = [rig.on_body(np.array([[0.4, 1.4], [0.6, 1.4], [0.68, 0.16], [0.5, 0.12]]) * (s, 1)) for s in (-1, 1)]
    bib.body([front, *straps], outfit.color)
    a, c = rig.on_body([[0.1, 2.0], [1.2, 2.6]])
    bib.tint(front, shade(outfit.color), 0.8, [*a, *c])
    pocket = [[-0.32, 1.6], [0.32, 1.6], [0.32, 2.05], [0, 2.2], [-0.32, 2.05], [-0.32, 1.6]]
    bib.stroke(rig.on_body(pocket), 0.9, covers=False)
    for side in (-1, 1):
        bib.fill(rig.on_body(arc((side * 0.5, 1.38), 0.085, 0.085, n=14)), light(outfit.accent, 0.4))
    return [top, bib]


_KINDS: dict[str, Callable[[Rig], list[Cel]]] = {
    "sailor": _sailor,
    "hoodie": _hoodie,
    "dress": _dress,
    "kimono": _kimono,
    "blazer": _blazer,
    "sweater": _sweater,
    "shirt": _shirt,
    "overalls": _overalls,
}
