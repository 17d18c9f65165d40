"""The journal: one line for each picture whose rows are written, in the order of the rows. Append-only.

A kill may tear the last line; reading forgives that, and stops at the first line that is no record. Rows are checked
against the digest in their record before they are used again, so a journal that claims too much (power loss) costs
work, not correctness.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from kirie.core import files
from kirie.errors import StoreError
from kirie.prepare.layout import VERSION, Frame
from kirie.prepare.record import Record
from kirie.prepare.rows import Pixels, Rows, filling, row_digest

JOURNAL = "journal.jsonl"


@dataclass(frozen=True, slots=True)
class Written:
    """A folder's journal as found, with access to its rows.

    Attributes:
        records: In order of their rows.
        first: Row of each record.
        rows: The folder's rows.
    """

    records: tuple[Record, ...]
    first: tuple[int, ...]
    rows: Rows
    frame: Frame

    def load(self, at: int) -> Pixels | None:
        """A record's rows, or None if they are not what was written."""
        try:
            pixels = self.rows.load(self.first[at], self.frame.rows_of(self.records[at].size))
        except StoreError:
            return None
        return pixels if row_digest(pixels) == self.records[at].digest else None


class Journal:
    """A journal open for appending."""

    def __init__(self, folder: Path, stream: IO[bytes]) -> None:
        """Takes over an open stream; use `create`."""
        self._folder, self._stream = folder, stream

    @classmethod
    def create(cls, folder: Path, frame: Frame, per_shard: int, kept: Iterable[Record] = ()) -> Journal:
        """Starts a folder's journal with the records whose rows it keeps.

        Raises:
            DeviceError: The disk is full, or the folder cannot be written.
        """
        header = {"version": VERSION, **frame.to_dict(), "rows_per_shard": per_shard}
        with files.replacing(folder / JOURNAL) as stream:
            for line in (header, *(record.to_dict() for record in kept)):
                stream.write(_line(line))
        with filling(folder):
            return cls(folder, (folder / JOURNAL).open("ab", buffering=0))

    def append(self, record: Record) -> None:
        """Adds a picture whose rows are written.

        Raises:
            DeviceError: The disk is full.
        """
        line = _line(record.to_dict())
        with filling(self._folder):
            while line:
                line = line[self._stream.write(line) :]

    def close(self) -> None:
        """Brings the journal to the disk.

        Raises:
            DeviceError: The disk is full.
        """
        if not self._stream.closed:
            with filling(self._folder):
                os.fsync(self._stream.fileno())
                self._stream.close()

    def abandon(self) -> None:
        """Lets go of the file without waiting for the disk."""
        self._stream.close()


def read_journal(folder: Path, frame: Frame) -> Written | None:
    """A folder's journal, or None if it has none for this frame."""
    records: list[Record] = []
    first: list[int] = []
    row = 0
    try:
        with (folder / JOURNAL).open("rb") as stream:
            header = json.loads(stream.readline())
            per_shard = header.pop("rows_per_shard")
            if header != {"version": VERSION, **frame.to_dict()} or not isinstance(per_shard, int) or per_shard < 1:
                return None
            for line in stream:
                try:
                    record = Record.from_dict(json.loads(line))
                except (ValueError, KeyError, TypeError, AttributeError):
                    break
                records.append(record)
                first.append(row)
                row += frame.rows_of(record.size)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Written(tuple(records), tuple(first), Rows(folder, row, frame.size, per_shard), frame)


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
