"""A character and a pose to change one thing of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kirie.synth.character import Character, character_rng, draw_character
from kirie.synth.pose import Pose, draw_pose
from kirie.synth.rig import Rig

SIZE = 96


def character(**changes: Any) -> Character:
    """Character 0 of seed 1 with other attributes; `hair_`, `eyes_` and `outfit_` lead to those of its parts."""
    found = draw_character(1, 0)
    for part in ("hair", "eyes", "outfit"):
        inner = {key.removeprefix(f"{part}_"): changes.pop(key) for key in list(changes) if key.startswith(f"{part}_")}
        found = replace(found, **{part: replace(getattr(found, part), **inner)})
    return replace(found, **changes)


def pose(**changes: Any) -> Pose:
    """A frontal bust with open eyes, arms down, and the given changes."""
    plain = replace(
        draw_pose(character_rng(1, 0, 0)),
        framing="bust",
        zoom=44.0,
        offset=(0.5, 0.44),
        tilt=0.0,
        lean=0.0,
        turn=0.0,
        nod=0.0,
        eyes="open",
        mouth="open",
        gaze=(0.0, 0.0),
        left="down",
        right="down",
        sway=0.0,
    )
    return replace(plain, **changes)


def rig(who: Character | None = None, how: Pose | None = None, size: int = SIZE) -> Rig:
    """A rig in a small picture."""
    return Rig.placed(who or character(), how or pose(), size)
