"""In what the code of two runs differs: commits, what was not committed, and the difference between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kirie.board.difference.repository import diff, is_commit

MOST_UNCOMMITTED = 2**18
"""Letters that are shown of what a working tree had that its commit had not."""


@dataclass(frozen=True, slots=True)
class Code:
    """The code of one run.

    Attributes:
        commit: Its git commit; None if it names none.
        dirty: Whether the working tree differed from it; None where nobody noted it.
        uncommitted: That difference as the run kept it, up to MOST_UNCOMMITTED; None if it kept none.
        cut: Whether it was longer.
        fingerprint: Of the code that training runs, of a run of kirie.
    """

    commit: str | None
    dirty: bool | None
    uncommitted: str | None
    fingerprint: str | None
    cut: bool = False


def code_of(record: Mapping[str, Any], noted: Mapping[str, Any], kept: Iterable[Path]) -> Code:
    """The code of a run.

    Args:
        record: Its run record; empty for a run of another program.
        noted: What W&B noted of git.
        kept: Files that may hold what was not committed, the likeliest first.
    """
    git, made = record.get("git"), record.get("made_of")
    told = git if isinstance(git, Mapping) else noted
    commit = told.get("commit")
    dirty = told.get("dirty")
    uncommitted = next((text for path in kept if (text := _text(path))), None)
    if dirty is None and uncommitted:
        dirty = True
    fingerprint = made.get("code") if isinstance(made, Mapping) else None
    return Code(
        commit if is_commit(commit) else None,
        dirty if isinstance(dirty, bool) else None,
        None if uncommitted is None else uncommitted[:MOST_UNCOMMITTED],
        fingerprint if isinstance(fingerprint, str) else None,
        uncommitted is not None and len(uncommitted) > MOST_UNCOMMITTED,
    )


def code_difference(a: Code, b: Code, places: Iterable[Path]) -> dict[str, Any]:
    """In what the code of two runs differs, for an answer.

    Args:
        a: The one run's.
        b: The other's.
        places: Roots of repositories, to be tried in order.

    Returns:
        `diff` leads from commit to commit, "" where they are one, None with a `reason`. `same_changes` tells whether
        what was in no commit was the same, None where nobody can tell.
    """
    both = a.fingerprint is not None and b.fingerprint is not None
    content: dict[str, Any] = {
        "a": _told(a),
        "b": _told(b),
        "same_training_code": a.fingerprint == b.fingerprint if both else None,
        "same_changes": _same_changes(a, b),
    }
    if a.commit is None or b.commit is None:
        lacking = "Neither run names" if a.commit is b.commit else "One of the runs does not name"
        return content | {"diff": None, "reason": f"{lacking} a git commit."}
    found = diff(a.commit, b.commit, places)
    return content | {"diff": found.text, "cut": found.cut} | ({"reason": found.reason} if found.reason else {})


def _same_changes(a: Code, b: Code) -> bool | None:
    if a.dirty is None or b.dirty is None:
        return None
    if not a.dirty or not b.dirty:
        return a.dirty == b.dirty
    if a.uncommitted is None or b.uncommitted is None:
        return None
    if a.uncommitted != b.uncommitted:
        return False
    return None if a.cut or b.cut else True


def _told(code: Code) -> dict[str, Any]:
    return {"commit": code.commit, "dirty": code.dirty, "uncommitted": code.uncommitted, "cut": code.cut}


def _text(path: Path) -> str | None:
    try:
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            # One letter has up to four bytes; one more tells that there is more
            return stream.read(4 * MOST_UNCOMMITTED + 1).decode(errors="replace")
    except OSError:
        return None
