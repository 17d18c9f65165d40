"""What a finished run is worth to a sweep: its metric's best value, and what else its objectives name."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kirie.core import files, programs
from kirie.core.run import RunFolder
from kirie.errors import RunError, SweepError
from kirie.sweep.curve import logged
from kirie.sweep.spec import Metric

MEASURED = ("parameters", "latency_ms", "images_per_s")
"""Objectives that are measured on the finished model instead of logged."""

_PATIENCE_S = 3600.0


class NotLoggedError(SweepError):
    """A finished run has logged nothing under the name of an objective; the message is that name."""


class UnmeasuredError(SweepError):
    """A finished run has no usable value for an objective."""


def run_values(run: RunFolder, objectives: Sequence[Metric], store: Path) -> list[float]:
    """The values of a finished run, one for each objective.

    A logged metric counts with its best value over the run, as the best checkpoint is what kirie ships.

    Args:
        run: The run.
        objectives: What is looked for, the sweep file's metric first.
        store: The store to measure speed on, should that be asked for and not be done yet.

    Returns:
        The values.

    Raises:
        NotLoggedError: The run has logged nothing under the name of an objective.
        UnmeasuredError: A metric was never a number, or the speed cannot be measured.
    """
    found: list[float] = []
    for objective in objectives:
        if objective.name in MEASURED:
            found.append(_measured(run, objective.name, store))
            continue
        values = logged(run, objective.name)
        if not values:
            raise NotLoggedError(objective.name)
        best = best_of(values, objective.goal)
        if best is None:
            raise UnmeasuredError(f"The metric '{objective.name}' of run {run.path.name} was never a number.")
        found.append(best)
    return found


def best_of(values: Sequence[float], goal: str) -> float | None:
    """The best of some values, by goal; None if none is a number."""
    numbers = [value for value in values if math.isfinite(value)]
    return (max if goal == "maximize" else min)(numbers, default=None)


def _measured(run: RunFolder, name: str, store: Path) -> float:
    if name == "parameters":
        value = run.read_record().get("parameters")
    else:
        value = _speed(run).get(name)
        if value is None:
            _measure(run, store)
            value = _speed(run).get(name)
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise UnmeasuredError(f"The run {run.path.name} has no {name}; `kirie evaluate {run.path}` measures it.")
    return float(value)


def _speed(run: RunFolder) -> Mapping[str, Any]:
    found = files.read_json(run.speed, RunError, "The speed file") if run.speed.is_file() else {}
    return found if isinstance(found, dict) else {}


def _measure(run: RunFolder, store: Path) -> None:
    words = [sys.executable, "-m", "kirie", "evaluate", str(run.path), "--store", str(store), "--split", "val"]
    # A worker that is told to end saves its trial; a measurement that ends with it would be a failure of the trial
    done = programs.ask(words, patience_s=_PATIENCE_S, apart=True)
    if done is None or done.code:
        said = done.err.strip().splitlines()[-1:] if done is not None else []
        raise UnmeasuredError(f"The speed of run {run.path.name} cannot be measured: {' '.join(said) or 'no answer'}")
