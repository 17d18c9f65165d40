"""Which logs lie below a folder, looked up again and again: a folder that has not changed is not listed anew."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from kirie.core.run import RunFolder
from kirie.runlog.reader.find import Folder, id_of, listed, stamp_of, walk
from kirie.runlog.reader.state import SILENT_S

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
        told: A number that is another one after each change of kirie's record of the run, or of its submissions; 0 of
            another program's run.
    """

    path: str
    stamp: str
    id: str
    size: int
    mtime: int
    told: int = 0

    @property
    def age(self) -> tuple[str, str]:
        """Sorts logs, the oldest first; one whose folder tells no time is as old as its last change."""
        return self.stamp or time.strftime("%Y%m%d_%H%M%S", time.localtime(self.mtime / 1e9)), self.path


def newest(logs: Mapping[str, Log], most: int) -> dict[str, Log]:
    """The logs of the newest runs, by path: as many whole runs as have together no more logs than `most`.

    A run is as new as its newest log; those that grew lately come first. Of one that has more alone the newest logs
    stay.
    """
    if len(logs) <= most:
        return dict(logs)
    runs: dict[str, list[Log]] = {}
    lately = (time.time() - SILENT_S) * 1e9
    for log in sorted(logs.values(), key=lambda log: (log.mtime > lately, log.age), reverse=True):
        runs.setdefault(log.id, []).append(log)
    found: list[Log] = []
    for run in runs.values():
        if found and len(found) + len(run) > most:
            break
        found += run[:most]
    return {log.path: log for log in found}


class Scan:
    """The logs below a folder.

    Args:
        root: The folder; it may be a W&B run folder itself.

    Attributes:
        closed: Folders and logs that are there and could not be looked at the last time, by path, and why.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, tuple[int, Folder]] = {}
        self.closed: dict[str, str] = {}

    def look(self) -> dict[str, Log]:
        """The logs that are there now, by path."""
        self.closed = {}
        before, self._known = self._known, {}
        logs = (
            self._log(Path(path, name))
            for path, folder in walk(str(self._root), lambda path: self._listed(path, before.get(path)))
            for name in folder.logs
        )
        return {log.path: log for log in logs if log is not None}

    def _listed(self, path: str, known: tuple[int, Folder] | None) -> Folder | None:
        try:
            status = Path(path).stat()
            identity = status.st_dev, status.st_ino
            if known is None or known[0] != status.st_mtime_ns or known[1].identity != identity:
                # Not yet to be relied on if it is young
                settled = time.time_ns() - status.st_mtime_ns > _SETTLED_NS
                known = status.st_mtime_ns if settled else -1, listed(path, identity)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self._close(path, error)
            return None
        self._known[path] = known
        return known[1]

    def _log(self, path: Path) -> Log | None:
        try:
            status = path.lstat()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._close(str(path), error)
            return None
        where = str(path.relative_to(self._root))
        stamp = stamp_of(path.parent.name)
        return Log(where, stamp, id_of(path.name), status.st_size, status.st_mtime_ns, _told(path))

    def _close(self, path: str, error: OSError) -> None:
        self.closed[str(Path(path).relative_to(self._root))] = error.strerror or type(error).__name__


def _told(log: Path) -> int:
    """When kirie's record of a log's run, and its submissions, were written: the sum of both, ns since 1970."""
    wandb, found = log.parent.parent, 0
    run = RunFolder(wandb.parent)
    # Without a record it is no run of kirie
    for path in (run.record, run.jobs) if wandb.name == "wandb" else ():
        try:
            found += path.stat().st_mtime_ns
        except OSError:
            break
    return found
