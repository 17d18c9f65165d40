"""Colours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kirie.synth import palette
from kirie.synth.character import character_rng

color = st.tuples(*[st.integers(0, 255)] * 3)


@given(color)
def test_shadow_is_darker_and_light_is_lighter(one: tuple[int, int, int]) -> None:
    """No channel grows in shadow, and the sum does not fall in light."""
    assert all(a <= b for a, b in zip(palette.shade(one), one, strict=True))
    assert sum(palette.light(one)) >= sum(one) - 12


@given(color)
def test_lines_are_dark_on_any_fill(one: tuple[int, int, int]) -> None:
    """Line art is never brighter than a mid tone."""
    assert max(palette.line(one)) <= 130


@given(color, color)
def test_mixing_ends_at_both_colors(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    """Share 0 is the one colour and share 1 the other."""
    assert palette.mix(one, other, 0.0) == one
    assert palette.mix(one, other, 1.0) == other


@given(st.integers(0, 10_000))
def test_drawn_colors_are_colors(index: int) -> None:
    """Each palette gives three channels in 0 to 255."""
    rng = character_rng(3, index)
    for pick in (palette.skin_color, palette.hair_color, palette.eye_color, palette.cloth_color, palette.accent_color):
        found = pick(rng)
        assert len(found) == 3
        assert all(isinstance(c, int) and 0 <= c <= 255 for c in found)
