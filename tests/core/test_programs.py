"""Asking other programs."""

from __future__ import annotations

import time

import pytest

from kirie.core import programs


def test_an_answer_has_code_and_both_outputs() -> None:
    """Standard input reaches the program, and what it says comes back apart."""
    found = programs.ask(["sh", "-c", "cat; echo bad >&2; exit 3"], patience_s=30, text="in")
    assert found == programs.Answer(3, "in", "bad\n")


def test_a_program_that_is_not_there_is_none() -> None:
    """The PATH of the given environment counts, not our own."""
    assert programs.ask(["no-such-program"], patience_s=30) is None
    assert programs.ask(["sh", "-c", "true"], patience_s=30, environ={"PATH": "/nowhere"}) is None
    with pytest.raises(FileNotFoundError):
        programs.start(["no-such-program"])


def test_a_program_that_does_not_answer_is_ended() -> None:
    """After its time it is gone, and the code says so."""
    began = time.monotonic()
    found = programs.ask(["sleep", "60"], patience_s=0.2)
    assert found is not None
    assert found.code == programs.NO_ANSWER
    assert time.monotonic() - began < 30
