"""Finding W&B's run folders at any depth, without reading a log."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from kirie.errors import RunError

_FOLDER = re.compile(r"(?:offline-)?run-(\d{8}_\d{6})-(.+)")
ENDING = ".wandb"
"""What a log's name ends with."""
_DEEPEST = 32
"""Levels below the given folder that are looked at."""


class LogFile(NamedTuple):
    """One segment of a run: what one process wrote.

    Attributes:
        path: The log, `run-ID.wandb`.
        id: The run's id, see `id_of`.
        stamp: When the process began, see `stamp_of`.
    """

    path: Path
    id: str
    stamp: str

    @property
    def files(self) -> Path:
        """The folder of what the run saved beside its log: pictures, tables, what was printed."""
        return self.path.parent / "files"


def find_logs(root: Path) -> list[LogFile]:
    """The logs below a folder, in order of their time; links are not followed, so that each log is found once.

    Args:
        root: Any folder, one run's folder, or one log.

    Raises:
        RunError: It is not there.
    """
    if root.is_file():
        return [_log(root)]
    if not root.is_dir():
        raise RunError(f"There is no folder {root}; name one that holds runs, as runs or wandb.")
    found: list[LogFile] = []
    folders = [(str(root), 0)]
    while folders:
        folder, depth = folders.pop()
        logs, below = _look(folder)
        found += logs
        # A run's own folder has none of another run below it; a log that lies elsewhere says nothing of its neighbours
        if depth < _DEEPEST and not (logs and stamp_of(Path(folder).name)):
            folders += [(path, depth + 1) for path in below]
    return sorted(found, key=lambda log: (log.stamp, str(log.path)))


def _look(folder: str) -> tuple[list[LogFile], list[str]]:
    """The logs in a folder and the folders in it; none of one that vanished or may not be read."""
    logs, below = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if entry.is_dir(follow_symlinks=False):
                    if not name.startswith("."):
                        below.append(entry.path)
                elif name.endswith(ENDING) and entry.is_file(follow_symlinks=False):
                    logs.append(_log(Path(entry.path)))
    except OSError:
        return logs, []
    return logs, below


def _log(path: Path) -> LogFile:
    return LogFile(path, id_of(path.name), stamp_of(path.parent.name))


def id_of(log: str) -> str:
    """The run's id, by its log's name."""
    name = readable(log)
    return name.removesuffix(ENDING).removeprefix("run-") or name


def readable(path: str | Path) -> str:
    """A path, or a name, as text; bytes of it that are no UTF-8 are written out, as `\\xff`."""
    return os.fsencode(path).decode(errors="backslashreplace")


def stamp_of(folder: str) -> str:
    """When the process of a W&B run folder began, by the folder's name: YYYYMMDD_HHMMSS, local time; "" of others."""
    named = _FOLDER.fullmatch(folder)
    return named[1] if named else ""
