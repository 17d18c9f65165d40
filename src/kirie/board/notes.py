"""What people add to runs on the board: tags, a note, pinned, hidden. It is theirs, so it is no part of the cache.

Tags are a whole list, which stands in the place of the log's own; null leaves those. A note is on an id, a project and
an entity, so that it stays with its run whatever other runs come. Boards before had them by the run's key (table
`note`), which is read as long as nothing newer is known, and never written.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from kirie.errors import DeviceError, UsageError, first_line
from kirie.runlog.reader.whose import Owner, agreeing

MOST_LETTERS = 10_000
"""Of a note."""
MOST_TAGS = 50
_TAG_LETTERS = 100
_EMPTY: dict[str, Any] = {"tags": None, "note": "", "pinned": False, "hidden": False}


_TABLE = """CREATE TABLE IF NOT EXISTS noted (
    id TEXT NOT NULL, project TEXT NOT NULL, entity TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (id, project, entity)
) WITHOUT ROWID"""


class Named(NamedTuple):
    """A run as notes know it: its key on the board, its id, and whose it is."""

    key: str
    id: str
    owner: Owner


class Kept(NamedTuple):
    """All notes of a folder.

    Attributes:
        now: Their ids, owners and content.
        old: Those of former boards, by the run's key.
    """

    now: Sequence[tuple[str, Owner, dict[str, Any]]] = ()
    old: Mapping[str, dict[str, Any]] = {}

    @property
    def ids(self) -> set[str]:
        """The ids of all runs that may have one."""
        # What a key has before any ~ may be an id, which may hold one itself
        parts = (accumulate(key.split("~"), "{}~{}".format) for key in self.old)
        return {id_ for id_, _, _ in self.now} | {id_ for part in parts for id_ in part}

    def on(self, runs: Iterable[Named]) -> dict[str, dict[str, Any]]:
        """The notes by the keys of runs; of runs without one there is nothing.

        Args:
            runs: All that have one of these ids.
        """
        by_id: dict[str, dict[Owner, str]] = {}
        found: dict[str, dict[str, Any]] = {}
        for key, id_, owner in runs:
            by_id.setdefault(id_, {})[owner] = key
            # An id alone does not say which of several runs was meant, so it was on each of them
            for old in (id_, f"{id_}~{owner.project}~", f"{id_}~{owner.project}~{owner.entity}"):
                if old in self.old:
                    found[key] = self.old[old]
        for id_, owner, note in sorted(self.now, key=lambda one: sum(map(bool, one[1]))):
            keys = by_id.get(id_, {})
            # What is noted before a log says all of itself is on the run that it turns out to be
            if len(near := agreeing(owner, keys)) == 1:
                found[keys[near[0]]] = note
        return {key: note for key, note in found.items() if note != _EMPTY}


class Notes:
    """The notes on the runs of one folder; safe to use from several threads, and from several boards at once.

    Args:
        folder: Where they lie; made with the first note.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "notes.sqlite"
        self._lock = threading.Lock()

    def all(self) -> Kept:
        """The notes; what cannot be read counts as none."""
        if not self._path.is_file():
            return Kept()
        with self._lock, contextlib.suppress(sqlite3.Error, ValueError), self._connected() as connection:
            return _kept(connection)
        return Kept()

    def stamp(self) -> int:
        """A number that is another one after each change, by any board."""
        try:
            return max(path.stat().st_mtime_ns for path in self._path.parent.glob("notes.sqlite*"))
        except (OSError, ValueError):
            return 0

    def change(self, named: Sequence[Named], changes: Sequence[tuple[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
        """Changes what is given of the notes on some runs, and leaves the rest: all of them, or on an error none.

        Args:
            named: All runs of these runs' ids.
            changes: The runs' keys, each with the fields to change.

        Returns:
            The whole notes, in the same order.

        Raises:
            UsageError: A field is unknown, or its value of the wrong kind or too long.
            DeviceError: The notes cannot be kept.
        """
        for _, fields in changes:
            for field, value in fields.items():
                _check(field, value)
        runs = {one.key: one for one in named}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._lock, self._connected() as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(_TABLE)
                notes = _kept(connection).on(named)
                for run, fields in changes:
                    one, note = runs[run], _EMPTY | notes.get(run, {}) | dict(fields)
                    # An empty one is kept, too: it stands before what was noted on less
                    connection.execute("REPLACE INTO noted VALUES (?, ?, ?, ?)", (one.id, *one.owner, json.dumps(note)))
                    notes[run] = note
                connection.execute("COMMIT")
                return [notes[run] for run, _ in changes]
        except (OSError, sqlite3.Error, ValueError) as error:
            raise DeviceError(
                f"The note cannot be kept in {self._path} ({first_line(error)}); free space, or set XDG_DATA_HOME to "
                "another folder."
            ) from None

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        try:
            yield connection
        finally:
            connection.close()


def _kept(connection: sqlite3.Connection) -> Kept:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    rows = connection.execute("SELECT id, project, entity, json FROM noted").fetchall() if "noted" in tables else []
    now = [(id_, Owner(project, entity), _EMPTY | json.loads(text)) for id_, project, entity, text in rows]
    old = connection.execute("SELECT run, json FROM note").fetchall() if "note" in tables else []
    return Kept(now, {run: _EMPTY | json.loads(text) for run, text in old})


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
