"""Arms, sleeves and hands. A raised hand lies in front of what it covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kirie.synth.canvas import Cel
from kirie.synth.curves import Frame, Points, arc, band, joined, spline
from kirie.synth.outfits import BARE_SHOULDERS
from kirie.synth.palette import WHITE, Color, light, mix, shade
from kirie.synth.patterns import pattern
from kirie.synth.rig import Rig

# Elbow, wrist and direction of the fingers for an arm at the right; hands are given in body units
_ARMS: dict[str, tuple[tuple[float, float], tuple[float, float], float, str]] = {
    "down": ((1.36, 1.9), (1.2, 3.3), 175.0, "relaxed"),
    "wave": ((1.72, 1.35), (1.8, -0.1), 12.0, "open"),
    "peace": ((1.6, 1.5), (1.38, 0.05), 10.0, "peace"),
    "cheek": ((1.34, 1.55), (0.98, -0.1), -22.0, "cup"),
    "chin": ((1.25, 1.75), (0.42, 0.28), -28.0, "relaxed"),
    "hold": ((1.3, 1.9), (0.52, 1.5), -62.0, "relaxed"),
    "front": ((1.32, 1.85), (0.34, 2.1), -80.0, "relaxed"),
    "point": ((1.55, 1.45), (1.15, -0.15), -8.0, "point"),
}
_HIGH = {"wave", "peace", "cheek", "chin", "point", "hold", "front"}


@dataclass(frozen=True, slots=True)
class Arm:
    """An arm's layers: what lies at the body, and what lies in front of head and hair."""

    at_body: list[Cel]
    in_front: list[Cel]


def arm(rig: Rig, side: int) -> Arm:
    """The arm at the left (side -1) or right (side 1) of the picture."""
    kind = rig.pose.left if side < 0 else rig.pose.right
    elbow, wrist, angle, hand_kind = _ARMS[kind]
    name = "left" if side < 0 else "right"
    b = rig.character.broad
    shoulder = np.array([0.92 * b * side, 0.62])
    joints = np.array([shoulder, (elbow[0] * side * b, elbow[1]), (wrist[0] * side, wrist[1])])
    bare = _limb(rig, f"arm_{name}", joints)
    sleeves = _sleeve(rig, name, joints)
    frame = rig.body.after(Frame.placed(wrist[0] * side, wrist[1], degrees=angle * side, scale=0.92)).after(
        Frame(a=float(-side))
    )
    hand = _hand(rig, f"hand_{name}", frame, hand_kind)
    if kind in _HIGH:
        # the forearm comes forward together with its sleeve and hand
        return Arm([], [bare, hand, *sleeves])
    return Arm([bare, hand, *sleeves], [])


def _limb(rig: Rig, name: str, joints: Points) -> Cel:
    skin = rig.character.skin
    cel = rig.cel(name, "skin", skin)
    upper, lower = _tube(joints[:2], 0.48, 0.4), _tube(joints[1:], 0.4, 0.3)
    elbow = arc(tuple(joints[1]), 0.2, 0.2, n=20)
    cel.body([rig.on_body(shape) for shape in (upper, elbow, lower)], skin)
    _shoulder(cel, rig, joints[0], 0.25, skin)
    for shape in (upper, elbow, lower):
        cel.fill(rig.on_body(shape), skin)
    for shape in (upper, lower):
        cel.fill(rig.on_body(_shaded_side(shape)), shade(skin, 0.75))
    return cel


def _shoulder(cel: Cel, rig: Rig, at: Points, radius: float, color: Color) -> None:
    """The shoulder runs into the torso: a line around its outer side, none at its inner."""
    center = (float(at[0]), float(at[1]))
    first, last = (-75.0, 20.0) if at[0] > 0 else (255.0, 160.0)
    cel.stroke(rig.on_body(arc(center, radius, radius, first, last, n=16)), 2.0, start=0.3)
    cel.cover(rig.on_body(arc(center, radius, radius, n=28)), color)


def _tube(ends: Points, start: float, end: float) -> Points:
    """A straight piece of limb, a little fuller in its middle."""
    path = ends[0] + (ends[1] - ends[0]) * np.linspace(0, 1, 7)[:, None]
    return band(path, np.linspace(start, end, 7) + 0.03 * np.sin(np.linspace(0, np.pi, 7)))


def _shaded_side(tube: Points) -> Points:
    """The strip of a tube that lies away from the light, which falls from the upper left."""
    n = len(tube) // 2
    left, right = tube[:n], tube[n:][::-1]
    edge, far = (left, right) if (left - right)[0] @ np.array([1.0, 0.6]) > 0 else (right, left)
    inward = 0.32 * np.minimum(1.0, np.linspace(0, 2.4, n))[:, None]
    return joined(edge, (edge * (1 - inward) + far * inward)[::-1])


def _sleeve(rig: Rig, name: str, joints: Points) -> list[Cel]:
    outfit = rig.character.outfit
    length = 0.0 if outfit.kind in BARE_SHOULDERS and outfit.sleeve < 0.9 else max(0.4, outfit.sleeve)
    if outfit.kind == "kimono":
        length = 1.0
    if length == 0.0:
        return []
    color = {"sailor": mix(outfit.second, WHITE, 0.6), "overalls": light(outfit.second, 0.3)}.get(
        outfit.kind, outfit.color
    )
    loose = {"kimono": 0.5, "hoodie": 0.2, "sweater": 0.16}.get(outfit.kind, 0.08)
    shoulder, elbow, wrist = joints
    cel = rig.cel(f"sleeve_{name}", "clothes", color)
    if length < 0.9:
        end = shoulder + (elbow - shoulder) * 0.72
        tubes = [_tube(np.array([shoulder, end]), 0.62, 0.56 + loose * 0.6)]
        shapes = tubes
    else:
        end = elbow + (wrist - elbow) * 0.9
        tubes = [
            _tube(np.array([shoulder, elbow]), 0.62, 0.5 + loose * 0.5),
            _tube(np.array([elbow, end]), 0.5 + loose * 0.5, 0.42 + loose * 1.4),
        ]
        shapes = [tubes[0], arc(tuple(elbow), 0.25 + loose * 0.25, 0.25 + loose * 0.25, n=24), tubes[1]]
    pixels = [rig.on_body(shape) for shape in shapes]
    cel.body(pixels, color)
    side = 1.0 if shoulder[0] > 0 else -1.0
    _shoulder(cel, rig, shoulder, 0.31, color)
    for shape in shapes:
        cel.fill(rig.on_body(shape), color)
    if outfit.pattern != "plain" and outfit.kind not in {"sailor", "overalls", "blazer"}:
        contrast = outfit.second if outfit.second != color else shade(color, 1.4)
        pattern(cel, outfit.pattern, contrast, rig.on_body, scale=0.95, left=-2.6, right=2.6)
    for tube in tubes:
        cel.fill(rig.on_body(_shaded_side(tube)), shade(color, 0.85))
    _creases(cel, rig, tubes, color)
    inner = tubes[0][7:][::-1] if (tubes[0][0] - tubes[0][-1])[0] * side > 0 else tubes[0][:7]
    cel.stroke(rig.on_body(inner[1:]), 1.0, start=0.0, end=1.0, covers=False)
    _cuff(cel, rig, tubes[-1], color, outfit.second if outfit.kind != "sailor" else outfit.color)
    return [cel]


def _creases(cel: Cel, rig: Rig, tubes: list[Points], color: Color) -> None:
    """Folds at the elbow and under the shoulder."""
    for tube, at in zip(tubes, ((4, 5), (1, 2)), strict=False):
        left, right = tube[:7], tube[7:][::-1]
        for k in at:
            a, b = left[k], right[k]
            knots = np.array([a, a * 0.7 + b * 0.3 + (0, 0.05), a * 0.45 + b * 0.55 + (0, 0.03)])
            cel.stroke(
                rig.on_body(spline(knots, steps=4)),
                0.9,
                start=0.9,
                end=0.0,
                covers=False,
                color=mix(cel.ink, color, 0.2),
            )


def _cuff(cel: Cel, rig: Rig, tube: Points, color: Color, trim: Color) -> None:
    left, right = tube[:7], tube[7:][::-1]
    a, b = left[6], right[6]
    c, d = left[5] * 0.8 + left[6] * 0.2, right[5] * 0.8 + right[6] * 0.2
    cuff = rig.on_body([a, b, d, c])
    cel.fill(
        cuff, light(trim, 0.25) if rig.character.outfit.kind in {"sailor", "overalls", "shirt"} else shade(color, 0.5)
    )
    cel.stroke(rig.on_body([c, d]), 0.8, covers=False)
    cel.stroke(rig.on_body([a, b]), 1.0, covers=False)


def _hand(rig: Rig, name: str, frame: Frame, kind: str) -> Cel:
    """A hand with its fingers along -y from the wrist; the thumb at the left."""
    skin = rig.character.skin
    cel = rig.cel(name, "skin", skin)
    palm = frame.apply(
        spline(
            [[-0.15, 0.1], [-0.21, -0.14], [-0.2, -0.36], [0.0, -0.42], [0.2, -0.36], [0.2, -0.12], [0.14, 0.1]],
            closed=True,
            steps=5,
        )
    )
    fingers = [frame.apply(_finger(*each)) for each in _HANDS[kind]]
    cel.body([*fingers, palm], skin)
    for finger in fingers:
        cel.outline(finger, 0.75)
        cel.fill(finger, skin)
    cel.fill(palm, skin)
    wrist = frame.apply([[0, -0.1], [0, 0.14]])
    cel.tint(palm, shade(skin), 0.7, [*wrist[0], *wrist[1]])
    for x, y in _KNUCKLES.get(kind, ()):
        cel.stroke(frame.apply([[x, y], [x * 1.03, y + 0.14]]), 0.8, start=0.9, end=0.0, covers=False)
    return cel


def _finger(x: float, y: float, angle: float, length: float, width: float) -> Points:
    a = np.radians(angle)
    way = np.array([np.sin(a), -np.cos(a)])
    t = np.linspace(-0.12, length, 6)[:, None]
    center = np.array([x, y]) + way * t
    tip = arc(tuple(center[-1]), width / 2, width / 2, angle - 180, angle, n=9)
    across = np.array([-way[1], way[0]]) * width / 2
    return joined((center - across)[:-1], tip, (center + across)[::-1][1:])


_Fingers = tuple[tuple[float, float, float, float, float], ...]
# x, y, angle, length, width
_HANDS: dict[str, _Fingers] = {
    "open": (
        (-0.19, -0.14, -52, 0.3, 0.13),
        (-0.14, -0.36, -15, 0.32, 0.12),
        (-0.045, -0.4, -4, 0.38, 0.12),
        (0.05, -0.39, 7, 0.35, 0.12),
        (0.14, -0.34, 19, 0.27, 0.11),
    ),
    "peace": (
        (-0.09, -0.38, -16, 0.42, 0.125),
        (0.04, -0.39, 10, 0.44, 0.125),
        (0.09, -0.32, 150, 0.14, 0.13),
        (0.16, -0.26, 160, 0.12, 0.12),
        (-0.13, -0.12, 42, 0.24, 0.13),
    ),
    "point": (
        (-0.1, -0.38, -4, 0.42, 0.125),
        (0.0, -0.36, 170, 0.13, 0.13),
        (0.1, -0.33, 170, 0.13, 0.13),
        (0.17, -0.27, 165, 0.11, 0.12),
        (-0.13, -0.12, 35, 0.25, 0.13),
    ),
    "cup": (
        (-0.17, -0.16, -30, 0.24, 0.13),
        (-0.13, -0.36, -8, 0.27, 0.12),
        (-0.04, -0.39, -5, 0.31, 0.12),
        (0.05, -0.38, -2, 0.29, 0.12),
        (0.13, -0.33, 3, 0.23, 0.11),
    ),
    "relaxed": (
        (-0.16, -0.14, -22, 0.22, 0.13),
        (-0.12, -0.36, 4, 0.2, 0.12),
        (-0.04, -0.39, 8, 0.22, 0.12),
        (0.04, -0.38, 11, 0.2, 0.12),
        (0.12, -0.33, 14, 0.17, 0.11),
    ),
}
_KNUCKLES = {
    "open": ((-0.09, -0.4), (0.0, -0.42), (0.1, -0.4)),
    "relaxed": ((-0.08, -0.42), (0.0, -0.44), (0.08, -0.42)),
    "cup": ((-0.085, -0.42), (0.005, -0.44), (0.09, -0.42)),
    "peace": ((0.07, -0.3), (0.13, -0.27)),
}
