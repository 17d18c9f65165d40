"""Puts what was read from logs into the cache, and makes runs of segments."""

from __future__ import annotations

import json
import math
import os
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from kirie.board import chunks
from kirie.board.cache import part_of
from kirie.board.chunks import METRIC, SYSTEM, Names
from kirie.board.detail import Segment, detail_of
from kirie.board.numbers.cost import Cost, cost_of
from kirie.board.reading import Facts, Reading, failed
from kirie.board.row import Told, merged, plain, row_of, started_of
from kirie.board.scan import Log
from kirie.board.states import state_by_log
from kirie.board.table import Row
from kirie.core.run import RunFolder
from kirie.runlog.reader import kirie_folder
from kirie.runlog.reader.console import MOST_PIECES
from kirie.runlog.reader.environment import environment
from kirie.runlog.reader.find import id_of, readable
from kirie.runlog.reader.values import number
from kirie.runlog.reader.whose import began, keys_of, owner_of

T = TypeVar("T")
StatesOf = Callable[[Sequence[RunFolder]], dict[Path, str]]
"""Tells the states of kirie's runs by folder."""

_OF_CONTENT = (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
"""Errors of SQLite at what is to be kept, not at where."""


class _Said(NamedTuple):
    """What a run's logs and files say, of which its row is made.

    Attributes:
        segments: Its logs, the oldest first.
        facts: What they say together.
        folder: kirie's own folder of it, if it has one.
        state: What that tells of its state, if it does.
        record: Its run.json, or empty.
        place: Where it ran.
    """

    segments: Sequence[Segment]
    facts: Facts
    folder: RunFolder | None
    state: str | None
    record: dict[str, Any]
    place: dict[str, Any]


class Keeper:
    """Writes into a cache; every method is called within one change of it.

    What a log or a record says may be anything. One that we cannot take is told on the terminal and shows as a run in
    which something was skipped; it keeps none of the others back.

    Args:
        folder: The folder that the board shows.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = Names()
        self._told: set[tuple[str, str]] = set()

    def forget(self) -> None:
        """After a change that failed: what was looked up may be gone with it."""
        self._names.forget()

    def take(self, connection: sqlite3.Connection, log: Log, reading: Reading) -> str:
        """Keeps what a look at a log gave.

        Returns:
            The id of the log's run; `make` tells which run of that id it is.
        """
        take = partial(self._take, connection, log)
        return self._or_instead(connection, log.path, partial(take, reading), partial(take, failed()))

    def _or_instead(
        self, connection: sqlite3.Connection, what: str, do: Callable[[], T], instead: Callable[[], T]
    ) -> T:
        """Does a part of a change; where it fails, it is undone, told once, and the other is done."""
        try:
            with part_of(connection):
                return do()
        except Exception as error:
            if isinstance(error, sqlite3.Error) and not isinstance(error, _OF_CONTENT):
                # It is the cache that fails
                raise
            self.forget()
            if (what, repr(error)) not in self._told:
                self._told.add((what, repr(error)))
                traceback.print_exc(file=sys.stderr)
        return instead()

    def _take(self, connection: sqlite3.Connection, log: Log, reading: Reading) -> str:
        path = os.fsencode(log.path)
        found = connection.execute("SELECT id, state FROM segment WHERE path = ?", (path,)).fetchone()
        if not reading.restarted and json.dumps(reading.since) != (found[1] if found else "null"):
            # Somebody else has read on from there meanwhile: these numbers are in the cache already
            return log.id
        at = began(reading.facts["run"], log.stamp)
        values = (at, log.size if not reading.more else -1, log.mtime, log.told, reading.facts["exit"] is None)
        texts = (json.dumps(reading.state), json.dumps(reading.facts))
        if found is None:
            segment = connection.execute(
                "INSERT INTO segment (began, size, mtime, told, open, state, facts, path, stamp, run_id, run)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                # Most ids are of one run, which is called by it
                (*values, *texts, path, log.stamp, log.id, log.id),
            ).lastrowid
            assert segment is not None
        else:
            segment = found[0]
            if reading.restarted:
                chunks.forget(connection, [segment])
            connection.execute(
                "UPDATE segment SET began = ?, size = ?, mtime = ?, told = ?, open = ?, state = ?, facts = ?"
                " WHERE id = ?",
                (*values, *texts, segment),
            )
        joined = found is not None and not reading.restarted
        chunks.append(connection, segment, reading.chunks, self._names, joined=joined)
        connection.executemany(
            "INSERT INTO value VALUES (?, ?, ?, ?, ?)",
            [(segment, self._names.number(connection, METRIC + key), *rest) for key, *rest in reading.values],
        )
        if reading.console:
            self._print(connection, segment, reading.console)
        return log.id

    def remove(self, connection: sqlite3.Connection, paths: Iterable[str]) -> set[str]:
        """Forgets logs that are gone.

        Returns:
            The ids of their runs.
        """
        ids: set[str] = set()
        for path in paths:
            found = connection.execute(
                "DELETE FROM segment WHERE path = ? RETURNING id, run_id", (os.fsencode(path),)
            ).fetchall()
            chunks.forget(connection, [segment for segment, _ in found])
            ids |= {run_id for _, run_id in found}
        return ids

    def make(self, connection: sqlite3.Connection, ids: Iterable[str], states: StatesOf) -> None:
        """Makes the rows of the runs of some ids anew, and counts the version up if any has changed."""
        known = [found for run_id in ids for found in self._runs(connection, run_id).items()]
        connection.executemany(
            "UPDATE segment SET run = ? WHERE path = ? AND run != ?",
            [(key, os.fsencode(each.path), key) for key, segments in known for each in segments],
        )
        folders = {key: run_folder(self._folder / found[-1].path) for key, found in known if found}
        told = states([folder for folder in folders.values() if folder is not None])
        version = None
        for key, segments in known:
            make = partial(self._make, connection, key, version)
            said = partial(self._said, segments, folders.get(key), told)
            version = self._or_instead(connection, key, partial(make, said), partial(make, partial(_nothing, segments)))

    def _make(
        self, connection: sqlite3.Connection, key: str, version: int | None, say: Callable[[], _Said | None]
    ) -> int | None:
        """Makes one run anew; gives the version of this change, None as long as nothing has changed."""
        said = say()
        made = self._made(connection, key, said) if said is not None else None
        before = connection.execute("SELECT row, detail, state FROM run WHERE key = ?", (key,)).fetchone()
        if made is None and before is None or made is not None and before == made[-3:]:
            return version
        version = version or _next_version(connection)
        if made is None:
            connection.execute("DELETE FROM run WHERE key = ?", (key,))
            connection.execute("REPLACE INTO gone VALUES (?, ?)", (key, version))
        else:
            connection.execute(
                "REPLACE INTO run (changed, key, id, project, entity, started, row, detail, state)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (version, key, *made),
            )
            connection.execute("DELETE FROM gone WHERE key = ?", (key,))
        return version

    def logs(self, connection: sqlite3.Connection, keys: Iterable[str]) -> dict[str, Path]:
        """The newest log of each run by key, of those that have a record of kirie."""
        found = {}
        for key in keys:
            newest = connection.execute(
                "SELECT path FROM segment WHERE run = ? AND told ORDER BY began DESC, stamp DESC, path DESC LIMIT 1",
                (key,),
            ).fetchone()
            if newest is not None:
                found[key] = self._folder / os.fsdecode(newest[0])
        return found

    def _runs(self, connection: sqlite3.Connection, run_id: str) -> dict[str, list[Segment]]:
        """The segments of each run of an id by the run's key, the oldest first; none of a key that is no more."""
        found = connection.execute(
            "SELECT path, size, mtime, facts FROM segment WHERE run_id = ? ORDER BY began, stamp, path", (run_id,)
        )
        logs = [Segment(os.fsdecode(path), size, mtime, json.loads(facts)) for path, size, mtime, facts in found]
        keys = keys_of(run_id, [owner_of(log.facts["run"]) for log in logs])
        before = connection.execute("SELECT key FROM run WHERE id = ?", (run_id,))
        runs: dict[str, list[Segment]] = {key: [] for (key,) in before}
        for log in logs:
            runs.setdefault(keys[owner_of(log.facts["run"])], []).append(log)
        return runs

    def _said(self, segments: Sequence[Segment], folder: RunFolder | None, states: dict[Path, str]) -> _Said | None:
        """All that a run's logs and files say; None of a run without logs."""
        if not segments:
            return None
        facts = merged([each.facts for each in segments])
        if folder is not None:
            state, record = states.get(folder.path), kirie_folder.record(folder.path)
        else:
            state, record = None, {}
        files = (self._folder / segments[-1].path).parent / "files"
        place = environment(facts["environment"], facts["config"], files)
        return _Said(segments, facts, folder, state, record, place)

    def _made(self, connection: sqlite3.Connection, key: str, said: _Said) -> tuple[Any, ...]:
        """Id, project, entity, start, row, details and state."""
        segments, facts, folder, state, record, place = said
        updated = max(each.mtime for each in segments) / 1e9
        state = state or state_by_log(facts, math.inf if segments[-1].says_nothing else time.time() - updated)
        where = folder.path if folder is not None else (self._folder / segments[-1].path).parent
        shown = readable(where.relative_to(self._folder) if where.is_relative_to(self._folder) else where)
        cost = _cost(facts, record, place)
        columns = row_of(facts, Told(key, shown, state, updated, record))
        columns |= {} if cost is None else {"device_hours": cost.device_hours}
        started = started_of(facts) or updated
        row = Row(
            columns,
            [self._names.number(connection, METRIC + name) for name in facts["metrics"]],
            [self._names.number(connection, SYSTEM + name) for name in facts["system"]],
            started,
            0,
        )
        detail = detail_of(facts, segments, record, place) | {"cost": None if cost is None else cost.to_dict()}
        ours = (id_of(Path(segments[-1].path).name), *owner_of(facts["run"]))
        return (*ours, started, row.packed(), json.dumps(detail), state)

    def _print(self, connection: sqlite3.Connection, segment: int, pieces: Sequence[tuple[float, str]]) -> None:
        (begin,) = connection.execute(
            "SELECT coalesce(max(number) + 1, 0) FROM console WHERE segment = ?", (segment,)
        ).fetchone()
        first = begin + len(pieces) - MOST_PIECES
        connection.execute("DELETE FROM console WHERE segment = ? AND number < ?", (segment, first))
        connection.executemany(
            "INSERT INTO console VALUES (?, ?, ?, ?)",
            [(segment, number, *piece) for number, piece in enumerate(pieces, begin) if number >= first],
        )


def _next_version(connection: sqlite3.Connection) -> int:
    found = connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'version' RETURNING value").fetchall()
    return int(found[0][0])


def _nothing(segments: Sequence[Segment]) -> _Said | None:
    """What is left of a run that we cannot take: that it has logs. No content can have it fail."""
    lost = [each.failed() for each in segments]
    return _Said(lost, merged([each.facts for each in lost]), None, None, {}, {}) if lost else None


def run_folder(log: Path) -> RunFolder | None:
    """kirie's own folder of a log's run, if it has one."""
    found = kirie_folder.of(log)
    return None if found is None else RunFolder(found)


def _cost(facts: Facts, record: dict[str, Any], place: dict[str, Any]) -> Cost | None:
    """What a run cost: by its record, which knows of all attempts, and while it runs by its log."""
    times = [number(record.get("seconds")), facts["runtime"]]
    known = [seconds for seconds in times if seconds is not None and math.isfinite(seconds)]
    return cost_of(max(known, default=None), plain(facts["config"]), record.get("hardware", {}), place)
