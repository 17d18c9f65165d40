"""The trials of a sweep's ledger, read from Optuna's journal without Optuna.

A journal is a file of JSON lines, each one operation on a study or a trial; what they come to follows from reading
them in order. What is half-written or damaged is left out.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from kirie.runlog.reader.own import own

_CREATE_TRIAL, _SET_STATE, _SET_STEP, _SET_NOTE = 4, 6, 7, 8
_RUNNING, _COMPLETE, _PRUNED, _FAIL, _WAITING = range(5)
_STATES = {_RUNNING: "running", _COMPLETE: "finished", _PRUNED: "pruned", _FAIL: "failed", _WAITING: "waiting"}

_LARGEST = 2**28
_LONGEST = 2**20
_MOST = 200_000
"""Bytes of a journal and of one line of it, and trials, beyond which the rest is not read."""


@dataclass(slots=True)
class Entry:
    """A trial as the ledger has it.

    Attributes:
        number: Its number, from 0.
        state: waiting, running, finished, pruned or failed.
        values: The metric, then the further objectives, of one that has ended.
        notes: What kirie noted: `params`, `run`, `account`, `repeat`.
        steps: The metric as it was reported, by its count.
        began: Unix seconds; None before.
        ended: Unix seconds; None before.
    """

    number: int
    state: str = "running"
    values: list[float] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    steps: dict[int, float] = field(default_factory=dict)
    began: float | None = None
    ended: float | None = None

    @property
    def params(self) -> Mapping[str, Any]:
        """Its parameters; empty until they are drawn."""
        found = self.notes.get("params")
        return found if isinstance(found, Mapping) else {}

    @property
    def run(self) -> str | None:
        """The id of its run; None before that is known."""
        found = self.notes.get("run")
        name = found.get("id") if isinstance(found, Mapping) else None
        return name if isinstance(name, str) else None

    @property
    def seconds(self) -> float | None:
        """What the attempts that have ended took; None before."""
        found = self.notes.get("account")
        taken = found.get("seconds") if isinstance(found, Mapping) else None
        return float(taken) if isinstance(taken, int | float) and not isinstance(taken, bool) else None

    @property
    def repeat_of(self) -> int | None:
        """The trial that it repeats with another seed; None for one of the search."""
        found = self.notes.get("repeat")
        of = found.get("of") if isinstance(found, Mapping) else None
        return of if isinstance(of, int) else None


def read_journal(path: Path) -> list[Entry]:
    """The trials of a journal by number; empty if there is none."""
    entries: list[Entry] = []
    for record in _records(path):
        with contextlib.suppress(KeyError, TypeError, ValueError, IndexError, OverflowError):
            _apply(record, entries)
    return entries


def left_running(path: Path) -> tuple[tuple[int, str | None], ...]:
    """Number and run of the trials that a journal holds begun and not ended; read anew only when it has changed."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return _left_running(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=256)
def _left_running(path: Path, _size: int, _stamp: int) -> tuple[tuple[int, str | None], ...]:
    return tuple((entry.number, entry.run) for entry in read_journal(path) if entry.state == "running")


def _records(path: Path) -> Iterator[dict[str, Any]]:
    read = 0
    try:
        if own(path.parent, path.name) is None or not path.is_file():
            return
        with path.open("rb") as stream:
            while read < _LARGEST and (line := stream.readline(_LONGEST)):
                read += len(line)
                if not line.endswith(b"\n"):
                    continue
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(record, dict):
                    yield record
    except OSError:
        return


def _apply(record: Mapping[str, Any], entries: list[Entry]) -> None:
    kind = record["op_code"]
    if kind == _CREATE_TRIAL:
        if len(entries) < _MOST:
            entries.append(_created(record, len(entries)))
        return
    if kind not in {_SET_STATE, _SET_STEP, _SET_NOTE}:
        return
    number = record["trial_id"]
    if not isinstance(number, int) or number < 0:
        return
    entry = entries[number]
    if entry.state in {"finished", "pruned", "failed"}:
        # Nothing changes a trial that has ended
        return
    if kind == _SET_NOTE:
        entry.notes |= record["user_attr"]
    elif kind == _SET_STEP:
        entry.steps[int(record["step"])] = float(record["intermediate_value"])
    elif kind == _SET_STATE:
        entry.state = _STATES[record["state"]]
        entry.values = [float(value) for value in record.get("values") or []] or entry.values
        entry.began = _unix(record.get("datetime_start")) or entry.began
        entry.ended = _unix(record.get("datetime_complete")) or entry.ended


def _created(record: Mapping[str, Any], number: int) -> Entry:
    # Optuna writes a plain begin without a state, and a trial that is given whole with one
    entry = Entry(
        number, _STATES.get(record.get("state", _RUNNING), "running"), began=_unix(record.get("datetime_start"))
    )
    notes, values, value = record.get("user_attrs"), record.get("values"), record.get("value")
    with contextlib.suppress(TypeError, ValueError):
        entry.notes |= notes if isinstance(notes, dict) else {}
        entry.values = [float(one) for one in (values or ([] if value is None else [value]))]
        entry.ended = _unix(record.get("datetime_complete"))
    return entry


def _unix(text: Any) -> float | None:
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
