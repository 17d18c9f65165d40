"""Runs and histories as tables of other libraries, which are imported only here and only when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kirie.errors import UsageError
from kirie.runlog.reader.values import flat, narrow

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from kirie.runlog.reader.run import Run

FACTS = ("id", "name", "state")

DETAILS = (
    "project", "entity", "group", "job_type", "sweep", "tags", "notes", "host", "started", "runtime", "exit_code",
)  # fmt: skip
"""What a table of runs has besides, of a notebook."""


def row(run: Run, facts: Sequence[str] = FACTS) -> dict[str, Any]:
    """A run as one row: facts, then `config.…` and `summary.…` with dotted keys; as its id the key that names it."""
    found = {name: run.key if name == "id" else getattr(run, name) for name in facts}
    found |= {f"config.{key}": value for key, value in flat(run.config)}
    return found | {f"summary.{key}": value for key, value in run.summary.items()}


def columns_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The columns of rows that differ in what they have: facts, configuration, summary, each in the rows' order."""
    seen = dict.fromkeys(key for found in rows for key in found)
    kinds = ("config.", "summary.")
    return sorted(seen, key=lambda key: next((at for at, kind in enumerate(kinds, 1) if key.startswith(kind)), 0))


def runs(all_: Iterable[Run]) -> dict[str, list[Any]]:
    """A table of runs, by column; None where a run lacks one. Values of several kinds are texts."""
    rows = []
    for run in all_:
        rows.append(row(run, (*FACTS, *DETAILS)))
        # Thousands of histories are not kept for a table
        run.forget()
    return {name: _alike([found.get(name) for found in rows]) for name in columns_of(rows)}


def history(run: Run, keys: Sequence[str] | None) -> dict[str, Any]:
    """A table of a run's history, by column: `step`, then the metrics, NaN where a step lacks one.

    A step has as many rows as a metric was logged at it.
    """
    series = [run.history(key) for key in (run.metrics if keys is None else keys)]
    logged = [np.unique(found.step, return_counts=True) for found in series]
    steps = np.unique(np.concatenate([step for step, _ in logged])) if series else np.empty(0, np.int64)
    most = np.zeros(len(steps), np.int64)
    for step, count in logged:
        at = np.searchsorted(steps, step)
        most[at] = np.maximum(most[at], count)
    first = np.cumsum(most) - most
    table: dict[str, Any] = {"step": np.repeat(steps, most)}
    for found in series:
        table[found.key] = values = np.full(int(most.sum()), np.nan)
        nth = np.arange(len(found)) - np.searchsorted(found.step, found.step)
        values[first[np.searchsorted(steps, found.step)] + nth] = found.value
    return table


def _alike(values: list[Any]) -> list[Any]:
    """Values of one kind as they are; of several kinds, and those that no table has a kind for, as texts."""
    kinds = {float if isinstance(value, int) and not isinstance(value, bool) else type(value)
             for value in values if value is not None}  # fmt: skip
    if kinds == {float}:
        return [None if value is None else narrow(value) for value in values]
    if len(kinds) == 1 and kinds <= {bool, str}:
        return values
    return [value if value is None or isinstance(value, str) else str(value) for value in values]


def to_pandas(table: Mapping[str, Any]) -> pd.DataFrame:
    """A pandas table.

    Raises:
        UsageError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ModuleNotFoundError:
        raise UsageError('to_pandas needs pandas; run `pip install "kirie[notebook]"`.') from None
    return pd.DataFrame(dict(table))


def to_polars(table: Mapping[str, Any]) -> pl.DataFrame:
    """A polars table.

    Raises:
        UsageError: polars is not installed.
    """
    try:
        import polars as pl
    except ModuleNotFoundError:
        raise UsageError('to_polars needs polars; run `pip install "kirie[notebook]"`.') from None
    return pl.DataFrame(dict(table), strict=False)


def to_arrow(table: Mapping[str, Any]) -> Any:
    """A pyarrow table.

    Raises:
        UsageError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        raise UsageError("to_arrow needs pyarrow, which is not installed; to_polars gives the same columns.") from None
    return pa.table(dict(table))
