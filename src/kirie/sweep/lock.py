"""The lock of a file that processes of several machines append to: a symbolic link, which only one of them can make.

NFS makes links one at a time, while its own locks may not be there at all. The link's text says who made it, so that a
holder that was killed on this machine is found out at once; one elsewhere counts as gone when neither the lock nor the
file has changed for half a minute. (Optuna's lock is a link too, but waits that half minute for every holder, sleeps up
to a second between two tries, and waits for ever where the file is mounted under another name.)
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import uuid
from dataclasses import asdict
from pathlib import Path

from kirie.cluster.process import Process

GRACE_S = 30.0
"""Seconds without a change after which the lock is taken away from a holder of which nothing is known."""

_FIRST_S, _LONGEST_S = 0.002, 0.05

_OURS: set[str] = set()
"""What this process's locks say, from before they are made until they are given back."""


class FileLock:
    """The lock of a file.

    Args:
        path: The file; the lock lies beside it.
    """

    def __init__(self, path: Path) -> None:
        self._file = path
        self._link = path.with_name(f"{path.name}.lock")
        self._text = ""

    def acquire(self) -> None:
        """Takes the lock; waits for it.

        Raises:
            OSError: The folder cannot be written.
        """
        # Of this time only: the answer to a link may get lost on NFS, and be asked for again
        self._text = json.dumps(asdict(Process.own()) | {"time": uuid.uuid4().hex})
        _OURS.add(self._text)
        try:
            self._wait()
        except BaseException:
            _OURS.discard(self._text)
            raise

    def _wait(self) -> None:
        pause, seen, since = _FIRST_S, None, time.monotonic()
        while not self._made():
            now = (self._holder(), _changed(self._file))
            if now != seen:
                seen, since = now, time.monotonic()
            if now[0] is not None and (_gone(now[0]) or time.monotonic() - since > GRACE_S):
                self._take_away(now[0])
            # Not all at the same time
            time.sleep(pause * (0.5 + int.from_bytes(os.urandom(1), "big") / 256))
            pause = min(2 * pause, _LONGEST_S)

    def release(self) -> None:
        """Gives the lock back; does nothing if it was taken away."""
        if self._holder() == self._text:
            with contextlib.suppress(FileNotFoundError):
                self._link.unlink()
        _OURS.discard(self._text)

    def _made(self) -> bool:
        try:
            self._link.symlink_to(self._text)
        except FileExistsError:
            return self._holder() == self._text
        return True

    def _holder(self) -> str | None:
        try:
            return str(self._link.readlink())
        except OSError:
            return None

    def _take_away(self, text: str) -> None:
        """Moves the lock of a holder that is gone out of the way; puts back one of another process."""
        aside = self._link.with_name(f"{self._link.name}.{uuid.uuid4().hex}")
        with contextlib.suppress(FileNotFoundError):
            self._link.rename(aside)
            found = str(aside.readlink())
            if found != text:
                with contextlib.suppress(FileExistsError):
                    self._link.symlink_to(found)
            aside.unlink()


def _gone(text: str) -> bool:
    """Whether the process that made a lock is known to have ended, or is this one and knows nothing of it."""
    try:
        content = json.loads(text)
        del content["time"]
        process = Process(**content)
    except (ValueError, TypeError, KeyError):
        return False
    # A signal may have cut our own waiting short just when the lock was made
    return text not in _OURS if process == Process.own() else process.alive() is False


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
