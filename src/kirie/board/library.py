"""The runs of a board, answered from its cache; what every route asks. Safe to use from several threads."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request

from kirie.board import chunks
from kirie.board.axes import AXES, along, merged, places
from kirie.board.batch import images_a_step
from kirie.board.cache import Cache, CacheLostError
from kirie.board.notes import Kept, Named, Notes
from kirie.board.row import NOTE_COLUMNS, RUN_COLUMNS
from kirie.board.table import Table, with_note
from kirie.core.run import RunFolder
from kirie.runlog.reader import kirie_folder
from kirie.runlog.reader.whose import Owner, of_several
from kirie.web.answers import RequestError

_SYSTEM = "system/"

Numbers = NDArray[np.float64]


class Library:
    """The runs below a folder, as far as they are in the cache.

    Args:
        folder: The folder that the board shows.
        cache: Its cache.
        notes: What people added.
    """

    def __init__(self, folder: Path, cache: Cache, notes: Notes) -> None:
        self.folder, self.cache, self.notes = folder, cache, notes
        self._lock = threading.Lock()
        self._table, self._version, self._base = Table(), 0, 0
        self._names: dict[int, str] = {}
        self._kept, self._kept_stamp = Kept(), -1
        self._notes: dict[str, dict[str, Any]] = {}

    @property
    def version(self) -> int:
        """A number that grows with each change."""
        return self._fresh()[1]

    def ids(self) -> list[str]:
        """The runs, the newest first."""
        return list(self._fresh()[0].ids)

    def keys(self, run_id: str) -> list[str]:
        """The runs that have an id: one of that key, or several."""
        with self.reading() as connection:
            found = connection.execute("SELECT key FROM run WHERE id = ? ORDER BY key", (run_id,))
            return [key for (key,) in found]

    def row(self, run: str) -> Mapping[str, Any]:
        """A run's columns; what it lacks is left out.

        Raises:
            RequestError: There is no such run.
        """
        table, _ = self._fresh()
        if run not in table.rows:
            if same := self.keys(run):
                raise RequestError(404, of_several(run, same))
            raise RequestError(404, f"There is no run '{run[:80]}' in {self.folder}; it may have been removed.")
        return with_note(table.rows[run].columns, self._notes.get(run))

    def rows(self) -> list[Mapping[str, Any]]:
        """The columns of all runs, the newest first."""
        with self._lock:
            self._refresh()
            table, notes = self._table, self._notes
            return [with_note(table.rows[run].columns, notes.get(run)) for run in table.ids]

    def detail(self, run: str) -> Mapping[str, Any]:
        """All that is known of a run, nested.

        Raises:
            RequestError: There is no such run.
        """
        row = self.row(run)
        with self.reading() as connection:
            found = connection.execute("SELECT detail FROM run WHERE key = ?", (run,)).fetchone()
        if found is None:
            raise RequestError(404, f"There is no run '{run[:80]}' in {self.folder} any more.")
        shown = {key: value for key, value in row.items() if key in RUN_COLUMNS or key in NOTE_COLUMNS}
        return {**dict.fromkeys(RUN_COLUMNS), **shown, **json.loads(found[0])}

    def table(self, since: int | None) -> dict[str, Any]:
        """What /api/runs answers: all columns of all runs, or of those that changed after a version."""
        with self._lock:
            self._refresh()
            table, version = self._table, self._version
            part = since is not None and self._base <= since <= version
            ids = [run for run in table.ids if not part or table.rows[run].changed > (since or 0)]
            metrics, system = table.metrics(self._names)
            answer = {"version": version, "ids": ids, "columns": table.columns(ids, self._notes)}
            if part:
                answer["gone"] = [run for run, went in table.gone.items() if went > (since or 0)]
            return answer | {"metrics": metrics, "system": system}

    def metrics(self, runs: Sequence[str]) -> Counter[str]:
        """The metrics of some runs, with how many of them logged each."""
        with self._lock:
            self._refresh()
            rows = [self._table.rows[run] for run in runs if run in self._table.rows]
            found = Counter(number for row in rows for number in row.metrics)
            names = {at: self._names[at].removeprefix(chunks.METRIC) for at in found if at in self._names}
            return Counter({name: found[at] for at, name in names.items()})

    def logged(self, runs: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """The metrics and the system metrics of some runs, with how many of them have each, and how many points."""
        with self._lock:
            self._refresh()
            metrics, system = self._table.metrics(self._names, runs)
        with self.reading() as connection:
            segments = [number for run in runs for number in self.segments(run)]
            points = chunks.sizes(connection, segments)
        for prefix, entries in ((chunks.METRIC, metrics), (chunks.SYSTEM, system)):
            for entry in entries:
                entry["points"] = points.get(prefix + entry["key"], 0)
        return {"metrics": metrics, "system": system}

    def curve(self, run: str, metric: str, x: str = "step") -> tuple[Numbers, Numbers]:
        """A metric's curve, by step; steps that were repeated after a restart are there as they were the last time.

        Args:
            run: The run.
            metric: Its key; system metrics begin with `system/`.
            x: step, epoch, time (seconds since the start), wall (seconds since 1970) or images.

        Returns:
            Places and values, without those that have no place; empty if the run has no such metric.

        Raises:
            RequestError: There is no such run or axis.
        """
        if x not in AXES:
            raise RequestError(400, f"There is no axis '{x[:40]}'; axes are {', '.join(AXES)}.")
        row = self.row(run)
        with self.reading() as connection:
            segments = self.segments(run)
            name, system = self._column(metric, segments)
            points = merged([along(connection, segment, name, system=system) for segment in segments], system=system)
        batch = images_a_step(row, self.run_folder(run)) if x == "images" else None
        found = places(points, x, row.get("started"), batch)
        known = np.isfinite(found)
        return found[known], points.values[known]

    def progress(self) -> dict[str, int]:
        """How many logs have been read, of how many."""
        found: dict[str, int] = self.news()["index"]
        return found

    def refreshed(self) -> int | None:
        """When all folders were looked at last, seconds since 1970; None before the first time."""
        with self.reading() as connection:
            found = connection.execute("SELECT value FROM meta WHERE name = 'refreshed'").fetchone()
        return int(found[0]) if found else None

    def news(self) -> dict[str, Any]:
        """What the stream of events tells when it is another than before."""
        with self.reading() as connection:
            known = dict(connection.execute("SELECT name, value FROM meta").fetchall())
        progress = {"done": known.get("done", 0), "total": known.get("total", 0)}
        return {"runs": {"version": known["version"]}, "index": progress}

    def add_notes(self, changes: Sequence[tuple[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
        """Changes the notes on some runs: all of them, or on an error none.

        Returns:
            The whole notes, in the same order.

        Raises:
            RequestError: There is no such run.
            UsageError: A field is unknown, or its value of the wrong kind.
            DeviceError: They cannot be kept.
        """
        keys = {run for run, _ in changes}
        for run in keys:
            self.row(run)
        with self.reading() as connection:
            found = connection.execute(
                "SELECT id FROM run WHERE key IN (SELECT value FROM json_each(?))", (json.dumps([*keys]),)
            ).fetchall()
            named = _named(connection, {run_id for (run_id,) in found})
        if gone := keys - {one.key for one in named}:
            raise RequestError(404, f"There is no run '{min(gone)[:80]}' in {self.folder} any more.")
        notes = self.notes.change(named, changes)
        # So that every page over this cache hears of it; a note is kept whether they do or not
        with contextlib.suppress(CacheLostError), self.cache.writing() as connection:
            for run, _ in changes:
                touch(connection, run)
        return notes

    def segments(self, run: str) -> list[int]:
        """The numbers of a run's segments, the oldest first."""
        with self.reading() as connection:
            found = connection.execute("SELECT id FROM segment WHERE run = ? ORDER BY began, stamp, path", (run,))
            return [number for (number,) in found]

    def logs(self, run: str) -> list[Path]:
        """A run's logs, the oldest first.

        Raises:
            RequestError: There is no such run.
        """
        self.row(run)
        with self.reading() as connection:
            found = connection.execute("SELECT path FROM segment WHERE run = ? ORDER BY began, stamp, path", (run,))
            return [self.folder / os.fsdecode(path) for (path,) in found]

    def run_folder(self, run: str) -> RunFolder | None:
        """kirie's own folder of a run; None if another program made it."""
        logs = self.logs(run)
        found = kirie_folder.of(logs[-1]) if logs else None
        return None if found is None else RunFolder(found)

    @contextlib.contextmanager
    def reading(self) -> Any:
        """A connection to the cache.

        Raises:
            RequestError: The cache was lost just now, and is begun anew.
        """
        try:
            with self.cache.reading() as connection:
                yield connection
        except CacheLostError:
            raise RequestError(503, "The cache was lost and is made anew; ask again in a moment.") from None

    def _column(self, metric: str, segments: list[int]) -> tuple[str, bool]:
        """A column's name, and whether it is a system metric. A log's own metric may begin with `system/`, too."""
        if metric.startswith(_SYSTEM):
            name = chunks.SYSTEM + metric.removeprefix(_SYSTEM)
            with self.reading() as connection:
                number = chunks.number_of(connection, name)
                if number is not None and any(chunks.has(connection, segment, number) for segment in segments):
                    return name, True
        return chunks.METRIC + metric, False

    def _fresh(self) -> tuple[Table, int]:
        with self._lock:
            self._refresh()
            return self._table, self._version

    def _refresh(self) -> None:
        with self.reading() as connection:
            known = dict(connection.execute("SELECT name, value FROM meta").fetchall())
            if known["base"] != self._base:
                self._table, self._names, self._version, self._base = Table(), {}, 0, known["base"]
            if noted := (stamp := self.notes.stamp()) != self._kept_stamp:
                self._kept, self._kept_stamp = self.notes.all(), stamp
            if changed := known["version"] != self._version:
                self._read_changes(connection, known["version"])
            if noted or changed:
                self._notes = self._kept.on(_named(connection, self._kept.ids))

    def _read_changes(self, connection: Any, version: int) -> None:
        packed = connection.execute(
            "SELECT key, started, changed, row FROM run WHERE changed > ?", (self._version,)
        ).fetchall()
        gone = connection.execute("SELECT key, changed FROM gone WHERE changed > ?", (self._version,)).fetchall()
        newest = max(self._names, default=0)
        self._names.update(connection.execute("SELECT id, text FROM name WHERE id > ?", (newest,)).fetchall())
        self._table.take(packed, dict(gone))
        self._version = version


def _named(connection: Any, ids: Set[str]) -> list[Named]:
    """The runs that have one of some ids."""
    found = connection.execute(
        "SELECT key, id, project, entity FROM run WHERE id IN (SELECT value FROM json_each(?))", (json.dumps([*ids]),)
    )
    return [Named(key, run_id, Owner(project, entity)) for key, run_id, project, entity in found]


def touch(connection: Any, run: str) -> None:
    """Counts a run as changed."""
    connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'version'")
    connection.execute("UPDATE run SET changed = (SELECT value FROM meta WHERE name = 'version') WHERE key = ?", (run,))


def library_of(request: Request) -> Library:
    """The library of the board that a request is for."""
    found: Library = request.app.state.library
    return found
