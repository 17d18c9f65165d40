"""Each step once in the logged curve, also when a run goes on from before the last row that it had logged.

What the W&B files of the W&B run hold is the truth: at the start they are read, and rows at or below the highest step
that they have for a metric are not logged again. W&B writes rows to the disk with some delay, so rows that a kill took
although a newer resume point was written travel in that point, and are logged when the files turn out to lack them.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.loggers import WandbLogger
from pytorch_lightning.utilities import rank_zero_only

from kirie.core.run import RunFolder
from kirie.runlog.reader.rows import read_rows

STEP = "trainer/global_step"

COMPANIONS = frozenset({"epoch", STEP})
"""What every row carries beside its metrics."""

UNSAFE_S = 60.0
"""Age from which a row is taken to be on the disk, many times W&B's own delay."""


def row_step(trainer: pl.Trainer) -> int:
    """The step of a row that is logged now: Lightning counts rows from 0, and steps that are done from 1."""
    return max(0, trainer.global_step - 1)


def highest_steps(run: RunFolder, wandb_id: str) -> dict[str, int]:
    """For each metric the highest step in the run's W&B files of one W&B run."""
    highest: dict[str, int] = {}
    for path in _logs(run, wandb_id):
        for row in read_rows(path):
            if isinstance(step := row.get(STEP), int):
                highest |= {key: max(step, highest.get(key, step)) for key in row}
    return highest


def rows_of_others(run: RunFolder, wandb_id: str) -> list[tuple[dict[str, float], int]]:
    """The numbers that the run logged into other W&B runs, by step.

    There are some where a training went on under an agent, or by hand after one: each of those has a W&B run of its
    own, and the later one is to have the whole curve, too.
    """
    paths = sorted(set(_logs(run, "*")) - set(_logs(run, wandb_id)))
    rows = [row for path in paths for row in read_rows(path) if isinstance(row.get(STEP), int)]
    rows.sort(key=lambda row: row[STEP])
    return [({key: value for key, value in row.items() if _is_metric(key, value)}, row[STEP]) for row in rows]


def _logs(run: RunFolder, wandb_id: str) -> list[Path]:
    return sorted(run.path.glob(f"wandb/*run-*/run-{wandb_id}.wandb"))


def _is_metric(key: str, value: object) -> bool:
    """Whether a row's entry is a number of ours: not a picture, and not W&B's own count or time."""
    return isinstance(value, int | float) and not isinstance(value, bool) and key != STEP and not key.startswith("_")


class OnceLogger(WandbLogger):
    """Lightning's W&B logger without the rows that the run's files have already.

    Args:
        experiment: The W&B run.
        highest: The highest step logged so far, by metric.

    Attributes:
        broken: Whether W&B's own process is gone. SLURM signals all processes of a job, and that one ends at once;
            the rows since then wait in `recent_rows` for the run to go on.
    """

    def __init__(self, experiment: Any, highest: Mapping[str, int]) -> None:
        super().__init__(experiment=experiment)
        self.broken = False
        self._highest = dict(highest)
        self._recent: deque[tuple[float, dict[str, float], int]] = deque()

    def is_new(self, metric: str, step: int) -> bool:
        """Whether a metric's row at a step is still to be logged."""
        return step > self._highest.get(metric, -1)

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Logs what is new of a row."""
        if step is None:
            super().log_metrics(metrics, step)
            return
        new = {key: value for key, value in metrics.items() if key in COMPANIONS or self.is_new(key, step)}
        if new.keys() <= COMPANIONS:
            return
        # Lightning gives the learning rate once for each batch, which is several times a step when accumulating
        self._highest |= dict.fromkeys(new.keys() - COMPANIONS, step)
        self._recent.append((time.monotonic(), new, step))
        while self._recent and not self.broken and time.monotonic() - self._recent[0][0] > UNSAFE_S:
            self._recent.popleft()
        try:
            super().log_metrics(new, step)
        except ConnectionError:
            self.broken = True

    def log_media(self, metric: str, media: Any, step: int) -> None:
        """Logs pictures; without W&B's process they are left out."""
        try:
            self.experiment.log({metric: media, STEP: step})
        except ConnectionError:
            self.broken = True

    def recent_rows(self) -> list[tuple[dict[str, float], int]]:
        """The rows of the last minute, plain values, for a resume point."""
        return [({key: float(value) for key, value in metrics.items()}, int(step)) for _, metrics, step in self._recent]

    def write_missing(self, rows: list[tuple[dict[str, float], int]]) -> None:
        """Logs rows from a resume point that the files lack."""
        for metrics, step in rows:
            self.log_metrics(metrics, step)
