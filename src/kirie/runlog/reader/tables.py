"""Runs and histories as tables of other libraries, which are imported only here and only when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kirie.errors import UsageError
from kirie.runlog.reader.columns import EPOCH
from kirie.runlog.reader.values import flat, narrow

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from kirie.runlog.reader.run import Run
    from kirie.runlog.reader.series import Series

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
    """A table of a run's history, by column: `step`, then the metrics, NaN where a row lacks one.

    A step is one row, unless a metric was logged several times at it: then it has those of the log, so that values that
    were logged together stand together. An epoch that is said again counts as said once.
    """
    series = [run.history(key) for key in (run.metrics if keys is None else keys)]
    none = np.empty(0, np.int64)
    logged, first = np.unique(np.concatenate([none, *(found.row for found in series)]), return_index=True)
    step = np.concatenate([none, *(found.step for found in series)])[first]
    order = np.argsort(step, kind="stable")
    several = np.unique(np.concatenate([none, *map(_repeated, series)]))
    begins = np.isin(step[order], several)
    begins[:1] = True
    begins[1:] |= np.diff(step[order]) > 0
    place = np.empty_like(order)
    place[order] = np.cumsum(begins) - 1
    table: dict[str, Any] = {"step": step[order][begins]}
    for found in series:
        table[found.key] = values = np.full(len(table["step"]), np.nan)
        values[place[np.searchsorted(logged, found.row)]] = found.value
    return table


def _repeated(series: Series) -> NDArray[np.int64]:
    """The steps at which there are several values of a metric."""
    again = np.diff(series.step) == 0
    if series.key == EPOCH:
        again &= np.diff(series.value) != 0
    found: NDArray[np.int64] = series.step[1:][again]
    return found


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
