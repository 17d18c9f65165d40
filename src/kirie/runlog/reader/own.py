"""Which files are a run's own: those that lie in its folder, whatever paths and links a stranger put there."""

from __future__ import annotations

from pathlib import Path

from kirie.core.files import inside
from kirie.errors import SourceError


def own(folder: Path, *parts: str) -> Path | None:
    """Where a file of a run's lies, which may be gone; None of one that a path or a link leads out to.

    Args:
        folder: A segment's folder, or kirie's run folder; it may itself be reached by a link.
        parts: The way from there; each part must lie within what the parts before it lead to.
    """
    found = folder
    try:
        for part in parts:
            found = inside(found, part)
    except (SourceError, OSError, ValueError):
        return None
    return found


def saved_file(files: Path, path: str) -> Path | None:
    """The same of a path below a segment's `files/`, which is no way out either."""
    return own(files.parent, files.name, path)
