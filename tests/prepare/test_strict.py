"""What --strict refuses."""

from __future__ import annotations

import pytest

from kirie.errors import SourceError
from kirie.prepare.record import Record
from kirie.prepare.strict import LAWFUL, refuse_mended


def record(name: str, **notes: int) -> Record:
    """A picture with notes."""
    told = {what.replace("_", " "): count for what, count in notes.items()}
    return Record("k", name, None, None, (9, 9), "d", name, (1, 1), 0, 2, (0, 0, 0), (0, 0, 0), told)


def test_what_is_lawful_is_not_refused() -> None:
    """Parts that paint order hides or cuts small are no mistakes."""
    lawful = Record("k", "a", None, None, (9, 9), "d", "a", (1,), 0, 2, (0, 0, 0), (0, 0, 0), dict.fromkeys(LAWFUL, 3))
    refuse_mended([lawful, record("b")])


def test_pictures_are_named_with_what_was_mended() -> None:
    """Every kind with its count; those without a fault are not named."""
    with pytest.raises(SourceError, match="1 of 2 pictures had to be mended") as caught:
        refuse_mended([record("good"), record("bad", empty_regions=2, points_outside_clipped=1)])
    assert "  bad: empty regions: 2; points outside clipped: 1\n" in str(caught.value)
    assert "good" not in str(caught.value)


def test_long_lists_are_cut() -> None:
    """Twenty lines, then how many more."""
    with pytest.raises(SourceError, match=r"30 of 30[\s\S]*and 10 more") as caught:
        refuse_mended([record(f"p{at}", empty_regions=1) for at in range(30)])
    assert str(caught.value).count("\n  ") == 21
