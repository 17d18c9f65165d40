"""Who a character is."""

from __future__ import annotations

from kirie.synth import character as room
from kirie.synth.character import draw_character


def test_a_character_is_a_function_of_seed_and_index() -> None:
    """The same numbers give the same character, whatever was drawn in between; others give another."""
    first = draw_character(7, 3)
    draw_character(7, 4)
    assert draw_character(7, 3) == first
    assert draw_character(8, 3) != first
    assert draw_character(7, 4) != first


def test_a_cast_uses_every_style() -> None:
    """Among 300 characters every style of hair, eyes, clothes, pattern and accessory occurs."""
    cast = [draw_character(7, k) for k in range(300)]
    assert {c.hair.back for c in cast} == set(room.BACK_STYLES)
    assert {c.hair.fringe for c in cast} == set(room.FRINGES)
    assert {c.hair.sides for c in cast} == set(room.SIDES)
    assert {c.eyes.shape for c in cast} == set(room.EYES)
    assert {c.outfit.kind for c in cast} == set(room.OUTFITS)
    assert {c.outfit.pattern for c in cast} == set(room.PATTERNS)
    assert set().union(*(c.accessories for c in cast)) == set(room.ACCESSORIES)


def test_headgear_does_not_pile_up() -> None:
    """Nobody wears a hat over a beanie, or either over a headband."""
    for k in range(400):
        worn = draw_character(2, k).accessories
        assert len(worn & {"hat", "beanie"}) <= 1
        assert not (worn & {"hat", "beanie"} and "headband" in worn)
