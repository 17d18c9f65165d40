"""Options: defaults, types and bounds."""

from __future__ import annotations

from typing import Any

import pytest

from kirie.errors import ConfigError
from kirie.models.options import Choice, Option, Share, Whole, Wholes, read_options

KNOWN: dict[str, Option] = {
    "kind": Choice("a", ("a", "b")),
    "flag": Choice(True, (True, False)),
    "count": Whole(4, 1, 8),
    "even": Whole(4, 2, 8, 2),
    "rate": Share(0.5),
    "steps": Wholes((4, 2), 1, 8),
}


def test_defaults() -> None:
    """What is not given has its default."""
    assert read_options({}, KNOWN, "x") == {
        "kind": "a",
        "flag": True,
        "count": 4,
        "even": 4,
        "rate": 0.5,
        "steps": (4, 2),
    }


def test_given_values() -> None:
    """What is given is taken; lists become tuples."""
    given = {"kind": "b", "flag": False, "count": 8, "even": 6, "rate": 0, "steps": [1, 8]}
    assert read_options(given, KNOWN, "x") == {
        "kind": "b",
        "flag": False,
        "count": 8,
        "even": 6,
        "rate": 0,
        "steps": (1, 8),
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "c"),
        ("flag", 1),
        ("count", 0),
        ("count", 9),
        ("count", True),
        ("count", 2.0),
        ("even", 3),
        ("rate", 1),
        ("rate", -0.1),
        ("rate", "0.5"),
        ("rate", True),
        ("steps", [4]),
        ("steps", [4, 2, 1]),
        ("steps", [4, 9]),
        ("steps", "42"),
        ("steps", 4),
    ],
)
def test_values_out_of_bounds(name: str, value: Any) -> None:
    """A wrong type, a wrong count or a value out of bounds is refused with what is allowed."""
    with pytest.raises(ConfigError, match=f"x: options.{name} is .*; it must be {KNOWN[name].allowed}"):
        read_options({name: value}, KNOWN, "x")
