"""Which logs lie below a folder, looked up again and again: a folder that has not changed is not listed anew."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

_RUN = re.compile(r"(?:offline-)?run-(\d{8}_\d{6})-(.+)")
_LOG = ".wandb"
_DEEPEST = 32
"""Levels below the folder that are looked at."""
_SETTLED_NS = 2 * 10**9
"""A folder that changed less than this ago may change again without another time: file systems count coarsely."""


class Log(NamedTuple):
    """A log on the disk.

    Attributes:
        path: Relative to the folder that is looked through.
        stamp: Date and time of its folder, as text that sorts.
        id: The run's id, as the file's name says.
        size: Bytes.
        mtime: When it was last written, ns since 1970.
    """

    path: str
    stamp: str
    id: str
    size: int
    mtime: int


@dataclass(slots=True)
class _Folder:
    mtime: int
    folders: list[str] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)


class Scan:
    """The logs below a folder.

    Args:
        root: The folder; it may be a W&B run folder itself.

    Attributes:
        closed: Folders that could not be read at the last look.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, _Folder] = {}
        self.closed = 0

    def look(self) -> dict[str, Log]:
        """The logs that are there now, by path. Links are not followed: they may lead in a circle, or out."""
        self.closed = 0
        found: dict[str, Log] = {}
        seen: dict[str, _Folder] = {}
        stack, deepest = [str(self._root)], str(self._root).count("/") + _DEEPEST
        while stack:
            path = stack.pop()
            try:
                folder = seen[path] = self._listed(path)
            except FileNotFoundError:
                continue
            except OSError:
                self.closed += 1
                continue
            for name in folder.logs:
                if (log := self._log(Path(path, name))) is not None:
                    found[log.path] = log
            if not folder.logs and path.count("/") < deepest:
                # A run's own folder has none of another run below it
                stack += [f"{path}/{name}" for name in folder.folders]
        self._known = seen
        return found

    def _listed(self, path: str) -> _Folder:
        mtime = Path(path).stat().st_mtime_ns
        known = self._known.get(path)
        if known is not None and known.mtime == mtime:
            return known
        # Not yet to be relied on if it is young
        folder = _Folder(mtime if time.time_ns() - mtime > _SETTLED_NS else -1)
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if not entry.name.startswith("."):
                        folder.folders.append(entry.name)
                elif entry.name.endswith(_LOG) and entry.is_file(follow_symlinks=False):
                    folder.logs.append(entry.name)
        return folder

    def _log(self, path: Path) -> Log | None:
        try:
            status = path.lstat()
        except OSError:
            return None
        named = _RUN.fullmatch(path.parent.name)
        stamp, run = named[1] if named else "", path.stem.removeprefix("run-")
        return Log(str(path.relative_to(self._root)), stamp, run, status.st_size, status.st_mtime_ns)
