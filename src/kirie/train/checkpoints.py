"""Checkpoints that are whole or not there: written beside their name and renamed, read without running code."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO
from pytorch_lightning.callbacks import ModelCheckpoint

from kirie.core import files
from kirie.core.run import RunFolder


class RenamingCheckpointIO(TorchCheckpointIO):
    """Lightning's file format, written by rename, so that a kill while saving leaves the checkpoint before it."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Writes a checkpoint.

        Raises:
            DeviceError: The disk is full or cannot be written.
        """
        # In memory first: torch's zip writer turns a full disk into an error that does not say so
        content = io.BytesIO()
        torch.save(checkpoint, content)
        files.write_bytes(Path(path), content.getvalue())


def best_checkpoint(run: RunFolder, metric: str) -> ModelCheckpoint:
    """Keeps the checkpoint with the highest validation score."""
    return ModelCheckpoint(
        dirpath=run.checkpoints,
        filename=run.best.stem,
        monitor=f"val/{metric}",
        mode="max",
        save_top_k=1,
        save_on_train_epoch_end=False,
        enable_version_counter=False,
    )


def last_checkpoint(run: RunFolder) -> ModelCheckpoint:
    """Keeps the newest epoch, from which an interrupted run goes on."""
    return ModelCheckpoint(
        dirpath=run.checkpoints,
        filename=run.last.stem,
        save_top_k=1,
        every_n_epochs=1,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
