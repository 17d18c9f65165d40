"""What people add to runs on the board: tags, a note, pinned, hidden. It is theirs, so it is no part of the cache.

Tags are a whole list, which stands in the place of the log's own; null leaves those.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kirie.errors import DeviceError, UsageError, first_line

MOST_LETTERS = 10_000
"""Of a note."""
MOST_TAGS = 50
_TAG_LETTERS = 100
_EMPTY: dict[str, Any] = {"tags": None, "note": "", "pinned": False, "hidden": False}


class Notes:
    """The notes on the runs of one folder; safe to use from several threads, and from several boards at once.

    Args:
        folder: Where they lie; made with the first note.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "notes.sqlite"
        self._lock = threading.Lock()

    def all(self) -> dict[str, dict[str, Any]]:
        """The notes by run; of runs without one there is nothing. What cannot be read counts as none."""
        if not self._path.is_file():
            return {}
        with self._lock, contextlib.suppress(sqlite3.Error, ValueError), self._connected() as connection:
            return {run: _EMPTY | json.loads(text) for run, text in connection.execute("SELECT run, json FROM note")}
        return {}

    def stamp(self) -> int:
        """A number that is another one after each change, by any board."""
        try:
            return max(path.stat().st_mtime_ns for path in self._path.parent.glob("notes.sqlite*"))
        except (OSError, ValueError):
            return 0

    def of(self, run: str) -> dict[str, Any]:
        """The note on one run, empty if there is none."""
        return self.all().get(run, dict(_EMPTY))

    def change(self, changes: Sequence[tuple[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
        """Changes what is given of the notes on some runs, and leaves the rest: all of them, or on an error none.

        Returns:
            The whole notes, in the same order.

        Raises:
            UsageError: A field is unknown, or its value of the wrong kind or too long.
            DeviceError: The notes cannot be kept.
        """
        for _, fields in changes:
            for field, value in fields.items():
                _check(field, value)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._lock, self._connected() as connection:
                connection.execute("BEGIN IMMEDIATE")
                notes = [_changed(connection, run, fields) for run, fields in changes]
                connection.execute("COMMIT")
                return notes
        except (OSError, sqlite3.Error, ValueError) as error:
            raise DeviceError(
                f"The note cannot be kept in {self._path} ({first_line(error)}); free space, or set XDG_DATA_HOME to "
                "another folder."
            ) from None

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        try:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS note (run TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID"
            )
            yield connection
        finally:
            connection.close()


def _changed(connection: sqlite3.Connection, run: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    found = connection.execute("SELECT json FROM note WHERE run = ?", (run,)).fetchone()
    note: dict[str, Any] = _EMPTY | (json.loads(found[0]) if found else {}) | dict(changes)
    if note == _EMPTY:
        connection.execute("DELETE FROM note WHERE run = ?", (run,))
    else:
        connection.execute("REPLACE INTO note VALUES (?, ?)", (run, json.dumps(note)))
    return note


def _check(field: str, value: Any) -> None:
    if field in {"pinned", "hidden"}:
        right, allowed = isinstance(value, bool), "true or false"
    elif field == "note":
        right, allowed = (
            isinstance(value, str) and len(value) <= MOST_LETTERS,
            f"text of up to {MOST_LETTERS:,} letters",
        )
    elif field == "tags":
        right = value is None or isinstance(value, list) and len(value) <= MOST_TAGS and all(map(_is_tag, value))
        allowed = f"a list of up to {MOST_TAGS} words of up to {_TAG_LETTERS} letters"
    else:
        raise UsageError(f"A note has no field '{field[:40]}'; fields are {', '.join(_EMPTY)}.")
    if not right:
        raise UsageError(f"`{field}` of a note is not {allowed}.")


def _is_tag(value: Any) -> bool:
    return isinstance(value, str) and len(value.strip()) > 0 and len(value) <= _TAG_LETTERS
