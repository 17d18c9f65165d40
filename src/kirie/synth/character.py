"""Who a character is: everything that stays the same from picture to picture, drawn from (seed, index) alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kirie.synth import palette
from kirie.synth.palette import Color

BACK_STYLES = ("bob", "long", "twin_tails", "ponytail", "short", "spiky", "buns", "wavy", "braid", "side_tail")
FRINGES = ("straight", "swept", "spread", "parted", "messy")
SIDES = ("long", "short", "none")
EYES = ("round", "tall", "sharp", "droopy")
OUTFITS = ("sailor", "hoodie", "dress", "kimono", "blazer", "sweater", "shirt", "overalls")
PATTERNS = ("plain", "stripes", "dots", "plaid", "flowers", "stars")
ACCESSORIES = ("ribbon", "clip", "flower", "headband", "hat", "beanie", "glasses", "earrings", "cat_ears", "choker")


@dataclass(frozen=True, slots=True)
class Hair:
    """Hair that a character keeps.

    Attributes:
        back: One of BACK_STYLES.
        fringe: One of FRINGES.
        sides: One of SIDES.
        color: Main colour.
        tips: Colour at the tips; often the main colour.
        length: How far down the back hair falls, as a share of its style's range, 0 to 1.
        volume: Width of the silhouette, about 1.
        parting: x of the crown, -0.4 to 0.4.
        ahoge: Whether one lock stands up.
        jitter: 48 numbers in -1 to 1 that make the locks uneven, the same in each picture.
    """

    back: str
    fringe: str
    sides: str
    color: Color
    tips: Color
    length: float
    volume: float
    parting: float
    ahoge: bool
    jitter: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Eyes:
    """Eyes that a character keeps: shape (one of EYES), iris colours, size about 1, lash weight, gleam kind 0 to 2."""

    shape: str
    left: Color
    right: Color
    size: float
    lash: float
    gleam: int


@dataclass(frozen=True, slots=True)
class Outfit:
    """Clothes that a character keeps: kind (of OUTFITS), colours, pattern (of PATTERNS), sleeve length 0 to 1."""

    kind: str
    color: Color
    second: Color
    accent: Color
    pattern: str
    sleeve: float


@dataclass(frozen=True, slots=True)
class Character:
    """One character.

    Attributes:
        index: Its number; its pictures are the group `character-<index>`.
        skin: Skin colour.
        hair: Hair.
        eyes: Eyes.
        outfit: Clothes.
        jaw: Width of the lower face, about 1.
        chin: Length of the lower face, about 1.
        broad: Width of the shoulders, about 1.
        blush: Strength of the blush, 0 to 1.
        accessories: Some of ACCESSORIES.
        side: -1 or 1: the side of clips, tails and partings.
        trim: Colour of accessories.
    """

    index: int
    skin: Color
    hair: Hair
    eyes: Eyes
    outfit: Outfit
    jaw: float
    chin: float
    broad: float
    blush: float
    accessories: frozenset[str]
    side: int
    trim: Color


def character_rng(seed: int, index: int, picture: int | None = None) -> np.random.Generator:
    """The only source of chance: a function of (seed, character), or of (seed, character, picture)."""
    return np.random.default_rng([seed, index] if picture is None else [seed, index, picture + 1])


def draw_character(seed: int, index: int) -> Character:
    """Character number `index` of a seed; independent of how many others are drawn."""
    rng = character_rng(seed, index)
    skin = palette.skin_color(rng)
    hair = _hair(rng)
    outfit = _outfit(rng, hair.color, skin)
    return Character(
        index=index,
        skin=skin,
        hair=hair,
        eyes=_eyes(rng),
        outfit=outfit,
        jaw=float(rng.uniform(0.92, 1.06)),
        chin=float(rng.uniform(0.94, 1.05)),
        broad=float(rng.uniform(0.92, 1.2)),
        blush=float(rng.uniform(0.25, 1.0)),
        accessories=_accessories(rng, hair.back),
        side=int(rng.choice([-1, 1])),
        trim=palette.accent_color(rng),
    )


def _hair(rng: np.random.Generator) -> Hair:
    color = palette.hair_color(rng)
    tips = color
    if rng.random() < 0.28:
        hue, saturation, value = palette.hsv(color)
        tips = palette.rgb(hue + rng.uniform(20, 70) * rng.choice([-1, 1]), saturation + 0.15, min(1.0, value + 0.1))
    return Hair(
        back=str(rng.choice(BACK_STYLES, p=(0.14, 0.16, 0.13, 0.11, 0.09, 0.1, 0.06, 0.09, 0.06, 0.06))),
        fringe=str(rng.choice(FRINGES, p=(0.16, 0.24, 0.24, 0.16, 0.2))),
        sides=str(rng.choice(SIDES, p=(0.48, 0.37, 0.15))),
        color=color,
        tips=tips,
        length=float(rng.uniform(0, 1)),
        volume=float(rng.uniform(0.94, 1.1)),
        parting=float(rng.uniform(-0.4, 0.4)),
        ahoge=bool(rng.random() < 0.35),
        jitter=tuple(float(x) for x in rng.uniform(-1, 1, 48)),
    )


def _eyes(rng: np.random.Generator) -> Eyes:
    left = palette.eye_color(rng)
    odd = rng.random() < 0.06
    return Eyes(
        shape=str(rng.choice(EYES, p=(0.32, 0.28, 0.2, 0.2))),
        left=left,
        right=palette.eye_color(rng) if odd else left,
        size=float(rng.uniform(0.54, 0.72)),
        lash=float(rng.uniform(0.75, 1.25)),
        gleam=int(rng.integers(0, 3)),
    )


def _outfit(rng: np.random.Generator, hair: Color, skin: Color) -> Outfit:
    color = palette.cloth_color(rng)
    near = rng.random()
    # a share of clothes that are hard to tell from hair or from skin
    if near < 0.12:
        color = palette.mix(hair, palette.cloth_color(rng), 0.15)
    elif near < 0.13:
        color = palette.mix(skin, palette.WHITE, 0.15)
    second = palette.WHITE if rng.random() < 0.4 else palette.cloth_color(rng)
    kind = str(rng.choice(OUTFITS, p=(0.17, 0.15, 0.14, 0.12, 0.13, 0.1, 0.1, 0.09)))
    pattern = str(rng.choice(PATTERNS, p=(0.46, 0.14, 0.1, 0.1, 0.1, 0.1)))
    if kind == "kimono" and pattern in {"plain", "stripes", "plaid"}:
        pattern = "flowers"
    return Outfit(
        kind=kind,
        color=color,
        second=second,
        accent=palette.accent_color(rng),
        pattern=pattern,
        sleeve=float(rng.choice([0.0, 0.45, 1.0], p=(0.5, 0.36, 0.14))),
    )


def _accessories(rng: np.random.Generator, back: str) -> frozenset[str]:
    chance = {
        "ribbon": 0.24,
        "clip": 0.22,
        "flower": 0.12,
        "headband": 0.12,
        "hat": 0.06,
        "beanie": 0.06,
        "glasses": 0.2,
        "earrings": 0.16,
        "cat_ears": 0.08,
        "choker": 0.1,
    }
    found = {name for name in ACCESSORIES if rng.random() < chance[name]}
    if found & {"hat", "beanie"}:
        found -= {"headband", "cat_ears", "flower", "ribbon"}
    if {"hat", "beanie"} <= found or (back in {"buns", "spiky"} and found & {"hat", "beanie"}):
        found -= {"hat", "beanie"}
    if {"cat_ears", "ribbon"} <= found:
        found -= {"ribbon"}
    return frozenset(found)
