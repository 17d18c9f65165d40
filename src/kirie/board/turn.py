"""Whose turn it is to read the logs: of several boards over one cache, one fills it and the others look on."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path


class Turn:
    """A lock on a file, kept as long as the process lives.

    Args:
        path: The file; made if missing, with its folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def mine(self) -> bool:
        """Whether this process fills the cache; takes the turn if nobody has it.

        Where files cannot be locked, or not be made, everybody has it: work is done twice then, and nothing wrong.
        """
        if self._file is not None and self._still_there(self._file):
            return True
        self.leave()
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        except OSError:
            os.close(file)
            return True
        self._file = file
        return True

    def leave(self) -> None:
        """Gives the turn to another board."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _still_there(self, file: int) -> bool:
        """Whether the locked file is still the one by that name: it may have been deleted with the cache."""
        with contextlib.suppress(OSError):
            return os.fstat(file).st_ino == self._path.stat().st_ino
        return False
