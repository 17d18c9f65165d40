"""Checkpoints that are whole or not there: written beside their name and renamed, read without running code."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO
from pytorch_lightning.callbacks import ModelCheckpoint

from kirie.core import files
from kirie.core.resume import write_resume_point
from kirie.core.run import RunFolder

_RESUME = "resume"


class RenamingCheckpointIO(TorchCheckpointIO):
    """Lightning's file format, written by rename, so that a kill while saving leaves the checkpoint before it."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Writes a checkpoint; for `resume_target` under a name that its content decides.

        Raises:
            DeviceError: The disk is full or cannot be written.
        """
        # In memory first: torch's zip writer turns a full disk into an error that does not say so
        stream = io.BytesIO()
        torch.save(checkpoint, stream)
        target = Path(path)
        if target.name == _RESUME:
            write_resume_point(RunFolder(target.parent.parent), int(checkpoint["global_step"]), stream.getbuffer())
            return
        with files.replacing(target) as out:
            out.write(stream.getbuffer())


def resume_target(run: RunFolder) -> Path:
    """What to ask the trainer to save for a resume point; the file gets its name when its content is known."""
    return run.checkpoints / _RESUME


class _BestCheckpoint(ModelCheckpoint):
    """Lightning's, which forgets the best score where the run's folder has moved since: here the scores count."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes up the scores, with the paths of now."""
        here: dict[str, Any] = {"dirpath": self.dirpath}
        if state_dict["best_model_path"]:
            path = str(Path(str(self.dirpath), Path(state_dict["best_model_path"]).name))
            scores = dict.fromkeys([path], *state_dict["best_k_models"].values())
            here |= {"best_model_path": path, "kth_best_model_path": path, "best_k_models": scores}
        super().load_state_dict(state_dict | here)


def best_checkpoint(run: RunFolder, metric: str) -> ModelCheckpoint:
    """Keeps the checkpoint with the highest validation score."""
    return _BestCheckpoint(
        dirpath=run.checkpoints,
        filename=run.best.stem,
        monitor=f"val/{metric}",
        mode="max",
        save_top_k=1,
        save_on_train_epoch_end=False,
        enable_version_counter=False,
    )
