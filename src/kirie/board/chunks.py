"""Columns in chunks: what a segment's log says of one metric, appended as it grows.

A column is written by every look at a living log, a few numbers at a time. Chunks of like size are joined as they come,
so that a column has few of them and each number is written again only a few times: cost grows with what is new.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from kirie.board.packing import pack, unpack

MOST = 65536
"""Numbers in a chunk that is joined no more."""

STEP, TIME, EPOCH, SYSTEM_TIME = "a:step", "a:time", "a:epoch", "a:system"
"""Columns that have a number for each row of the log."""
METRIC, SYSTEM = "m:", "s:"
"""What begins the names of other columns: a metric may be called as an axis, or as a system metric."""

Rows = NDArray[np.int64]
Numbers = NDArray[np.float64]


class Names:
    """The numbers of names in a cache, each asked for once.

    Its transactions may fail, so a name that was given here may be gone; `forget` then.
    """

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def number(self, connection: sqlite3.Connection, name: str) -> int:
        """The number of a name, which is new if need be."""
        found = self._known.get(name)
        if found is None:
            connection.execute("INSERT OR IGNORE INTO name (text) VALUES (?)", (name,))
            found = self._known[name] = number_of(connection, name) or 0
        return found

    def forget(self) -> None:
        """Asks for all anew."""
        self._known.clear()


def number_of(connection: sqlite3.Connection, name: str) -> int | None:
    """The number of a name; None if no log ever had it."""
    found = connection.execute("SELECT id FROM name WHERE text = ?", (name,)).fetchone()
    return int(found[0]) if found else None


def append(
    connection: sqlite3.Connection,
    segment: int,
    columns: Mapping[int, tuple[Rows, Numbers]],
    *,
    joined: bool,
) -> None:
    """Adds numbers at the end of columns.

    Args:
        connection: A connection that is writing.
        segment: The segment.
        columns: Rows (rising, and after those that are there) and numbers by the name's number.
        joined: Join them with what is there; not asked for by the first look at a log.
    """
    for name, (rows, numbers) in columns.items():
        if joined:
            rows, numbers = _join(connection, segment, name, rows, numbers)
        for start in range(0, len(rows), MOST):
            part, values = rows[start : start + MOST], numbers[start : start + MOST]
            connection.execute(
                "INSERT INTO chunk (segment, name, first, count, rows, numbers) VALUES (?, ?, ?, ?, ?, ?)",
                (segment, name, int(part[0]), len(part), pack(part), pack(values)),
            )


def _join(
    connection: sqlite3.Connection, segment: int, name: int, rows: Rows, numbers: Numbers
) -> tuple[Rows, Numbers]:
    """Takes the last chunks that are no larger than what comes after them."""
    while True:
        last = connection.execute(
            "SELECT rowid, count FROM chunk WHERE segment = ? AND name = ? ORDER BY first DESC LIMIT 1", (segment, name)
        ).fetchone()
        if last is None or last[1] > len(rows) or last[1] + len(rows) > MOST:
            return rows, numbers
        row, count = last
        packed = connection.execute("SELECT rows, numbers FROM chunk WHERE rowid = ?", (row,)).fetchone()
        connection.execute("DELETE FROM chunk WHERE rowid = ?", (row,))
        rows = np.concatenate([unpack(packed[0], count).astype(np.int64), rows])
        numbers = np.concatenate([unpack(packed[1], count), numbers])


def read(connection: sqlite3.Connection, segment: int, name: int) -> tuple[Rows, Numbers]:
    """A whole column of a segment; empty if it has none of that name."""
    found = connection.execute(
        "SELECT count, rows, numbers FROM chunk WHERE segment = ? AND name = ? ORDER BY first", (segment, name)
    ).fetchall()
    if not found:
        return np.zeros(0, np.int64), np.zeros(0)
    rows = np.concatenate([unpack(packed, count) for count, packed, _ in found]).astype(np.int64)
    return rows, np.concatenate([unpack(packed, count) for count, _, packed in found])


def forget(connection: sqlite3.Connection, segments: Iterable[int]) -> None:
    """Removes all that segments hold, and not the segments themselves."""
    for segment in segments:
        for table in ("chunk", "value", "console"):
            connection.execute(f"DELETE FROM {table} WHERE segment = ?", (segment,))
