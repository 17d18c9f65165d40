"""Folders that appear whole: filled beside their place and renamed, whatever ends the process meanwhile."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import platform
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from kirie.core.files import disk_errors

_LONGEST_NAME = 120
"""Bytes of a folder's name that fit beside a host's in one file name, which may have 255."""


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A new, empty folder that takes the place of `path` when the block ends well, and vanishes when it does not.

    The folder that was there is set aside whole until then; should a kill come between the two renames, the next call
    puts it back first.

    Raises:
        DeviceError: There is no space, or no permission to write.
    """
    target = path.resolve()
    before = target.with_name(f"{_hidden(target)}-old")
    with disk_errors(path):
        if before.is_dir() and not target.exists():
            before.replace(target)
        shutil.rmtree(before, ignore_errors=True)
    with folder_beside(path) as beside:
        yield beside
        try:
            if target.is_dir():
                target.replace(before)
            beside.replace(target)
        except BaseException:
            if before.is_dir() and not target.exists():
                before.replace(target)
            raise
    shutil.rmtree(before, ignore_errors=True)


@contextlib.contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """A new, empty folder next to `path`, gone when the block ends.

    What processes of this machine left there when they were killed goes first; those that live are left alone.

    Raises:
        DeviceError: There is no space, or no permission to write.
    """
    # Absolute, because `.` has no name to put a folder beside
    target = path.resolve()
    begin, end = f"{_hidden(target)}-{platform.node()}-", ".part"
    beside = target.with_name(f"{begin}{os.getpid()}{end}")
    try:
        with disk_errors(path):
            for leftover in target.parent.glob(f"{glob.escape(begin)}*{end}"):
                pid = leftover.name.removeprefix(begin).removesuffix(end)
                if pid.isdecimal() and (int(pid) == os.getpid() or not _lives(int(pid))):
                    shutil.rmtree(leftover, ignore_errors=True)
            beside.mkdir(parents=True)
            yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def foreign(folder: Path, known: Collection[str]) -> str | None:
    """The first file below a folder that is none of the known ones, named from there; None if there is none.

    A folder that kirie wrote is replaced whole; what somebody else put into it since would go with it.

    Args:
        folder: The folder.
        known: Names relative to it, with slashes. DVC's .gitignore is known everywhere: DVC writes it again.
    """
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name not in known and path.name != ".gitignore" and (path.is_symlink() or not path.is_dir()):
            return name
    return None


def _hidden(target: Path) -> str:
    """The beginning of names beside a folder that nobody else would use; a long one would be too long for a file."""
    name = os.fsencode(target.name)
    shown = target.name if len(name) <= _LONGEST_NAME else hashlib.sha256(name).hexdigest()[:16]
    return f".{shown}.kirie"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # Another user's
        return True
    return True
