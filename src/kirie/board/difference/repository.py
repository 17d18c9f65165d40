"""Asking git for the difference of two commits, of a repository that lies around the runs.

A run log may name anything as its commit, and a repository may come with settings of its own: a commit is a
hexadecimal number or nothing, no shell reads it, and git starts no program (pager, external diff, text conversion,
file-system monitor) and fetches nothing.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kirie.core import programs

MOST_BYTES = 2**20
"""Of a difference; what is beyond is left out, and said."""

_PATIENCE_S = 20.0
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.pager=cat", "-c", "diff.external=", "-c", "protocol.allow=never")


@dataclass(frozen=True, slots=True)
class Diff:
    """The difference of two commits.

    Attributes:
        text: In git's unified form; None if it is not to be had.
        cut: Whether it was longer.
        reason: Why there is none; "" if there is.
    """

    text: str | None
    cut: bool = False
    reason: str = ""


def is_commit(name: object) -> bool:
    """Whether something is a commit's number and nothing else."""
    return isinstance(name, str) and _COMMIT.fullmatch(name) is not None


def roots(places: Iterable[Path]) -> list[Path]:
    """The roots of the repositories, of git or DVC, that some folders lie in; none above the first that is found."""
    found: dict[Path, None] = {}
    for place in places:
        here = place.resolve()
        for folder in (here, *here.parents):
            if (folder / ".git").exists() or (folder / ".dvc").is_dir():
                found.setdefault(folder)
                break
    return list(found)


def diff(a: str, b: str, places: Iterable[Path]) -> Diff:
    """What leads from one commit to another.

    Args:
        a: The one commit, hexadecimal.
        b: The other.
        places: Roots of repositories, to be tried in order.
    """
    if not is_commit(a) or not is_commit(b):
        return Diff(None, reason="A run names a commit that is no commit's number.")
    if a == b:
        return Diff("")
    missing: list[str] = []
    for place in places:
        lacking = [name for name in (a, b) if _git(place, "cat-file", "-e", f"{name}^{{commit}}") is None]
        if not lacking:
            return _between(place, a, b)
        missing = lacking if not missing or len(lacking) < len(missing) else missing
    if not missing:
        return Diff(None, reason="There is no repository around these runs; start the board inside their clone.")
    told = " and ".join(name[:12] for name in missing)
    return Diff(
        None,
        reason=f"No repository around these runs has the commit {told}; start the board inside a clone that has it.",
    )


def _between(place: Path, a: str, b: str) -> Diff:
    shown = ("--no-ext-diff", "--no-textconv", "--no-color", "--find-renames", "--submodule=short")
    found = _git(place, "diff", *shown, a, b, "--")
    if found is None:
        return Diff(None, reason="git could not compare the two commits.")
    text = found.decode(errors="replace")
    return Diff(text[:MOST_BYTES], cut=len(found) > MOST_BYTES)


def _git(place: Path, *words: str) -> bytes | None:
    """What git prints, at most a byte more than MOST_BYTES; None if it refuses, is missing or does not answer."""
    # A hook's GIT_DIR would lead to another repository
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environ |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    try:
        process = programs.start(
            ["git", *_QUIET, "--no-pager", "-C", str(place), *words],
            environ=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None
    late = threading.Timer(_PATIENCE_S, process.kill)
    late.start()
    with process:
        try:
            assert process.stdout is not None
            found: bytes = process.stdout.read(MOST_BYTES + 1)
            if len(found) > MOST_BYTES:
                process.kill()
                process.wait()
                return found
            return found if process.wait() == 0 else None
        finally:
            late.cancel()
            process.kill()
