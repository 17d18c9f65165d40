"""One segment of a run, read as far as it has been written: the batches of its log put together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kirie.runlog.reader.batch import Batch
from kirie.runlog.reader.changes import apply
from kirie.runlog.reader.columns import Axes, Column, Value
from kirie.runlog.reader.console import MOST_PIECES
from kirie.runlog.reader.find import LogFile
from kirie.runlog.reader.runtime import seconds
from kirie.runlog.reader.tail import Tail
from kirie.runlog.reader.values import summarized


class Segment:
    """A log's content so far; `read` looks for more.

    Attributes:
        log: The log.
        run: What was said of the run, see `Batch.run`.
        config: The configuration, with W&B's own `_wandb`.
        summary: The summary, nested, with W&B's own keys (`_...`).
        exit: The first exit: code and runtime in s.
        values: What is no number, in order of the rows.
        console: Time and text of what was printed last.
        left_out: How many pieces were printed before those.
        lost: Why the file could not be read, or "".
    """

    def __init__(self, log: LogFile) -> None:
        self.log = log
        self._begin()

    def _begin(self) -> None:
        self._tail = Tail(self.log.path)
        self.run: dict[str, Any] = {}
        self.config: dict[str, Any] = {}
        self.summary: dict[str, Any] = {}
        self.exit: tuple[int, int] | None = None
        self.preempting = False
        self.environment: dict[str, Any] = {}
        self.git: dict[str, str] = {}
        self.version = ""
        self.values: list[Value] = []
        self.console: list[tuple[float, str]] = []
        self.left_out = 0
        self.lost = ""
        self._axes: list[Axes] = []
        self._columns: dict[str, list[Column]] = {}
        self._system: dict[str, list[Column]] = {}
        self._times: list[NDArray[np.float64]] = []

    @property
    def skipped(self) -> dict[str, int]:
        """What could not be read, see `Tail.skipped`; `unreadable` is 1 for a file that cannot be opened."""
        return {**self._tail.skipped, "unreadable": int(bool(self.lost))}

    @property
    def says_nothing(self) -> bool:
        """Whether it is empty, or no log at all. W&B writes a log's first bytes when it makes it."""
        return not self.lost and not self._tail.begun

    @property
    def keys(self) -> set[str]:
        """The keys that have numbers."""
        return set(self._columns)

    @property
    def system_keys(self) -> set[str]:
        """The keys of the system's metrics."""
        return set(self._system)

    def read(self) -> None:
        """Reads what is new; a file that cannot be read is noted in `lost`."""
        try:
            self.lost, more = "", True
            while more:
                batch = self._tail.read()
                if batch.restarted:
                    tail = self._tail
                    self._begin()
                    self._tail = tail
                self._add(batch)
                more = batch.more
        except OSError as error:
            self.lost = error.strerror or type(error).__name__

    def _add(self, batch: Batch) -> None:
        self.run |= batch.run
        apply(batch.config, self.config)
        apply(batch.summary, self.summary)
        self.exit = self.exit or batch.exit
        self.preempting |= batch.preempting
        self.environment |= batch.environment
        self.git |= batch.git
        self.version = batch.version or self.version
        self.values += batch.values
        self.console += batch.console
        too_many = max(0, len(self.console) - MOST_PIECES)
        self.left_out += too_many
        del self.console[:too_many]
        self._axes.append(batch.axes)
        self._times.append(batch.system_time)
        for into, columns in ((self._columns, batch.columns), (self._system, batch.system)):
            for key, column in columns.items():
                into.setdefault(key, []).append(column)

    @property
    def axes(self) -> Axes:
        """Step, epoch and time of each row."""
        if len(self._axes) != 1:
            parts = self._axes or [Axes(np.empty(0, np.int64), np.empty(0), np.empty(0))]
            self._axes = [Axes(*(np.concatenate(part) for part in zip(*parts, strict=True)))]
        return self._axes[0]

    @property
    def runtime(self) -> float:
        """Seconds from its start to the last that was heard of it."""
        times = np.concatenate((self.axes.time, self._clock(), [at for at, _ in self.console]))
        times = times[np.isfinite(times) & (times > 0)]
        first, last = (float(times.min()), float(times.max())) if len(times) else (None, None)
        return seconds(self.run.get("started"), first, last, self.exit, self.summary) or 0.0

    def summarized(self) -> dict[str, Any]:
        """The summary by dotted key: words, numbers and lists, without W&B's own keys.

        Older versions of wandb write it at the end only, so the last value of each metric stands in.
        """
        rows = {key: float(self.column(key).values[-1]) for key in self.keys}
        return rows | summarized(self.summary)

    def notices(self) -> list[str]:
        """What was skipped, in sentences."""
        words = {
            "torn": "ends within a record, or in damage, and is read on from there when it grows",
            "blocks": "has {} damaged blocks, of which what follows the damage is left out",
            "records": "has {} records or entries that cannot be read",
            "unknown": "has {} records of a kind that this version of kirie does not know",
            "foreign": "is no log of W&B",
            "unreadable": f"cannot be read ({self.lost})",
        }
        return [f"{self.log.path} {words[name].format(count)}." for name, count in self.skipped.items() if count]

    def _clock(self) -> NDArray[np.float64]:
        if len(self._times) > 1:
            self._times = [np.concatenate(self._times)]
        return self._times[0] if self._times else np.empty(0)

    def column(self, key: str) -> Column:
        """A key's numbers; an empty column if it has none."""
        return _joined(self._columns, key)

    def system(self, key: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Time (Unix seconds) and value of a metric of the system."""
        column = _joined(self._system, key)
        return self._clock()[column.rows], column.values


def _joined(columns: dict[str, list[Column]], key: str) -> Column:
    parts = columns.get(key)
    if not parts:
        return Column(np.empty(0, np.int64), np.empty(0))
    if len(parts) > 1:
        columns[key] = parts = [Column(*(np.concatenate(part) for part in zip(*parts, strict=True)))]
    return parts[0]
