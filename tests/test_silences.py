"""Silences are counted: each has a reason beside it, and the number only falls."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("src", "tests", "benchmarks")
SILENCE = re.compile(r"#\s*(type:\s*ignore|noqa)|pytest\.(mark\.)?(skip|xfail)|importorskip\(|filterwarnings\(")
ALLOWED = 22
"""Lower it when a silence goes; never raise it."""


def test_the_number_of_silences_only_falls() -> None:
    """A new silence needs another to go."""
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if SILENCE.search(line)
    ]
    assert len(found) <= ALLOWED, "\n".join(found)
    assert len(found) == ALLOWED, f"there are {len(found)} now: lower ALLOWED to keep what was won"
