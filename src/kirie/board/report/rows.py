"""The table of a report: some runs of the board, and nothing of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kirie.errors import UsageError

_OF_ANY_RUN = ("run", "note")
"""Where columns come from that every board has, whatever its runs logged."""


def only(table: Mapping[str, Any], details: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The table of some runs, in its order: their rows, the columns that they have values in, and their metrics.

    Args:
        table: The whole one, as `/api/runs` gives it.
        details: What is known of each of the runs, by its id.
    """
    rows = [at for at, run in enumerate(table["ids"]) if run in details]
    columns = [_column(column, rows) for column in table["columns"]]
    return {
        **table,
        "ids": [table["ids"][at] for at in rows],
        "columns": [column for column in columns if column is not None],
        "metrics": _counted(one["metrics"] for one in details.values()),
        "system": _counted(one["system"] for one in details.values()),
    }


def check_there(table: Mapping[str, Any], runs: Iterable[str]) -> None:
    """Refuses runs that the table lacks.

    Raises:
        UsageError: There is such a run.
    """
    if missing := set(runs) - set(table["ids"]):
        raise UsageError(f"The board has no run '{min(missing)}'; `kirie runs` lists them.")


def _column(column: Mapping[str, Any], rows: Sequence[int]) -> dict[str, Any] | None:
    """A column of some rows; None where it is another run's."""
    if "values" in column:
        values = [column["values"][at] for at in rows]
        found = {**column, "values": values}
    else:
        values = [column["codes"][at] for at in rows]
        used = sorted({code for code in values if code is not None})
        places = {code: at for at, code in enumerate(used)}
        found = {
            **column,
            "words": [column["words"][code] for code in used],
            "codes": [None if code is None else places[code] for code in values],
        }
    if column["from"] not in _OF_ANY_RUN and all(value is None for value in values):
        return None
    return found


def _counted(keys: Iterable[Iterable[str]]) -> list[dict[str, Any]]:
    counts = Counter(key for each in keys for key in each)
    return [{"key": key, "runs": counts[key]} for key in sorted(counts)]
