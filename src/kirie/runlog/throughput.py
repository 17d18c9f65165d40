"""Speed of training as rows of the run log: images/s, the share of time spent waiting for data, memory.

Only clocks are read; nothing waits for the device, so that measuring costs nothing.
"""

from __future__ import annotations

import resource
import sys
import time
from typing import Any

import pytorch_lightning as pl
import torch


class Throughput(pl.Callback):
    """Logs `perf/images_per_s`, `perf/data_wait` (0 to 1) and `perf/memory_gb` every few steps.

    Args:
        batch_size: Global batch size.
        every: Steps between rows.
    """

    def __init__(self, batch_size: int, every: int) -> None:
        self.batch_size = batch_size
        self.every = every
        self.images_per_s: float | None = None
        self._waited = 0.0
        self._steps = 0
        self._since = self._ended = time.perf_counter()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begins to count; a run that goes on within an epoch does not start that epoch."""
        self.on_train_epoch_start(trainer, pl_module)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Forgets what lies between epochs (validation, checkpoints)."""
        self._waited, self._steps = 0.0, 0
        self._since = self._ended = time.perf_counter()

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Ends the wait for a batch."""
        self._waited += time.perf_counter() - self._ended

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Counts a step, and logs a row when it is time."""
        self._ended = time.perf_counter()
        self._steps += 1
        # By the batch and not by our own count, which begins anew in a run that goes on
        if (batch_idx + 1) % self.every and not trainer.is_last_batch:
            return
        spent = max(self._ended - self._since, 1e-9)
        self.images_per_s = self._steps * self.batch_size / spent
        pl_module.log_dict(
            {
                "perf/images_per_s": self.images_per_s,
                "perf/data_wait": self._waited / spent,
                "perf/memory_gb": _memory_gb(pl_module.device),
            },
            on_step=True,
            on_epoch=False,
        )
        self._waited, self._steps, self._since = 0.0, 0, self._ended


def _memory_gb(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e9
    # Kilobytes on Linux, bytes on macOS
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
