"""The folder that is being filled, and everything on disk whose rows can be used again.

An interrupted attempt whose journal is a beginning of the new plan is continued in place. Any other becomes a spare:
its rows, like those of the present store, are copied when a key of the plan asks for them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from kirie.core import files
from kirie.errors import StoreError, UsageError
from kirie.prepare.journal import Journal, Written, read_journal
from kirie.prepare.layout import ATTEMPT, Frame
from kirie.prepare.plan import Planned
from kirie.prepare.record import Record
from kirie.prepare.rows import Pixels, RowWriter
from kirie.prepare.strangers import stranger


class Reuse:
    """Rows of earlier work, found by key."""

    def __init__(self, path: Path, frame: Frame) -> None:
        """Reads the journals of a store's folder.

        Args:
            path: The store's folder.
            frame: The frame that rows must have.
        """
        self._at: dict[str, tuple[Written, int]] = {}
        for folder in sorted((*path.glob("data-*"), *path.glob("spare-*"))):
            written = read_journal(folder, frame)
            if written is not None:
                for at, record in enumerate(written.records):
                    self._at.setdefault(record.key, (written, at))

    def has(self, key: str | None) -> bool:
        """Whether a key is known; its rows may still prove damaged."""
        return key in self._at

    def load(self, key: str | None) -> tuple[Record, Pixels] | None:
        """A picture's record and rows, or None if there are none or they were damaged."""
        if key is None or key not in self._at:
            return None
        written, at = self._at[key]
        pixels = written.load(at)
        return None if pixels is None else (written.records[at], pixels)


class Attempt:
    """A folder being filled in the order of a plan. Use it as a context."""

    def __init__(self, path: Path, frame: Frame, per_shard: int, plan: Sequence[Planned]) -> None:
        """Continues an interrupted attempt, or starts one.

        Args:
            path: The store's folder.
            frame: How samples become rows.
            per_shard: Rows in a shard.
            plan: What is to be prepared, in order.

        Raises:
            DeviceError: The disk is full, or the folder cannot be written.
        """
        folder = path / ATTEMPT
        kept: tuple[Record, ...] = ()
        row = 0
        found = read_journal(folder, frame)
        if found is not None and found.rows.per_shard == per_shard and _begins(found.records, plan):
            kept, row = _intact(found)
        elif folder.exists():
            with files.disk_errors(path):
                folder.rename(path / f"spare-{_unused(path)}")
        self.records: list[Record] = list(kept)
        self._journal = Journal.create(folder, frame, per_shard, kept)
        self._rows = RowWriter(folder, frame.size, per_shard, row)

    def __enter__(self) -> Attempt:
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.__exit__()
        self._journal.abandon()

    def add(self, record: Record, pixels: Pixels) -> None:
        """Writes a picture's rows, then its line.

        Raises:
            DeviceError: The disk is full.
        """
        self._rows.append(*pixels)
        self._journal.append(record)
        self.records.append(record)

    def finish(self) -> None:
        """Brings everything to the disk.

        Raises:
            DeviceError: The disk is full.
        """
        self._rows.sync()
        self._journal.close()


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Makes a store's folder, and keeps a second `kirie prepare` out of it.

    Raises:
        StoreError: Another one is at work.
        UsageError: The folder holds something else.
        DeviceError: The folder cannot be made.
    """
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is a file; give a folder for the store.")
    if path.is_dir() and (strange := stranger(path)):
        raise UsageError(
            f"{path} holds something else than a store ('{strange}'), which preparing would mix with its own "
            "files; give another folder (--out)."
        )
    with files.disk_errors(path):
        path.mkdir(parents=True, exist_ok=True)
        # The folder itself is locked: no lock file is left behind, and a kill releases it
        held = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"Another `kirie prepare` is writing {path}; wait for it to end.") from None
        except OSError:
            # Some network file systems have no locks; two at a time is the user's care there
            pass
        yield
    finally:
        os.close(held)


def _begins(records: Sequence[Record], plan: Sequence[Planned]) -> bool:
    return [record.key for record in records] == [planned.key for planned in plan[: len(records)]]


def _intact(found: Written) -> tuple[tuple[Record, ...], int]:
    """The records up to the first whose rows are not what was written, and the number of their rows."""
    for at in range(len(found.records)):
        if found.load(at) is None:
            return found.records[:at], found.first[at]
    return found.records, found.rows.count


def _unused(path: Path) -> int:
    return next(number for number in range(10**9) if not (path / f"spare-{number}").exists())
