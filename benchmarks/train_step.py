"""kirie's training step against a bare PyTorch loop on tensors already in memory.

Expectation: at least 0.95 of the bare loop's images/s, with the store, the loader, Lightning and the W&B log included
and augmentation off. Same model, batch, size, optimizer, loss and threads. Both are timed in turns within one
process, several rounds, and the medians compared, so that a busy machine slows both alike.

    python benchmarks/train_step.py --size 256 --batch 8
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ["WANDB_SILENT"] = "true"

import numpy as np
import pytorch_lightning as pl
import torch

from kirie.core.run import RunFolder
from kirie.prepare.command import main as prepare
from kirie.prepare.store import Store
from kirie.runlog.start import end_log, start_log
from kirie.runlog.throughput import Throughput
from kirie.synth.command import main as synth
from kirie.tasks.optimizer import build_optimizer
from kirie.train.compose import compose_config, config_folder
from kirie.train.loop import build_data, build_task, build_trainer, facts_of
from kirie.train.settings import Settings


class Clock(pl.Callback):
    """Times whole epochs, the wait for the first batch included."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._since = 0.0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._since = time.perf_counter()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if trainer.is_last_batch:
            self.seconds.append(time.perf_counter() - self._since)


def bare_epoch(task: Any, optimizer: torch.optim.Optimizer, batches: list[tuple[torch.Tensor, torch.Tensor]]) -> float:
    """One epoch of the loop everybody writes first; returns seconds."""
    since = time.perf_counter()
    for image_BCHW, target_BHW in batches:
        optimizer.zero_grad()
        loss = task.loss(task.model(image_BCHW), target_BHW)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(task.parameters(), 1.0)
        optimizer.step()
    return time.perf_counter() - since


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=6, help="steps of one round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--model", default="unet")
    parser.add_argument("--encoder", default="tu-mobilenetv3_small_100")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(measure(options, Path(scratch))))


def measure(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Times both loops in turns."""
    # 70 % of the pictures are for training
    count = int(options.batch * options.steps / 0.6) + 8
    synth(["--out", str(scratch / "data"), "--count", str(count), "--characters", str(count), "--size", "256"])
    prepare([str(scratch / "data"), "--out", str(scratch / "store"), "--size", str(options.size)])
    store = Store.open(scratch / "store")
    config = compose_config(
        [
            f"model={options.model}",
            f"model.encoder={options.encoder}",
            "augment=none",
            "trainer=cpu",
            f"data.store={scratch / 'store'}",
            f"data.batch_size={options.batch}",
            "train.epochs=1",
            f"runs={scratch / 'runs'}",
        ],
        config_folder(),
    )
    settings = Settings.of(config)
    task = build_task(config, facts_of(store))
    split = store.split("train")
    steps = min(options.steps, len(split) // options.batch)
    images, targets = split.read(np.arange(steps * options.batch))
    batches = [
        (
            torch.from_numpy(images[at : at + options.batch]).permute(0, 3, 1, 2).float().contiguous() / 255,
            torch.from_numpy(targets[at : at + options.batch]).long(),
        )
        for at in range(0, steps * options.batch, options.batch)
    ]
    optimizer = build_optimizer(config["optimizer"], task.encoder, task)
    task.train()
    bare_epoch(task, optimizer, batches[:2])  # warm-up
    run = RunFolder(scratch / "runs" / "benchmark")
    logger, _ = start_log({**config["log"], "mode": "offline"}, run, "benchmark", config)
    bare, kirie = [], []
    for _ in range(options.rounds):
        bare.append(bare_epoch(task, optimizer, batches) / steps)
        clock = Clock()
        watchers: list[pl.Callback] = [clock, Throughput(options.batch, settings.trainer.log_every)]
        watchers.append(pl.callbacks.LearningRateMonitor("step"))
        trainer = build_trainer(settings, run, logger, watchers)
        trainer.limit_train_batches = steps
        trainer.limit_val_batches = 0
        trainer.fit(task, datamodule=build_data(settings))
        kirie.append(clock.seconds[0] / steps)
    end_log(logger, 0)
    ours, theirs = statistics.median(kirie), statistics.median(bare)
    return {
        "benchmark": "train_step",
        "model": options.model,
        "encoder": options.encoder,
        "size": options.size,
        "batch": options.batch,
        "steps": steps,
        "rounds": options.rounds,
        "kirie_images_per_s": round(options.batch / ours, 2),
        "bare_images_per_s": round(options.batch / theirs, 2),
        "ratio": round(theirs / ours, 4),
        "bar": 0.95,
    }


if __name__ == "__main__":
    main()
