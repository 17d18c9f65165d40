"""Stopping a training everywhere: each place where one can be stopped raises a signal the first time it is passed."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from kirie.core.resume import resume_points
from kirie.core.run import RunFolder
from kirie.errors import Interrupted
from kirie.train.fit import fit
from kirie.train.progress import EpochLines

PLACES = ("on_train_batch_end", "on_validation_start", "on_validation_batch_end", "on_validation_end")


def weights(run: RunFolder) -> dict[str, Any]:
    """The newest resume point's tensors that a training's end consists of, flat by name."""
    found = torch.load(resume_points(run)[0].path, weights_only=True)
    parts = {"state_dict": found["state_dict"], "current": found.get("current_model_state", {})}
    for name, moments in found["optimizer_states"][0]["state"].items():
        parts[f"optimizer {name}"] = moments
    return {f"{part} {name}": value for part, values in parts.items() for name, value in values.items()}


def differing(one: RunFolder, other: RunFolder) -> list[str]:
    """Names of the tensors that are not equal to the bit."""
    first, second = weights(one), weights(other)
    if first.keys() != second.keys():
        return sorted(first.keys() ^ second.keys())
    return [
        name for name, value in first.items() if not torch.equal(torch.as_tensor(value), torch.as_tensor(second[name]))
    ]


def fit_stopping_everywhere(
    config: dict[str, Any], monkeypatch: pytest.MonkeyPatch, signals: tuple[signal.Signals, ...]
) -> tuple[RunFolder, list[tuple[str, int]]]:
    """Trains to the end, stopped at every place and taken up again; gives the run and where it was stopped."""
    passed: list[tuple[str, int]] = []
    pending: list[tuple[str, int]] = []

    def stopping(name: str, before: Callable[..., None]) -> Callable[..., None]:
        def hook(self: EpochLines, trainer: pl.Trainer, module: pl.LightningModule, *more: Any) -> None:
            before(self, trainer, module, *more)
            place = (name, trainer.global_step if name != "on_train_batch_end" else trainer.fit_loop.total_batch_idx)
            if place not in passed and not pending:
                passed.append(place)
                pending.append(place)
                # SLURM sends its own more than once
                for _ in range(1 + len(passed) % 2):
                    signal.raise_signal(signals[len(passed) % len(signals)])

        return hook

    for name in PLACES:
        monkeypatch.setattr(EpochLines, name, stopping(name, getattr(EpochLines, name)))
    while True:
        pending.clear()
        try:
            return fit(config, quiet=True), passed
        except Interrupted:
            (run,) = map(RunFolder, Path(config["runs"]).iterdir())
            assert run.read_record()["state"] == "interrupted"
