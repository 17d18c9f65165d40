"""What one look at a log gives the cache: packed columns, and all that the log has said so far.

It knows no cache, so that it can be done in another process.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kirie.board.chunks import EPOCH, METRIC, STEP, SYSTEM, SYSTEM_TIME, TIME, Chunk, packed
from kirie.runlog.reader.batch import Batch
from kirie.runlog.reader.changes import apply
from kirie.runlog.reader.media import kind_of
from kirie.runlog.reader.tail import Tail

BITE = 8 * 2**20
"""Bytes of a log that one look reads: what is in memory at a time."""

KILLED = "killed"
"""What is skipped of a log that killed the process that read it."""

Facts = dict[str, Any]
"""What a log has said so far, but for its columns; plain values that JSON can hold."""


@dataclass(slots=True)
class Reading:
    """What one look gave.

    Attributes:
        restarted: The file was replaced: what is known of it is to be forgotten.
        more: The log goes on.
        since: Where this look began; None at the log's start.
        state: Where the next look begins.
        facts: What the log has said up to here.
        chunks: New numbers.
        values: What is logged and no number: name, row, step, JSON.
        console: What was printed: time, text.
    """

    restarted: bool
    more: bool
    since: Any
    state: Any
    facts: Facts
    chunks: list[Chunk] = field(default_factory=list)
    values: list[tuple[str, int, int, str]] = field(default_factory=list)
    console: list[tuple[float, str]] = field(default_factory=list)

    @property
    def waits(self) -> bool:
        """Whether damage was found that is judged once the log is silent."""
        return self.state is not None and bool(self.state["frames"]["waits"])


def read(path: Path, state: Any, facts: Facts | None, most: int = BITE) -> Reading:
    """Reads on in a log.

    Args:
        path: The log.
        state: Where the last look ended; None at first.
        facts: What the log had said up to there; None at first.
        most: About how many bytes to read.

    Raises:
        OSError: The log cannot be opened.
    """
    tail = Tail(path, state)
    batch = tail.read(most)
    new = empty() if batch.restarted or not facts else facts
    _fold(batch, new)
    return Reading(
        batch.restarted,
        batch.more,
        state,
        tail.state,
        new,
        _chunks(batch),
        [
            (value.key, value.row, int(batch.axes.step[value.row - batch.first_row]), _text(value.value))
            for value in batch.values
        ],
        [(when, text) for when, text in batch.console],
    )


def empty() -> Facts:
    """The facts of a log that has said nothing."""
    return {
        "run": {},
        "config": {},
        "summary": {},
        "environment": {},
        "git": {},
        "version": "",
        "exit": None,
        "preempting": False,
        "rows": 0,
        "step": None,
        "epoch": None,
        "first": None,
        "last": None,
        "metrics": {},
        "latest": {},
        "system": [],
        "media": {},
        "skipped": {},
    }


def failed(why: str = "failed") -> Reading:
    """The reading of a log that we cannot take: something was skipped."""
    return Reading(restarted=True, more=False, since=None, state=None, facts=failed_facts(why))


def closed() -> Reading:
    """The reading of a log that cannot be opened: all that is known is its name, unless it was read before."""
    return Reading(restarted=False, more=True, since=None, state=None, facts=failed_facts("unreadable"))


def failed_facts(why: str = "failed") -> Facts:
    """The facts of a log, or of a whole run, that we cannot take."""
    return {**empty(), "skipped": {why: 1}}


def _fold(batch: Batch, facts: Facts) -> None:
    facts["run"].update(batch.run)
    apply(batch.config, facts["config"])
    apply(batch.summary, facts["summary"])
    facts["environment"].update(batch.environment)
    facts["git"].update(batch.git)
    facts["version"] = batch.version or facts["version"]
    facts["preempting"] = facts["preempting"] or batch.preempting
    facts["skipped"] = dict(batch.skipped)
    if facts["exit"] is None and batch.exit is not None:
        facts["exit"] = list(batch.exit)
    if batch.rows:
        facts["rows"] = batch.first_row + batch.rows
        facts["step"] = max(int(batch.axes.step.max()), facts["step"] or 0)
        facts["epoch"] = _last(batch.axes.epoch, facts["epoch"])
    for times in (batch.axes.time, batch.system_time, np.array([when for when, _ in batch.console])):
        known = times[np.isfinite(times) & (times > 0)]
        if len(known):
            facts["first"] = min(float(known.min()), facts["first"] or math.inf)
            facts["last"] = max(float(known.max()), facts["last"] or 0.0)
    for key, column in batch.columns.items():
        facts["metrics"][key] = facts["metrics"].get(key, 0) + len(column.rows)
        if len(column.values):
            # Finite or not: a run that diverged does not show the loss that it had before
            facts["latest"][key] = float(column.values[-1])
    facts["system"] = sorted({*facts["system"], *batch.system})
    for value in batch.values:
        facts["media"][value.key] = kind_of(value.value)


def _last(numbers: Any, before: float | None) -> float | None:
    known = numbers[np.isfinite(numbers)]
    return float(known[-1]) if len(known) else before


def _chunks(batch: Batch) -> list[Chunk]:
    found: list[Chunk] = []
    if batch.rows:
        rows = batch.first_row + np.arange(batch.rows)
        axes = batch.axes
        for name, numbers in ((STEP, axes.step.astype(np.float64)), (TIME, axes.time), (EPOCH, axes.epoch)):
            found += packed(name, rows, numbers)
    if stats := len(batch.system_time):
        found += packed(SYSTEM_TIME, batch.first_stat + np.arange(stats), batch.system_time)
    for key, column in batch.columns.items():
        found += packed(METRIC + key, column.rows, column.values)
    for key, column in batch.system.items():
        found += packed(SYSTEM + key, column.rows, column.values)
    return found


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
