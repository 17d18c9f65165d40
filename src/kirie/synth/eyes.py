"""Eyes: the white, a graded iris with pupil and gleams, lashes and lids; open, half open, winking or closed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kirie.synth.canvas import Cel
from kirie.synth.curves import Points, arc, band, bezier, joined, spline
from kirie.synth.palette import WHITE, Color, light, line, mix, rgb, shade
from kirie.synth.rig import Rig

EYE_X, EYE_Y = 0.47, 0.24

# Upper lid from the inner to the outer corner, then the lower lid back; x outwards, y down, in units of an eye
_LIDS: dict[str, tuple[list[list[float]], list[list[float]]]] = {
    "round": (
        [[-0.46, 0.12], [-0.32, -0.3], [0.02, -0.5], [0.36, -0.32], [0.52, 0.04]],
        [[0.46, 0.26], [0.2, 0.5], [-0.12, 0.5], [-0.36, 0.36]],
    ),
    "tall": (
        [[-0.42, 0.14], [-0.32, -0.38], [0.0, -0.58], [0.33, -0.42], [0.47, 0.0]],
        [[0.42, 0.3], [0.2, 0.55], [-0.1, 0.56], [-0.33, 0.4]],
    ),
    "sharp": (
        [[-0.48, 0.2], [-0.3, -0.22], [0.04, -0.42], [0.38, -0.36], [0.58, -0.1]],
        [[0.48, 0.2], [0.2, 0.42], [-0.12, 0.42], [-0.38, 0.34]],
    ),
    "droopy": (
        [[-0.46, -0.02], [-0.3, -0.36], [0.02, -0.46], [0.36, -0.24], [0.54, 0.16]],
        [[0.46, 0.36], [0.2, 0.5], [-0.12, 0.46], [-0.36, 0.28]],
    ),
}


@dataclass(frozen=True, slots=True)
class _Eye:
    """One eye in the picture: side is -1 at the left, 1 at the right; `at` maps eye units to pixels."""

    rig: Rig
    side: int
    name: str
    iris: Color

    def at(self, points: object) -> Points:
        p = np.array(points, dtype=np.float64).reshape(-1, 2)
        size = 0.58 * self.rig.character.eyes.size
        p = p * (size * self.side, size) + np.array([EYE_X * self.side, EYE_Y])
        return self.rig.on_head(p, 1.0)

    def looking(self, points: object, dx: float, dy: float) -> Points:
        """Points that do not mirror with the side (gleams, gaze)."""
        p = np.array(points, dtype=np.float64).reshape(-1, 2) + np.array([dx, dy])
        return self.at(p * (self.side, 1.0))


def eyes(rig: Rig) -> list[Cel]:
    """Both eyes as layers, the eye whites first and the lashes last."""
    colors = rig.character.eyes
    cels: list[Cel] = []
    for side, name, iris in ((-1, "left", colors.left), (1, "right", colors.right)):
        eye = _Eye(rig, side, name, iris)
        shut = rig.pose.eyes
        if shut in {"closed_happy", "closed_calm"} or (shut == "wink" and side == rig.character.side):
            cels += _closed(eye, happy=shut != "closed_calm")
        else:
            cels += _open(eye, {"half": 0.62, "wide": 1.1}.get(shut, 1.0))
    return cels


def _lash_ink(eye: _Eye) -> Color:
    return mix(line(eye.rig.character.hair.color), (40, 22, 34), 0.55)


def _lids(eye: _Eye, opening: float) -> tuple[Points, Points]:
    upper_raw, lower_raw = _LIDS[eye.rig.character.eyes.shape]
    upper, lower = np.array(upper_raw), np.array(lower_raw)
    upper[:, 1] = 0.5 - (0.5 - upper[:, 1]) * opening if opening < 1 else upper[:, 1] * opening
    return spline(upper, steps=6), spline(np.concatenate([upper[-1:], lower, upper[:1]]), steps=6)


def _open(eye: _Eye, opening: float) -> list[Cel]:
    upper, lower = _lids(eye, opening)
    ring = joined(upper, lower[1:-1])
    inside = eye.at(ring)
    ink = _lash_ink(eye)
    white = Cel(f"eye_white_{eye.name}", "eye", ink, eye.rig.pen)
    white.cover(inside, (253, 250, 252))
    edge = upper + np.array([0, 0.16])
    white.fill(eye.at(joined(upper, edge[::-1])), (206, 200, 222))
    iris, pupil = _iris(eye, ring)
    return [white, iris, pupil, _lashes(eye, upper, lower, ink)]


def _iris(eye: _Eye, ring: Points) -> tuple[Cel, Cel]:
    """Iris and pupil, both cut by the lids: their layers cover only what the opening shows."""
    gx, gy = eye.rig.pose.gaze[0] * 0.1, eye.rig.pose.gaze[1] * 0.06
    small = 0.8 if eye.rig.pose.eyes == "wide" else 1.0
    shape = eye.rig.character.eyes.shape
    rx, ry = 0.325 * small, {"tall": 0.52, "round": 0.46}.get(shape, 0.43) * small
    color = eye.iris
    dark, bright = mix(shade(color, 1.5), (30, 16, 44), 0.45), light(mix(color, rgb(*_glow(color)), 0.5), 0.3)
    iris = Cel(f"iris_{eye.name}", "iris", line(color), eye.rig.pen)
    disc = _clip(arc((gx * eye.side, gy + 0.02), rx, ry, n=44), ring)
    pixels = eye.at(disc)
    iris.cover(pixels, dark)
    inner = eye.at(_clip(arc((gx * eye.side, gy + 0.02), rx * 0.87, ry * 0.9, n=40), ring))
    top, bottom = eye.looking([[0, -ry]], gx, gy)[0], eye.looking([[0, ry]], gx, gy)[0]
    iris.ramp(inner, mix(dark, color, 0.25), bright, [*top, *(bottom + (bottom - top) * 0.05)])
    # the bright crescent low in the iris, and the lid's shadow high in it
    glow = eye.looking(arc((0, ry * 0.52), rx * 0.6, ry * 0.3, n=24), gx, gy)
    iris.fill(glow, light(bright, 0.5), opacity=0.55)
    lid = eye.looking(arc((0, -ry * 0.85), rx * 1.1, ry * 0.5, n=24), gx, gy)
    iris.fill(lid, mix(dark, (20, 10, 36), 0.3), opacity=0.6)

    pupil = Cel(f"pupil_{eye.name}", "pupil", dark, eye.rig.pen)
    pupil.cover(
        eye.at(_clip(arc((gx * eye.side, gy - 0.02), rx * 0.42, ry * 0.45, n=28), ring)), mix(dark, (14, 6, 26), 0.6)
    )
    for cel in (iris, pupil):
        _gleams(cel, eye, rx, ry, gx, gy)
    return iris, pupil


def _glow(color: Color) -> tuple[float, float, float]:
    """A neighbouring hue for the lower half of an iris."""
    from kirie.synth.palette import hsv

    hue, saturation, _ = hsv(color)
    return (hue - 26, saturation * 0.75, 1.0)


def _gleams(cel: Cel, eye: _Eye, rx: float, ry: float, gx: float, gy: float) -> None:
    kind = eye.rig.character.eyes.gleam
    big = arc((-rx * 0.42, -ry * 0.42), rx * 0.36, ry * 0.3, n=22)
    if kind == 1:
        big = arc((-rx * 0.36, -ry * 0.46), rx * 0.5, ry * 0.22, n=22)
    cel.fill(eye.looking(big, gx * 0.6, gy * 0.6), WHITE)
    cel.fill(eye.looking(arc((rx * 0.42, ry * 0.42), rx * 0.19, ry * 0.15, n=16), gx * 0.6, gy * 0.6), WHITE)
    if kind == 2:
        cel.fill(
            eye.looking(arc((rx * 0.5, -ry * 0.12), rx * 0.12, ry * 0.09, n=12), gx * 0.6, gy * 0.6),
            WHITE,
            opacity=0.85,
        )


def _lashes(eye: _Eye, upper: Points, lower: Points, ink: Color) -> Cel:
    weight = eye.rig.character.eyes.lash
    cel = Cel(f"lash_{eye.name}", "eyelash", ink, eye.rig.pen)
    n = len(upper)
    t = np.linspace(0, 1, n)
    thick = 0.035 + 0.105 * weight * np.sin(np.clip(t * 1.15, 0, 1) * np.pi * 0.62) ** 1.2
    outer = upper.copy()
    outer[:, 1] -= thick * 0.55
    outer[:, 0] += thick * 0.35 * t
    below = upper.copy()
    below[:, 1] += thick * 0.4
    cel.cover(eye.at(joined(outer, below[::-1])), ink)
    # the outer corner flicks outwards, with one more lash above it
    corner = upper[-1]
    flick = bezier(
        [corner + np.array([-0.1, -0.13]), corner + np.array([0.06, -0.04]), corner + np.array([0.17, -0.12 * weight])],
        8,
    )
    cel.cover(eye.at(band(flick, np.linspace(0.15, 0.01, 8) * weight)), ink)
    at = upper[int(n * 0.84)]
    upflick = bezier(
        [at + np.array([-0.06, -0.02]), at + np.array([0.06, -0.08]), at + np.array([0.15, -0.19 * weight])], 6
    )
    cel.cover(eye.at(band(upflick, np.linspace(0.1, 0.01, 6) * weight)), ink)
    m = len(lower)
    soft = lower[int(m * 0.08) : int(m * 0.68)]
    cel.stroke(eye.at(soft), 0.8, start=0.7, end=0.1, color=mix(ink, eye.rig.character.skin, 0.2))
    crease = upper[int(n * 0.2) : int(n * 0.9)] + np.array([0.0, -0.2])
    cel.stroke(
        eye.at(crease), 0.55, start=0.1, end=0.3, color=mix(line(eye.rig.character.skin), eye.rig.character.skin, 0.25)
    )
    return cel


def _closed(eye: _Eye, *, happy: bool) -> list[Cel]:
    """A shut eye: one curved lash line (upwards when happy), with flicks."""
    ink = _lash_ink(eye)
    cel = Cel(f"lash_{eye.name}", "eyelash", ink, eye.rig.pen)
    sag = -0.3 if happy else 0.26
    curve = bezier([[-0.44, 0.2], [0.0, 0.2 + 2 * sag], [0.5, 0.16]], 16)
    widths = 0.05 + 0.11 * np.sin(np.linspace(0.1, 2.6, 16)).clip(0, 1) * eye.rig.character.eyes.lash
    cel.cover(eye.at(band(curve, widths)), ink)
    for share, reach in ((0.8, 0.14), (1.0, 0.17)):
        at = curve[min(15, int(share * 15))]
        cel.stroke(
            eye.at([at - np.array([0.04, 0.0]), at + np.array([reach * 0.8, reach * (0.1 if happy else 0.7)])]),
            1.3,
            start=1.0,
            end=0.1,
        )
    return [cel]


def _clip(points: Points, ring: Points) -> Points:
    """Points of a convex shape cut by a polygon that is star-shaped about the eye's middle.

    Every point outside is drawn in along its ray from the middle until it meets the ring.
    """
    center = np.array([0.0, 0.1])
    ray = points - center
    angle, reach = np.arctan2(ray[:, 1], ray[:, 0]), np.hypot(ray[:, 0], ray[:, 1])
    edge = ring - center
    at, far = np.arctan2(edge[:, 1], edge[:, 0]), np.hypot(edge[:, 0], edge[:, 1])
    order = np.argsort(at)
    limit = np.interp(angle, at[order], far[order], period=2 * np.pi)
    shorter = np.minimum(reach, limit) / np.maximum(reach, 1e-9)
    found: Points = center + ray * shorter[:, None]
    return found
