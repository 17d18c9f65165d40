"""One picture: every layer in paint order, the shadows that layers cast on each other, and the exact truth.

The truth is by definition the layers' masks painted in order: `Drawing.target` and `Drawing.picture` follow from the
same layers. H, W: picture size in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kirie.core.labels import LabelSet
from kirie.core.sample import Image, Region, Sample
from kirie.synth import (
    accessories,
    backdrop,
    body,
    distractors,
    eyes,
    face,
    hair_back,
    hair_front,
    hair_tails,
    legs,
    outfits,
)
from kirie.synth.arms import arm
from kirie.synth.canvas import Alpha, Cel, Layer
from kirie.synth.character import Character, character_rng, draw_character
from kirie.synth.palette import Color, shade
from kirie.synth.pose import Pose, draw_pose
from kirie.synth.rig import Rig


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture with its layers.

    Attributes:
        character: Who is drawn.
        pose: In which pose.
        picture_HWC: uint8 RGB.
        layers: In paint order, the backdrop first. A layer is complete also where others hide it.
    """

    character: Character
    pose: Pose
    picture_HWC: Image
    layers: tuple[Layer, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return int(self.picture_HWC.shape[0]), int(self.picture_HWC.shape[1])

    def target(self, labels: LabelSet) -> NDArray[np.uint8]:
        """What is visible: label ids, shape (H, W)."""
        return self.sample("", labels).paint(labels)

    def sample(self, name: str, labels: LabelSet | None = None) -> Sample:
        """The drawing as a sample: one region per labelled layer, in paint order, each complete.

        Args:
            name: The sample's name.
            labels: Leave out layers whose labels this set does not know; by default all are kept.
        """
        regions = tuple(
            Region.from_mask(layer.label, layer.mask_at(self.size))
            for layer in self.layers
            if layer.label is not None and (labels is None or labels.knows(layer.label))
        )
        return Sample(name, self.picture_HWC, regions, group=group_name(self.character.index))


def group_name(index: int) -> str:
    """The group of a character's pictures."""
    return f"character-{index:03d}"


def draw(seed: int, index: int, picture: int, size: int = 256) -> Drawing:
    """Draws picture number `picture` of character number `index`.

    The result is a function of its arguments alone: the same bits on one platform, whatever was drawn before.

    Args:
        seed: The seed of the whole set.
        index: The character.
        picture: Which of its pictures; pose, expression, framing and surroundings follow from it.
        size: Side of the square picture in pixels.
    """
    character = draw_character(seed, index)
    rng = character_rng(seed, index, picture)
    pose = draw_pose(rng)
    rig = Rig.placed(character, pose, size)
    layers = [layer for cel in _cels(rig, rng, size) if (layer := cel.rasterise((size, size))) is not None]
    _cast_shadows(layers, rig, size)
    picture_HWC = np.zeros((size, size, 3), dtype=np.float32)
    for layer in layers:
        layer.over(picture_HWC)
    return Drawing(character, pose, _finish(picture_HWC, rng), tuple(layers))


def _cels(rig: Rig, rng: np.random.Generator, size: int) -> list[Cel]:
    left, right = arm(rig, -1), arm(rig, 1)
    return [
        backdrop.backdrop(rng, size, rig.character.hair.color),
        *distractors.behind(rng, rig, size),
        *accessories.behind_head(rig),
        *hair_back.back_hair(rig),
        *outfits.clothes_behind(rig),
        *body.neck_and_torso(rig),
        *legs.legs(rig),
        *accessories.neckwear(rig),
        *outfits.clothes(rig),
        *left.at_body,
        *right.at_body,
        *face.ears(rig),
        face.face(rig),
        *accessories.earrings(rig),
        *face.mouth(rig),
        *eyes.eyes(rig),
        face.brows(rig),
        *accessories.glasses(rig),
        *hair_front.front_hair(rig),
        *hair_tails.front_braid(rig),
        *accessories.on_hair(rig),
        *_with_what_is_held(rig, rng, size, left.in_front, right.in_front),
    ]


def _with_what_is_held(rig: Rig, rng: np.random.Generator, size: int, left: list[Cel], right: list[Cel]) -> list[Cel]:
    held = distractors.in_front(rng, rig, size)
    first = [cel for cel in held if cel.name == "held"]
    return [*first, *left, *right, *(cel for cel in held if cel.name != "held")]


# who casts a shadow, on whom, how far down and how strong
_CASTS: tuple[tuple[str, tuple[str, ...], float, float], ...] = (
    ("hair_front", ("face", "eye_white_left", "eye_white_right", "ear_left", "ear_right"), 0.085, 0.8),
    (
        "side_lock_left",
        ("face", "ear_left", "body", "top", "dress", "sweater", "shirt", "jacket", "collar", "hood"),
        0.06,
        0.6,
    ),
    (
        "side_lock_right",
        ("face", "ear_right", "body", "top", "dress", "sweater", "shirt", "jacket", "collar", "hood"),
        0.06,
        0.6,
    ),
    ("collar", ("top", "shirt", "jacket", "kimono"), 0.06, 0.7),
    ("scarf", ("top", "collar"), 0.05, 0.7),
    ("dress", ("body",), 0.04, 0.6),
    ("hat", ("hair_front", "face"), 0.12, 0.7),
    ("beanie", ("hair_front",), 0.07, 0.6),
    ("headband", ("hair_front",), 0.04, 0.6),
    ("hand_left", ("face", "top", "hair_front", "dress", "kimono", "sweater", "shirt", "jacket"), 0.06, 0.6),
    ("hand_right", ("face", "top", "hair_front", "dress", "kimono", "sweater", "shirt", "jacket"), 0.06, 0.6),
    ("held", ("top", "dress", "kimono", "sweater", "shirt", "jacket", "overalls"), 0.08, 0.6),
)


def _cast_shadows(layers: list[Layer], rig: Rig, size: int) -> None:
    by_name = {layer.name: layer for layer in layers}
    for name, onto, reach, strength in _CASTS:
        caster = by_name.get(name)
        if caster is None:
            continue
        down = round(reach * rig.zoom)
        cover_HW = _moved(caster.alpha_at((size, size)), down, round(down * 0.4)) * strength
        for other in onto:
            if other in by_name:
                by_name[other].darken(cover_HW, _tone(other))


def _tone(name: str) -> Color:
    """What a shadow multiplies by: warm on skin, violet elsewhere."""
    if name.startswith(("face", "ear", "body")):
        return (236, 178, 172)
    return (176, 166, 205) if name.startswith("eye_white") else shade((255, 255, 255), 1.0)


def _moved(cover_HW: Alpha, down: int, aside: int) -> Alpha:
    moved = np.zeros_like(cover_HW)
    h, w = cover_HW.shape
    moved[down:, aside:] = cover_HW[: h - down, : w - aside]
    return moved


def _finish(picture_HWC: NDArray[np.float32], rng: np.random.Generator) -> Image:
    """The light of the scene and a little grain of paper."""
    warmth = rng.normal(0, 0.022, 3)
    gain = np.asarray(rng.uniform(0.93, 1.04) * (1 + warmth - warmth.mean()), dtype=np.float32)
    grain = rng.normal(0, rng.uniform(0.0, 1.1), picture_HWC.shape[:2]).astype(np.float32)
    found: Image = np.clip(np.rint(picture_HWC * gain + grain[..., None]), 0, 255).astype(np.uint8)
    return found
