"""The callback that logs the same few validation pictures while the training goes on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from kirie.core.labels import LabelSet
from kirie.prepare.store import Split
from kirie.runlog.logged import row_step
from kirie.runlog.pictures import log_pictures


class Pictures(pl.Callback):
    """Logs predictions for pictures spread evenly over the validation split.

    Args:
        split: The validation split.
        labels: The label set.
        count: How many pictures.
        every: Epochs between two loggings; the last epoch is always logged.
    """

    def __init__(self, split: Split, labels: LabelSet, count: int, every: int) -> None:
        self.labels = labels
        self.every = every
        at = np.unique(np.linspace(0, len(split) - 1, min(count, len(split))).round().astype(np.int64))
        self.names = [split.names[position] for position in at]
        self.images_BHWC, self.targets_BHW = split.read(at.tolist())

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Predicts and logs, when it is time."""
        epoch = trainer.current_epoch + 1
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        if epoch % self.every and epoch != trainer.max_epochs:
            return
        log_pictures(
            trainer.logger,
            self.names,
            self.images_BHWC,
            self.targets_BHW,
            self._predict(pl_module),
            self.labels,
            # That of the scores, so that pictures and curves meet
            row_step(trainer),
        )

    def _predict(self, task: Any) -> Any:
        with torch.inference_mode():
            image_BHWC = torch.from_numpy(self.images_BHWC).to(task.device)
            image_BCHW = image_BHWC.permute(0, 3, 1, 2).float() / 255
            return task.painted(image_BCHW)
