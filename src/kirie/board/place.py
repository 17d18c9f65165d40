"""Where a board keeps what is its own: a cache, which is safe to delete, and notes, which are not.

Both lie in the user's folders, by the folder that is shown; nothing is written into the runs.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BoardPlace:
    """The folders of a board.

    Attributes:
        cache: Holds the columns that were read from the logs.
        notes: Holds the tags and notes of people.
    """

    cache: Path
    notes: Path

    @classmethod
    def of(cls, folder: Path, environ: Mapping[str, str] | None = None) -> BoardPlace:
        """The place of the board over a folder of runs; nothing is created.

        Args:
            folder: The folder, by any of its names.
            environ: Where XDG_CACHE_HOME and XDG_DATA_HOME are looked up; the process's own by default.
        """
        environ = os.environ if environ is None else environ
        name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
        return cls(
            _home(environ, "XDG_CACHE_HOME", ".cache") / "kirie" / "board" / name,
            _home(environ, "XDG_DATA_HOME", ".local/share") / "kirie" / "board" / name,
        )


def _home(environ: Mapping[str, str], variable: str, default: str) -> Path:
    # The convention has relative paths ignored
    given = Path(environ.get(variable, ""))
    return given if given.is_absolute() else Path(environ.get("HOME") or Path.home()) / default
