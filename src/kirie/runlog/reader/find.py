"""Finding W&B's run folders at any depth, without reading a log."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from kirie.errors import RunError

_FOLDER = re.compile(r"(?:offline-)?run-(\d{8}_\d{6})-(.+)")
ENDING = ".wandb"
"""What a log's name ends with."""
_DEEPEST = 32
"""Levels below the given folder that are looked at."""
_BELOW_A_LINK = 2
"""Levels below a link: to a kirie's run, its `wandb`, a segment's folder."""
_MOST_LINKS = 1000
"""Links of a folder that are asked at every look whether they lead to a folder of runs by now."""
_WANDB = "wandb"
"""How W&B calls its folder of runs."""


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


class Folder(NamedTuple):
    """What a folder has in it, by name.

    Attributes:
        identity: What tells it from all others, by whatever path it is reached.
        folders: Its folders, without hidden ones.
        links: Links that lead to folders of runs, by their names or by what is there.
        others: Links that may do so later.
        logs: Files that are called as logs.
    """

    identity: tuple[int, int]
    folders: list[str]
    links: list[str]
    others: list[str]
    logs: list[str]


def find_logs(root: Path) -> list[LogFile]:
    """The logs below a folder, in order of their time, each once; see `walk`.

    Args:
        root: Any folder, one run's folder, or one log.

    Raises:
        RunError: It is not there.
    """
    if root.is_file():
        return [_log(root)]
    if not root.is_dir():
        raise RunError(f"There is no folder {root}; name one that holds runs, as runs or wandb.")
    found = [_log(Path(path, name)) for path, folder in walk(str(root), _seen) for name in folder.logs]
    return sorted(found, key=lambda log: (log.stamp, str(log.path)))


def walk(root: str, look: Callable[[str], Folder | None]) -> Iterator[tuple[str, Folder]]:
    """The folders below a folder in which logs may lie, each once, with what is in them.

    A link is followed if it is called as W&B's folders are, or leads to a folder with a `wandb` in it: some folders
    below, and no link among them. So no link leads in a circle, nor through all of a disk. A folder that has a place
    of its own below the root is not reached by a link.

    Args:
        root: The folder.
        look: Gives what a folder has in it; None of one that cannot be looked at.
    """
    links: list[str] = []
    seen: set[tuple[int, int]] = set()
    yield from _down(root, _DEEPEST, look, seen, links)
    for link in sorted(links):
        yield from _down(link, _BELOW_A_LINK, look, seen, None)


def _down(
    root: str, deepest: int, look: Callable[[str], Folder | None], seen: set[tuple[int, int]], links: list[str] | None
) -> Iterator[tuple[str, Folder]]:
    folders = [(root, deepest)]
    while folders:
        path, left = folders.pop()
        folder = look(path)
        if folder is None or folder.identity in seen:
            continue
        seen.add(folder.identity)
        yield path, folder
        if links is not None:
            links += [f"{path}/{name}" for name in folder.links]
            # A folder does not change when another does that a link in it leads to
            links += [link for name in folder.others if _has_runs(link := f"{path}/{name}")]
        # A run's own folder has none of another run below it; a log that lies elsewhere says nothing of its neighbours
        if left and not (folder.logs and stamp_of(path.rpartition("/")[2])):
            folders += [(f"{path}/{name}", left - 1) for name in folder.folders]


def listed(path: str, identity: tuple[int, int]) -> Folder:
    """What a folder has in it.

    Raises:
        OSError: It cannot be looked at.
    """
    found = Folder(identity, [], [], [], [])
    with os.scandir(path) as entries:
        for entry in entries:
            name = entry.name
            if entry.is_dir(follow_symlinks=False):
                if not name.startswith("."):
                    found.folders.append(name)
            elif entry.is_symlink():
                if name.startswith("."):
                    continue
                if name == _WANDB or stamp_of(name) or _has_runs(entry.path):
                    found.links.append(name)
                elif len(found.others) < _MOST_LINKS and not _is_file(entry):
                    found.others.append(name)
            elif name.endswith(ENDING) and entry.is_file(follow_symlinks=False):
                found.logs.append(name)
    return found


def _has_runs(path: str) -> bool:
    try:
        return Path(path, _WANDB).is_dir()
    except OSError:
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _seen(path: str) -> Folder | None:
    try:
        status = Path(path).stat()
        return listed(path, (status.st_dev, status.st_ino))
    except OSError:
        return None


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
