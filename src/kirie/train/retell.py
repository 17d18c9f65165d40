"""Under an agent: what a run that is done already has to say, told to the W&B run that the agent made for it.

A sweep at W&B learns of a trial only through its W&B run. So a parameter set that was trained before, in this sweep,
another one or by hand, is not trained again, and its curve and scores are given to the new W&B run.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from typing import Any

from kirie.core import scores
from kirie.core.run import RunFolder
from kirie.runlog.logged import rows_of_others
from kirie.runlog.start import end_log, start_log
from kirie.train.history import COLUMNS, INSTANCE_COLUMNS

_METRICS = {
    name: name.replace("_", "/", 1) for name in (*COLUMNS, *INSTANCE_COLUMNS) if name.startswith(("train_", "val_"))
}
"""The columns of `history.csv` as the run log calls them."""


def retell(config: Mapping[str, Any], run: RunFolder) -> str | None:
    """Writes the curve and the scores of a finished run into the W&B run of this process's agent.

    Args:
        config: The resolved configuration, whose `log` group says how.
        run: The finished run.

    Returns:
        One sentence on where it was told; None with `log=none`.

    Raises:
        ConfigError: The log group is wrong, or wandb refuses to start.
        RunError: The run's record or scores are damaged.
    """
    record, found = run.read_record(), run.read_metrics()
    details = {**config, "run_id": record["id"], "name": record.get("name"), "reused": True}
    history = [] if rows_of_others(run, "") else _history(run)
    # Writes the rows that lie in other W&B files of the run
    logger, where = start_log(config["log"], run, record["id"], details)
    if logger is None:
        return None
    code = 1
    try:
        step = 0
        for row in history:
            step = int(row.pop("step"))
            told = {_METRICS[key]: value for key, value in row.items() if key in _METRICS and math.isfinite(value)}
            logger.log_metrics({"epoch": row["epoch"], **told}, step)
        final = {f"{split}/final/{key}": value for split in found for key, value in scores.flat(found[split]).items()}
        logger.log_metrics(final, step)
        code = 0
    finally:
        end_log(logger, code)
    return where


def _history(run: RunFolder) -> list[dict[str, float]]:
    """The rows of `history.csv`: of a run that was trained without a log they are all there is."""
    if not run.history.is_file():
        return []
    with run.history.open(encoding="utf-8", newline="") as stream:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(stream)]
