"""`history.csv`: the validation scores by epoch, for `dvc plots`. The run log proper is W&B's.

The rows travel in the checkpoint, so that a run that goes on rewrites the same table without gaps or repeats.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from kirie.core import files

COLUMNS = ("epoch", "step", "train_loss", "val_loss", "val_miou", "val_dice")
INSTANCE_COLUMNS = (
    "epoch",
    "step",
    "train_loss",
    "val_miou",
    "val_dice",
    "val_map",
    "val_map_50",
    "val_box_map",
    "val_pq",
)
"""Of a model that finds instances, which has no validation loss."""


class History(pl.Callback):
    """Writes the table anew, whole, after every validation.

    Args:
        path: The table.
        instances: Whether the model finds instances.
    """

    def __init__(self, path: Path, instances: bool = False) -> None:
        self.path = path
        self.columns = INSTANCE_COLUMNS if instances else COLUMNS
        self.rows: list[list[float]] = []
        self._train_loss: float | None = None

    def state_dict(self) -> dict[str, Any]:
        """The rows so far, and the loss before a validation that is still to be done."""
        return {"rows": self.rows, "train_loss": self._train_loss}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes the rows up again."""
        self.rows = [list(row) for row in state_dict["rows"]]
        self._train_loss = state_dict["train_loss"]

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keeps the last training loss; a run that goes on with a validation has none of its own."""
        if (loss := trainer.callback_metrics.get("train/loss")) is not None:
            self._train_loss = float(loss)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Adds the epoch's row."""
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        scores = [trainer.callback_metrics.get(name.replace("_", "/", 1)) for name in self.columns[3:]]
        found = [self._train_loss, *scores]
        self.rows.append(
            [
                trainer.current_epoch + 1,
                trainer.global_step,
                *(round(float(value), 6) if value is not None else float("nan") for value in found),
            ]
        )
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        files.write_text(self.path, text.getvalue())
