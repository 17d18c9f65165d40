"""The values of a metric that a run has logged so far, read from the run's own files while it trains.

W&B's files are the run log; a run without them (`log=none`) still has `history.csv`, a row a validation. A run that
was resumed has several W&B files; a step counts once, whichever of them holds it.
"""

from __future__ import annotations

import csv
import math
import time
from pathlib import Path

from kirie.core.run import RunFolder
from kirie.runlog.reader.rows import read_rows

STEP = "trainer/global_step"

_AXES = frozenset({"epoch", STEP})
"""What every row carries beside its metrics; W&B's own keys begin with an underscore."""

_SHARE = 0.05
"""Largest part of a core that reading may take."""


class Curve:
    """A metric's curve while a run trains.

    Args:
        run: The run.
        metric: The metric's name, as it is logged.
    """

    def __init__(self, run: RunFolder, metric: str) -> None:
        self._run, self._metric = run, metric
        self._seen: dict[Path, tuple[int, int]] = {}
        self._values: list[float] = []
        self._rest_until = 0.0

    def values(self, *, at_once: bool = False) -> list[float]:
        """The values so far, in order of their steps.

        Args:
            at_once: Read also if a large file was read only a moment ago.
        """
        if not at_once and time.monotonic() < self._rest_until:
            return self._values
        sizes = {path: _size(path) for path in _files(self._run)}
        if sizes != self._seen:
            began = time.monotonic()
            self._values = logged(self._run, self._metric)
            self._seen = sizes
            # A file is read from its beginning each time, so a long one is read less often
            self._rest_until = time.monotonic() + (time.monotonic() - began) / _SHARE
        return self._values


def logged(run: RunFolder, metric: str) -> list[float]:
    """All values of a metric that a run has logged, in order of their steps; what is no number is NaN."""
    by_step: dict[int, float] = {}
    for path in _wandb_files(run):
        for at, row in enumerate(read_rows(path)):
            if metric in row:
                step = row.get(STEP)
                by_step[step if isinstance(step, int) else at] = _number(row[metric])
    if not by_step:
        by_step = _history(run).get(metric, {})
    return [by_step[step] for step in sorted(by_step)]


def logged_names(run: RunFolder) -> list[str]:
    """The names of all metrics that a run has logged."""
    found = {name for path in _wandb_files(run) for row in read_rows(path) for name in row}
    found |= set(_history(run))
    return sorted(name for name in found - _AXES if not name.startswith("_"))


def _files(run: RunFolder) -> list[Path]:
    return [*_wandb_files(run), *([run.history] if run.history.is_file() else [])]


def _wandb_files(run: RunFolder) -> list[Path]:
    # Of a W&B service that is just setting a run up the file may not be there yet
    return sorted(path for path in run.path.glob("wandb/*run-*/run-*.wandb") if path.is_file())


def _size(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _history(run: RunFolder) -> dict[str, dict[int, float]]:
    """The table's columns by the names under which W&B has them: val_miou is val/miou."""
    try:
        with run.history.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}
    found: dict[str, dict[int, float]] = {}
    for row in rows:
        if (step := (row.get("step") or "")).isdecimal():
            for name, value in row.items():
                if name not in {"epoch", "step"} and isinstance(value, str):
                    found.setdefault(name.replace("_", "/", 1), {})[int(step)] = _number(value)
    return found


def _number(value: object) -> float:
    if isinstance(value, bool | int | float | str):
        try:
            return float(value)
        except (ValueError, OverflowError):
            return math.nan
    return math.nan
