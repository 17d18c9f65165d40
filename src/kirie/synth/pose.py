"""What changes from picture to picture: pose, expression, framing. Drawn from (seed, character, picture)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FRAMINGS = ("bust", "close", "half", "far")
EYE_STATES = ("open", "closed_happy", "closed_calm", "wink", "half", "wide")
MOUTHS = ("smile", "line", "open", "cat", "small_o", "grin", "frown", "wavy")
ARMS = ("down", "wave", "peace", "cheek", "chin", "hold", "front", "point")


@dataclass(frozen=True, slots=True)
class Pose:
    """One picture's pose. Angles in degrees, clockwise.

    Attributes:
        framing: One of FRAMINGS.
        zoom: Pixels per head unit (half the width of a face) in a picture of 256.
        offset: Where the head's centre lies, as a share of the picture.
        tilt: Head against body.
        lean: Body against the picture.
        turn: Head turned to the side, -1 to 1.
        nod: Face moved down, -1 to 1.
        eyes: One of EYE_STATES.
        gaze: Where the irises look: x, y in -1 to 1.
        mouth: One of MOUTHS.
        brows: Angle of the brows, -1 (worried) to 1 (angry).
        left: Arm at the left of the picture, one of ARMS.
        right: Arm at the right of the picture, one of ARMS.
        sway: How far the hair blows aside, -1 to 1.
        mood: Blush times this.
    """

    framing: str
    zoom: float
    offset: tuple[float, float]
    tilt: float
    lean: float
    turn: float
    nod: float
    eyes: str
    gaze: tuple[float, float]
    mouth: str
    brows: float
    left: str
    right: str
    sway: float
    mood: float


def draw_pose(rng: np.random.Generator) -> Pose:
    """A pose from a generator."""
    framing = str(rng.choice(FRAMINGS, p=(0.24, 0.04, 0.37, 0.35)))
    low, high, y = {"bust": (40, 52, 0.44), "close": (60, 80, 0.5), "half": (28, 37, 0.36), "far": (20, 25, 0.36)}[
        framing
    ]
    aside = rng.choice([0.0, -0.16, 0.16], p=(0.6, 0.2, 0.2)) if framing != "far" else rng.uniform(-0.24, 0.24)
    left, right = _arms(rng)
    return Pose(
        framing=framing,
        zoom=float(rng.uniform(low, high)),
        offset=(float(0.5 + aside + rng.normal(0, 0.03)), float(y + rng.normal(0, 0.025))),
        tilt=float(np.clip(rng.normal(0, 8), -18, 18)),
        lean=float(np.clip(rng.normal(0, 5), -12, 12)),
        turn=float(np.clip(rng.normal(0, 0.5), -1, 1)),
        nod=float(np.clip(rng.normal(0, 0.4), -1, 1)),
        eyes=str(rng.choice(EYE_STATES, p=(0.46, 0.16, 0.12, 0.1, 0.1, 0.06))),
        gaze=(float(np.clip(rng.normal(0, 0.45), -1, 1)), float(np.clip(rng.normal(0, 0.3), -1, 1))),
        mouth=str(rng.choice(MOUTHS, p=(0.22, 0.14, 0.24, 0.1, 0.1, 0.08, 0.06, 0.06))),
        brows=float(np.clip(rng.normal(0, 0.4), -1, 1)),
        left=left,
        right=right,
        sway=float(np.clip(rng.normal(0, 0.45), -1, 1)),
        mood=float(rng.uniform(0.5, 1.5)),
    )


def _arms(rng: np.random.Generator) -> tuple[str, str]:
    kind = rng.random()
    if kind < 0.3:
        return ("down", "down")
    raised = str(
        rng.choice(
            ["wave", "peace", "cheek", "chin", "hold", "front", "point"], p=(0.2, 0.2, 0.16, 0.12, 0.16, 0.08, 0.08)
        )
    )
    if kind < 0.42:
        return (raised, raised) if raised in {"cheek", "hold", "front"} else (raised, "front")
    return (raised, "down") if rng.random() < 0.5 else ("down", raised)
