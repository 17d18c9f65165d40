"""Which logs lie below a folder, looked up again and again: a folder that has not changed is not listed anew."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from kirie.runlog.reader.find import ENDING, id_of, stamp_of

_DEEPEST = 32
"""Levels below the folder that are looked at."""
_SETTLED_NS = 2 * 10**9
"""A folder that changed less than this ago may change again without another time: file systems count coarsely."""


class Log(NamedTuple):
    """A log on the disk.

    Attributes:
        path: Relative to the folder that is looked through.
        stamp: Date and time of its folder, as text that sorts.
        id: The run's id, by the file's name.
        size: Bytes.
        mtime: When it was last written, ns since 1970.
    """

    path: str
    stamp: str
    id: str
    size: int
    mtime: int

    @property
    def age(self) -> tuple[str, str]:
        """Sorts logs, the oldest first; one whose folder tells no time is as old as its last change."""
        return self.stamp or time.strftime("%Y%m%d_%H%M%S", time.localtime(self.mtime / 1e9)), self.path


def newest(logs: Mapping[str, Log], most: int) -> dict[str, Log]:
    """The logs of the newest runs, by path: as many whole runs as have together no more logs than `most`.

    A run is as new as its newest log. Of one that has more alone the newest logs stay.
    """
    if len(logs) <= most:
        return dict(logs)
    runs: dict[str, list[Log]] = {}
    for log in sorted(logs.values(), key=lambda log: log.age, reverse=True):
        runs.setdefault(log.id, []).append(log)
    found: list[Log] = []
    for run in runs.values():
        if found and len(found) + len(run) > most:
            break
        found += run[:most]
    return {log.path: log for log in found}


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
        closed: Folders and logs that are there and could not be looked at the last time, by path, and why.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, _Folder] = {}
        self.closed: dict[str, str] = {}

    def look(self) -> dict[str, Log]:
        """The logs that are there now, by path. Links are not followed: they may lead in a circle, or out."""
        self.closed = {}
        found: dict[str, Log] = {}
        seen: dict[str, _Folder] = {}
        stack, deepest = [str(self._root)], str(self._root).count("/") + _DEEPEST
        while stack:
            path = stack.pop()
            try:
                folder = seen[path] = self._listed(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._close(path, error)
                continue
            for name in folder.logs:
                if (log := self._log(Path(path, name))) is not None:
                    found[log.path] = log
            # A run's own folder has none of another run below it; a log elsewhere says nothing of its neighbours
            if path.count("/") < deepest and not (folder.logs and stamp_of(path.rpartition("/")[2])):
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
                elif entry.name.endswith(ENDING) and entry.is_file(follow_symlinks=False):
                    folder.logs.append(entry.name)
        return folder

    def _log(self, path: Path) -> Log | None:
        try:
            status = path.lstat()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._close(str(path), error)
            return None
        where = str(path.relative_to(self._root))
        return Log(where, stamp_of(path.parent.name), id_of(path.name), status.st_size, status.st_mtime_ns)

    def _close(self, path: str, error: OSError) -> None:
        self.closed[str(Path(path).relative_to(self._root))] = error.strerror or type(error).__name__
