"""Every style of every part draws, carries its label and differs from the others; one file for all drawing files."""

from __future__ import annotations

import numpy as np
import pytest
from tests.synth.drawing_kit import SIZE, character, pose, rig

from kirie.core.sample import Mask
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
from kirie.synth import character as cast
from kirie.synth import pose as poses
from kirie.synth.arms import arm
from kirie.synth.canvas import Cel, Layer
from kirie.synth.character import character_rng


def layers(cels: list[Cel], size: int = SIZE) -> dict[str, Layer]:
    """The layers of cels by name."""
    found = [cel.rasterise((size, size)) for cel in cels]
    return {layer.name: layer for layer in found if layer is not None}


def union(cels: list[Cel], size: int = SIZE) -> Mask:
    """What cels cover together."""
    mask = np.zeros((size, size), bool)
    for layer in layers(cels, size).values():
        mask |= layer.mask_at((size, size))
    return mask


def all_differ(masks: list[Mask]) -> bool:
    """Whether no two masks are equal."""
    return len({mask.tobytes() for mask in masks}) == len(masks)


def test_back_hair_styles_differ_and_are_hair() -> None:
    """Each style has its own silhouette, all of it hair."""
    masks = []
    for style in cast.BACK_STYLES:
        cels = hair_back.back_hair(rig(character(hair_back=style))) + hair_tails.front_braid(
            rig(character(hair_back=style))
        )
        assert {cel.label for cel in cels} == {"hair"}
        masks.append(union(cels))
    assert all_differ(masks)


def test_fringes_differ_and_show_the_eyes() -> None:
    """Each fringe has its own shape, and none hides more than half of an eye."""
    placed = [rig(character(hair_fringe=style)) for style in cast.FRINGES]
    masks = [union(hair_front.front_hair(each)) for each in placed]
    assert all_differ(masks)
    for mask, each in zip(masks, placed, strict=True):
        eye = union(eyes.eyes(each))
        assert (eye & mask).sum() < 0.5 * eye.sum()


def test_side_locks_grow_longer() -> None:
    """`long` reaches farther down than `short`, and that farther than `none`."""
    lowest = [
        np.flatnonzero(union(hair_front.front_hair(rig(character(hair_sides=s)))).any(axis=1))[-1]
        for s in ("none", "short", "long")
    ]
    assert lowest[0] < lowest[1] < lowest[2]


def test_hair_hangs_down_when_the_head_tilts() -> None:
    """Long hair of a tilted head stays nearer to the vertical than the head does."""
    long = character(hair_back="long", hair_length=0.0)
    straight, tilted = (union(hair_back.back_hair(rig(long, pose(tilt=t, zoom=30.0)))) for t in (0.0, 16.0))
    low = np.flatnonzero(straight.any(axis=1))[-1] - 8
    shift = np.flatnonzero(tilted[low]).mean() - np.flatnonzero(straight[low]).mean()
    turned = (
        rig(long, pose(tilt=16.0, zoom=30.0)).on_head([[0, 2.2]], 0)[0, 0]
        - rig(long, pose(zoom=30.0)).on_head([[0, 2.2]], 0)[0, 0]
    )
    assert abs(shift) < abs(turned)


@pytest.mark.parametrize("shape", cast.EYES)
def test_open_eyes_have_their_layers_inside_the_opening(shape: str) -> None:
    """White, iris, pupil and lashes are there for both eyes, and irises never leave the whites, wherever they look."""
    for gaze in ((0.0, 0.0), (1.0, -1.0), (-1.0, 1.0)):
        found = layers(eyes.eyes(rig(character(eyes_shape=shape), pose(gaze=gaze))))
        for side in ("left", "right"):
            white = found[f"eye_white_{side}"].alpha_at((SIZE, SIZE)) > 0
            assert found[f"eye_white_{side}"].label == "eye"
            assert found[f"iris_{side}"].label == "iris"
            assert not (found[f"iris_{side}"].mask_at((SIZE, SIZE)) & ~white).any()
            assert not (found[f"pupil_{side}"].mask_at((SIZE, SIZE)) & ~white).any()
            assert found[f"lash_{side}"].label == "eyelash"


@pytest.mark.parametrize(
    ("state", "whites"), [("open", 2), ("half", 2), ("wide", 2), ("wink", 1), ("closed_happy", 0), ("closed_calm", 0)]
)
def test_shut_eyes_are_lashes_alone(state: str, whites: int) -> None:
    """A shut eye has no white; every eye has lashes."""
    found = layers(eyes.eyes(rig(how=pose(eyes=state))))
    assert sum(name.startswith("eye_white") for name in found) == whites
    assert sum(name.startswith("lash") for name in found) == 2


def test_mouths_differ_lie_in_the_face_and_are_small() -> None:
    """Each mouth has its own shape inside the face, and is a small part of it."""
    masks = []
    for kind in poses.MOUTHS:
        placed = rig(how=pose(mouth=kind), size=256)
        (cel,) = face.mouth(placed)
        assert cel.label == "mouth"
        mask, whole = union([cel], 256), union([face.face(placed)], 256)
        assert mask.any()
        assert not (mask & ~whole).any()
        assert mask.sum() < 0.08 * whole.sum()
        masks.append(mask)
    assert all_differ(masks)


def test_face_ends_in_a_chin() -> None:
    """The face grows narrower from the cheeks to the chin."""
    mask = union([face.face(rig())])
    rows = np.flatnonzero(mask.any(axis=1))
    width = mask.sum(axis=1)
    assert width[rows[-2]] < 0.4 * width.max()
    assert width[rows[len(rows) // 2]] > 0.9 * width.max()


def test_ears_and_brows_belong_to_the_face() -> None:
    """Both are labelled face."""
    assert {cel.label for cel in (*face.ears(rig()), face.brows(rig()))} == {"face"}


@pytest.mark.parametrize("kind", cast.OUTFITS)
def test_outfits_cover_the_body_in_their_labels(kind: str) -> None:
    """Clothes are clothes or collar, cover most of the torso, and the body under them is skin and complete."""
    placed = rig(character(outfit_kind=kind), pose(zoom=26.0, offset=(0.5, 0.3)))
    worn = [*outfits.clothes_behind(placed), *outfits.clothes(placed)]
    assert {cel.label for cel in worn} <= {"clothes", "collar"}
    bare = union(body.neck_and_torso(placed))
    assert (bare & union(worn)).sum() > 0.5 * bare.sum()
    assert {cel.label for cel in body.neck_and_torso(placed)} == {"skin"}


@pytest.mark.parametrize("pattern", cast.PATTERNS)
def test_patterns_show_and_do_not_change_the_cover(pattern: str) -> None:
    """A pattern changes colours and no mask."""
    plain, other = (
        layers(
            outfits.clothes(
                rig(
                    character(
                        outfit_kind="shirt", outfit_pattern=p, outfit_color=(200, 60, 60), outfit_second=(255, 255, 255)
                    )
                )
            )
        )["shirt"]
        for p in ("plain", pattern)
    )
    assert (plain.alpha_hw == other.alpha_hw).all()
    assert (np.abs(plain.rgb_hwC - other.rgb_hwC).max() > 20) == (pattern != "plain")


@pytest.mark.parametrize("kind", poses.ARMS)
def test_arms_are_skin_and_sleeves_clothes(kind: str) -> None:
    """Each arm has a bare layer and a hand of skin, and a sleeve; raised ones lie in front of the head."""
    found = arm(rig(character(outfit_kind="hoodie", outfit_sleeve=1.0), pose(right=kind, zoom=26.0)), 1)
    cels = [*found.at_body, *found.in_front]
    assert {cel.name: cel.label for cel in cels} == {
        "arm_right": "skin",
        "hand_right": "skin",
        "sleeve_right": "clothes",
    }
    assert bool(found.in_front) == (kind != "down")


def test_hand_on_the_cheek_hides_a_part_of_the_face() -> None:
    """An occluding hand overlaps the face's layer, which stays complete."""
    placed = rig(how=pose(left="cheek"))
    hand = layers(arm(placed, -1).in_front)["hand_left"].mask_at((SIZE, SIZE))
    assert (hand & union([face.face(placed)])).sum() > 20


def test_legs_follow_the_outfit() -> None:
    """A dress needs none; others have trousers, or bare legs under a skirt."""
    far = pose(zoom=16.0, offset=(0.5, 0.3))
    assert legs.legs(rig(character(outfit_kind="dress"), far)) == []
    kinds = {
        tuple(
            (cel.name, cel.label) for cel in legs.legs(rig(character(outfit_kind="sailor", hair_jitter=(j,) * 48), far))
        )
        for j in (-0.9, 0.9)
    }
    assert kinds == {(("legs", "skin"), ("skirt", "clothes")), (("trousers", "clothes"),)}


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("ribbon", "hair"),
        ("clip", "hair"),
        ("flower", "hair"),
        ("headband", "hair"),
        ("cat_ears", "hair"),
        ("hat", "clothes"),
        ("beanie", "clothes"),
        ("glasses", None),
        ("earrings", "face"),
        ("choker", "clothes"),
    ],
)
def test_accessories_take_the_documented_label(name: str, label: str | None) -> None:
    """What sits in the hair is hair, garments are clothes, earrings face, and glasses take what lies under them."""
    placed = rig(character(accessories=frozenset({name}), hair_back="short", outfit_kind="shirt"))
    cels = [
        *accessories.behind_head(placed),
        *accessories.neckwear(placed),
        *accessories.earrings(placed),
        *accessories.glasses(placed),
        *accessories.on_hair(placed),
    ]
    assert {cel.label for cel in cels} == {label}
    assert union(cels).any()


@pytest.mark.parametrize("kind", backdrop.KINDS)
def test_backdrops_fill_the_picture(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind is one opaque layer of background, and not one flat colour."""
    draw_one = backdrop._KINDS[kind]
    monkeypatch.setattr(backdrop, "_KINDS", dict.fromkeys(backdrop.KINDS, draw_one))
    cel = backdrop.backdrop(character_rng(1, 0, 0), SIZE, (200, 80, 120))
    (layer,) = layers([cel]).values()
    assert layer.label == "background"
    assert layer.alpha_at((SIZE, SIZE)).min() == 1.0
    assert layer.rgb_hwC.std(axis=(0, 1)).max() > 1


@pytest.mark.parametrize("kind", sorted(distractors._BEHIND))
def test_distractors_are_background(kind: str) -> None:
    """What looks like a part and is none is labelled background, and is seen."""
    cel = distractors._BEHIND[kind](character_rng(2, 0, 0), rig(), SIZE, 1)
    assert cel.label == "background"
    assert union([cel]).sum() > 20


def test_what_is_held_is_background_in_front() -> None:
    """A hand that holds holds something, which is labelled background."""
    names = [
        cel.name
        for cel in distractors.in_front(character_rng(1, 1, 1), rig(how=pose(left="hold")), SIZE)
        if cel.label == "background"
    ]
    assert "held" in names
