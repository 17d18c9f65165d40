"""What --strict refuses."""

from __future__ import annotations

import pytest

from kirie.errors import SourceError
from kirie.formats.strict import LAWFUL, refuse_mended


def test_what_is_lawful_is_not_refused() -> None:
    """Parts that paint order hides or cuts small are no mistakes."""
    refuse_mended({"a": dict.fromkeys(LAWFUL, 3), "b": {}})


def test_pictures_are_named_with_what_was_mended() -> None:
    """Every kind with its count; those without a fault are not named."""
    with pytest.raises(SourceError, match="1 of 2 pictures had to be mended") as caught:
        refuse_mended({"good": {}, "bad": {"points outside clipped": 1, "empty regions": 2}})
    assert "  bad: empty regions: 2; points outside clipped: 1\n" in str(caught.value)
    assert "good" not in str(caught.value)


def test_long_lists_are_cut() -> None:
    """Twenty lines, then how many more."""
    with pytest.raises(SourceError, match=r"30 of 30[\s\S]*and 10 more") as caught:
        refuse_mended({f"p{at}": {"empty regions": 1} for at in range(30)})
    assert str(caught.value).count("\n  ") == 21
