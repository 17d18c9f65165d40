"""Folders that appear whole: filled beside their place and renamed, whatever ends the process meanwhile."""

from __future__ import annotations

import contextlib
import glob
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

from kirie.core.files import disk_errors


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A new, empty folder that takes the place of `path` when the block ends well, and vanishes when it does not.

    The folder that was there is set aside whole until then; should a kill come between the two renames, the next call
    puts it back first.

    Raises:
        DeviceError: There is no space, or no permission to write.
    """
    target = path.resolve()
    before = target.with_name(f".{target.name}.old")
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
    begin, end = f".{target.name}.{platform.node()}-", ".part"
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


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # Another user's
        return True
    return True
