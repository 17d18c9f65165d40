"""A sweep's journal: Optuna's records, a line each, appended by many processes of many machines to one file.

The format is that of Optuna's own file backend, so that its tools read it. What that backend lacks: a line that a kill
has torn is cut off by the next writer (else it would write on behind it, and nobody could read the journal any more); a
failed write leaves nothing behind and is told of in a sentence; a few records can be written as one; and a process can
read and write without another one coming between. And a process notices when another sweep has taken the place of its
own: no two journals have one first line.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend
from optuna.storages.journal._storage import JournalOperation
from optuna.trial import TrialState

from kirie.core import files
from kirie.errors import SweepError
from kirie.sweep.aside import found_aside, put_aside_error
from kirie.sweep.lock import FileLock

Record = dict[str, Any]

_TAIL = 4096
"""Bytes read at a time to find the end of the last whole line."""


class Journal(BaseJournalBackend):
    """The journal as Optuna reads and writes it.

    Args:
        path: The file; it must be there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(path)
        self._inside = self._unsafe = False
        self._gathered: list[Record] | None = None
        self._beginning = b""
        # Where the record with a number begins; Optuna reads on from where it stopped
        self._known = (0, 0)

    def read_logs(self, log_number_from: int) -> Iterator[Record]:
        """The records from a number on; a line that is still being written, or was torn, is not one.

        Raises:
            PutAsideError: Another sweep's journal lies there now.
            SweepError: The journal is gone or damaged.
        """
        number, at = self._known if self._known[0] <= log_number_from else (0, 0)
        for line in self._lines(at):
            if not line.endswith(b"\n"):
                return
            if number >= log_number_from:
                yield self._record(line, number)
            number, at = number + 1, at + len(line)
            self._known = (number, at)

    def append_logs(self, logs: list[Record]) -> None:
        """Appends records, each whole or not at all.

        Raises:
            PutAsideError: Another sweep's journal lies there now.
            DeviceError: The disk is full or cannot be written.
        """
        if self._gathered is not None:
            self._gathered += logs
            return
        text = b"".join(_as_line(record) for record in logs)
        with self.alone(), files.disk_errors(self._path):
            handle = os.open(self._path, os.O_RDWR | os.O_APPEND)
            try:
                if os.pread(handle, len(self._beginning), 0) != self._beginning:
                    raise put_aside_error(self._path, self._beginning)
                _cut_torn(handle)
                try:
                    _write(handle, text)
                except OSError:
                    # Not whole lines: another process may have read these already
                    _cut_torn(handle)
                    raise
            finally:
                # On NFS this brings it to the server, where others see it once the lock is given back
                os.close(handle)
            if any(map(_must_last, logs)):
                self._unsafe = True

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Inside the block no other process writes: what is read there is still so when it is written.

        Raises:
            DeviceError: The folder cannot be written.
        """
        if self._inside:
            yield
            return
        with files.disk_errors(self._path):
            self._lock.acquire()
        self._inside = True
        try:
            yield
        finally:
            self._inside = False
            self._lock.release()
            # Disks are slow: the others need not wait for that
            self._save()

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """What is appended inside the block is written at its end, at once; until then it is not read either.

        Raises:
            DeviceError: The disk is full or cannot be written.
        """
        self._gathered = []
        try:
            yield
            gathered = self._gathered
        finally:
            self._gathered = None
        if gathered:
            self.append_logs(gathered)

    def _save(self) -> None:
        if self._unsafe:
            self._unsafe = False
            with files.disk_errors(self._path):
                handle = os.open(self._path, os.O_RDWR)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)

    def _lines(self, at: int) -> Iterator[bytes]:
        try:
            with self._path.open("rb") as stream:
                first = stream.readline()
                if self._beginning and first != self._beginning:
                    raise put_aside_error(self._path, self._beginning)
                if first.endswith(b"\n"):
                    self._beginning = first
                stream.seek(at)
                yield from stream
        except OSError as error:
            if self._beginning and found_aside(self._path, self._beginning) is not None:
                raise put_aside_error(self._path, self._beginning) from None
            raise SweepError(f"The sweep's journal {self._path} cannot be read ({error.strerror}).") from None

    def _record(self, line: bytes, number: int) -> Record:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict) or not isinstance(record.get("op_code"), int):
            raise SweepError(
                f"The sweep's journal {self._path} is damaged in line {number + 1}; put back a whole copy of the "
                "file, or start the sweep under another name (--name), which takes over what was trained already."
            )
        return record


class Draft(BaseJournalBackend):
    """Records in memory, to be written as a whole: a sweep's beginning, or many trials at once.

    Args:
        before: The records that the journal has already.

    Attributes:
        records: All records.
    """

    def __init__(self, before: Iterable[Record] = ()) -> None:
        self.records = list(before)

    def read_logs(self, log_number_from: int) -> list[Record]:
        """The records from a number on."""
        return self.records[log_number_from:]

    def append_logs(self, logs: list[Record]) -> None:
        """Adds records, as reading them from a file would give them."""
        self.records += [json.loads(_as_line(record)) for record in logs]

    def write(self, path: Path) -> None:
        """Writes the records as a new journal.

        Raises:
            DeviceError: The disk is full or cannot be written.
        """
        files.write_bytes(path, b"".join(_as_line(record) for record in self.records))


def _as_line(record: Record) -> bytes:
    """A record as the journal has it. Python's NaN and Infinity are allowed, as Optuna writes and reads them."""
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def _must_last(record: Record) -> bool:
    """Whether a record's way to the disk is waited for: trials and parameters, and how trials ended.

    Should the machine fail, what else was not on its disk is done or reported again: its workers failed with it.
    """
    kind = record["op_code"]
    if kind == JournalOperation.SET_TRIAL_STATE_VALUES:
        return bool(record["state"] != TrialState.RUNNING)
    return kind in {JournalOperation.CREATE_STUDY, JournalOperation.CREATE_TRIAL, JournalOperation.SET_TRIAL_PARAM}


def _cut_torn(handle: int) -> None:
    """Cuts off a torn last line."""
    size = end = os.fstat(handle).st_size
    while end:
        start = max(0, end - _TAIL)
        if (found := os.pread(handle, end - start, start).rfind(b"\n")) >= 0:
            end = start + found + 1
            break
        end = start
    if end < size:
        os.ftruncate(handle, end)


def _write(handle: int, text: bytes) -> None:
    while text:
        text = text[os.write(handle, text) :]
