"""`kirie runs`: the states of all runs, or with --format all that is known of them, for other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import kirie.runlog
from kirie.cluster import runs as states
from kirie.cluster.scheduler import Scheduler
from kirie.core import command
from kirie.errors import RunError, UsageError
from kirie.runlog.reader import tables
from kirie.runlog.reader.values import spelled

FORMATS = ("table", "json", "csv")


def main(argv: Sequence[str], scheduler: Scheduler | None = None) -> int:
    """Runs `kirie runs`.

    Args:
        argv: Its words.
        scheduler: The batch system; by default SLURM, where there is one.
    """
    parser = states.parser()
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="table",
        help="table: the states (default); json, csv: id, name, state, configuration and summary of each run, "
        "also of runs that kirie did not make",
    )
    options = parser.parse_args(argv)
    if options.format == "table":
        return states.show(options, scheduler)
    if options.json:
        raise UsageError("kirie runs: --json and --format do not go together; --format json prints JSON.")
    rows = _rows(options.folder, scheduler)
    command.say(_as_json(rows) if options.format == "json" else _as_csv(rows))
    return 0


def _rows(folder: Path, scheduler: Scheduler | None) -> list[dict[str, Any]]:
    """The runs, the newest first: those with a log, then kirie's own without one (`log=none`)."""
    if not folder.is_dir():
        raise RunError(f"There is no folder {folder}; name one that holds runs, as runs, or any project's wandb.")
    found, _ = states.found(folder, scheduler)
    known = {Path(status.folder).resolve(): status for status in found}
    rows = []
    for run in kirie.runlog.open(folder):
        row = tables.row(run)
        status = known.pop(run.folder.resolve(), None) if run.folder is not None else None
        # The cluster knows more than the log: that a job waits, or died
        rows.append(row if status is None else {**row, "state": status.state})
        run.forget()
    return rows + [{"id": status.run, "name": status.name, "state": status.state} for status in known.values()]


def _as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """An array of flat objects; NaN and infinities, which JSON has not, are texts."""
    return json.dumps([spelled(row) for row in rows], ensure_ascii=False)


def _as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """A line a run, and a column for each key that any of them has; lists are JSON."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    columns = list(dict.fromkeys([*tables.FACTS, *tables.columns_of(rows)]))
    writer.writerow(columns)
    writer.writerows([[_cell(row.get(column)) for column in columns] for row in rows])
    return table.getvalue().rstrip("\n")


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        # A spreadsheet would take it for a formula, and a log is a stranger's
        return f"'{value}"
    return json.dumps(spelled(value), ensure_ascii=False) if isinstance(value, list | dict) else value
