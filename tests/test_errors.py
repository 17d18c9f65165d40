"""The error tree, and that its drawing is true."""

import inspect
import re

import pytest

from kirie import errors
from kirie.errors import GateFailed, Interrupted, KirieError, PeerError


def _classes() -> list[type[KirieError]]:
    return [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, KirieError)]


def test_drawing_is_the_tree() -> None:
    """The tree drawn in the module's docstring names every class under its parent."""
    drawing = (errors.__doc__ or "").split("\n\n")[1]
    found: dict[str, str] = {}
    above: list[str] = []
    for line in drawing.splitlines():
        match = re.match(r"([│├└─ ]*)(\w+)", line)
        assert match is not None
        depth = len(match[1]) // 4
        above[depth:] = [match[2]]
        if depth:
            found[match[2]] = above[depth - 1]
    drawn = {kind.__name__: kind.__mro__[1].__name__ for kind in _classes() if kind not in (KirieError, GateFailed)}
    assert found == drawn


@pytest.mark.parametrize(
    "kind", [kind for kind in _classes() if kind not in (Interrupted, PeerError)], ids=lambda kind: kind.__name__
)
def test_exit_codes(kind: type[KirieError]) -> None:
    """What the user can mend ends with 2; only the export gate ends with 1. (Two have a code of their own.)"""
    assert kind("x").exit_code == (1 if kind is GateFailed else 2)
    assert (kind.__doc__ or "").strip()


def test_a_signal_gives_its_own_code() -> None:
    """An interrupted command ends with the code that the signal gives a shell."""
    ended = Interrupted("Step 40 is kept.", 143)
    assert (str(ended), ended.exit_code) == ("Step 40 is kept.", 143)


@pytest.mark.parametrize(
    ("words", "line"),
    [("one.\ntwo", "one"), ("\n  one\n", "one"), ("", "ValueError"), (" \n", "ValueError"), ("x" * 999, "x" * 300)],
)
def test_first_line(words: str, line: str) -> None:
    """Another library's words fit into a sentence: one line, bounded, never empty."""
    assert errors.first_line(ValueError(words)) == line
