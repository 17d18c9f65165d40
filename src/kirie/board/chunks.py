"""Columns in chunks: what a segment's log says of one metric, appended as it grows.

A column is written by every look at a living log, a few numbers at a time. Chunks of like size are joined as they come,
so that a column has few of them and each number is written again only a few times: cost grows with what is new.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kirie.board.packing import pack, unpack

MOST = 65536
"""Numbers in a chunk that is joined no more."""

STEP, TIME, EPOCH, SYSTEM_TIME = "a:step", "a:time", "a:epoch", "a:system"
"""Columns that have a number for each row of the log."""
METRIC, SYSTEM = "m:", "s:"
"""What begins the names of other columns: a metric may be called as an axis, or as a system metric."""

_FORGET = (
    "DELETE FROM chunk WHERE segment = ?",
    "DELETE FROM value WHERE segment = ?",
    "DELETE FROM console WHERE segment = ?",
)

Rows = NDArray[np.int64]
Numbers = NDArray[np.float64]


class Chunk(NamedTuple):
    """Some numbers of a column: its name, the first row, how many, and the rows and numbers packed."""

    name: str
    first: int
    size: int
    rows: bytes
    numbers: bytes


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


def packed(name: str, rows: Rows, numbers: Numbers) -> list[Chunk]:
    """A column's new numbers as chunks.

    Args:
        name: The column's name.
        rows: Numbers of the log's rows, rising.
        numbers: Their values.
    """
    cuts = range(0, len(rows), MOST)
    return [
        Chunk(name, int(rows[at]), len(rows[at : at + MOST]), pack(rows[at : at + MOST]), pack(numbers[at : at + MOST]))
        for at in cuts
    ]


def append(
    connection: sqlite3.Connection, segment: int, chunks: Iterable[Chunk], names: Names, *, joined: bool
) -> None:
    """Adds chunks at the end of their columns.

    Args:
        connection: A connection that is writing.
        segment: The segment.
        chunks: Of any columns, in order; their rows come after those that are there.
        names: The cache's names.
        joined: Join them with what is there; needless at the first look at a log.
    """
    for chunk in chunks:
        whole = _joined(connection, segment, names, chunk) if joined else chunk
        connection.execute(
            "INSERT INTO chunk (segment, name, first, count, rows, numbers) VALUES (?, ?, ?, ?, ?, ?)",
            (segment, names.number(connection, whole.name), *whole[1:]),
        )


def _joined(connection: sqlite3.Connection, segment: int, names: Names, chunk: Chunk) -> Chunk:
    """A chunk with the last ones of its column that are no larger, which go."""
    name, count, parts = names.number(connection, chunk.name), chunk.size, [chunk]
    while True:
        last = connection.execute(
            "SELECT rowid, count FROM chunk WHERE segment = ? AND name = ? ORDER BY first DESC LIMIT 1", (segment, name)
        ).fetchone()
        if last is None or last[1] > count or last[1] + count > MOST:
            break
        found = connection.execute(
            "DELETE FROM chunk WHERE rowid = ? RETURNING first, count, rows, numbers", (last[0],)
        ).fetchall()
        parts.insert(0, Chunk(chunk.name, *found[0]))
        count += last[1]
    if len(parts) == 1:
        return chunk
    rows = np.concatenate([unpack(part.rows, part.size) for part in parts])
    numbers = np.concatenate([unpack(part.numbers, part.size) for part in parts])
    return Chunk(chunk.name, parts[0].first, count, pack(rows), pack(numbers))


def read(connection: sqlite3.Connection, segment: int, name: int) -> tuple[Rows, Numbers]:
    """A whole column of a segment; empty if it has none of that name."""
    found = connection.execute(
        "SELECT count, rows, numbers FROM chunk WHERE segment = ? AND name = ? ORDER BY first", (segment, name)
    ).fetchall()
    if not found:
        return np.zeros(0, np.int64), np.zeros(0)
    rows = np.concatenate([unpack(packed, count) for count, packed, _ in found]).astype(np.int64)
    return rows, np.concatenate([unpack(packed, count) for count, _, packed in found])


def sizes(connection: sqlite3.Connection, segments: Iterable[int]) -> Counter[str]:
    """How many numbers the columns of some segments have together, by name."""
    found: Counter[str] = Counter()
    for segment in segments:
        each = "SELECT text, count FROM chunk JOIN name ON name.id = chunk.name WHERE segment = ?"
        for name, count in connection.execute(each, (segment,)):
            found[name] += count
    return found


def forget(connection: sqlite3.Connection, segments: Sequence[int]) -> None:
    """Removes all that segments hold, and not the segments themselves."""
    for statement in _FORGET:
        connection.executemany(statement, [(segment,) for segment in segments])


def has(connection: sqlite3.Connection, segment: int, name: int) -> bool:
    """Whether a segment has a column."""
    found = connection.execute("SELECT 1 FROM chunk WHERE segment = ? AND name = ? LIMIT 1", (segment, name))
    return found.fetchone() is not None
