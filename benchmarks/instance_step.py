"""kirie's training step of a Mask R-CNN against torchvision's own training loop on tensors already in memory.

Expectation: at least 0.95 of the bare loop's images/s, with the store, the loader, Lightning, the W&B log, targets made
from instance maps and ignored regions included, and augmentation off. The bare loop is torchvision's MaskRCNN over the
same encoder, pyramid, heads, weights, numbers, shares and thresholds of proposals, with boxes and masks made
beforehand, without torchvision's resizing, with the same optimizer, clipping and number of threads. Both are timed in
turns within one process, several rounds, and the medians compared, so that a busy machine slows both alike.

    python benchmarks/instance_step.py --size 160 --batch 8
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import statistics
import tempfile
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("WANDB_MODE", "offline")
os.environ.setdefault("WANDB_SILENT", "true")

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN

from kirie.core.run import RunFolder
from kirie.models import Detector
from kirie.prepare.command import main as prepare
from kirie.prepare.store import Store
from kirie.runlog.start import end_log, start_log
from kirie.runlog.throughput import Throughput
from kirie.synth.command import main as synth
from kirie.tasks.optimizer import build_optimizer
from kirie.tasks.targets import targets_of
from kirie.train.compose import compose_config, config_folder
from kirie.train.loop import build_data, build_task, build_trainer, facts_of
from kirie.train.settings import Settings

Batches = Sequence[tuple[list[Tensor], list[dict[str, Tensor]]]]


class Clock(pl.Callback):
    """Seconds of each training epoch, the wait for the first batch included."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._since = 0.0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Starts the clock."""
        self._since = time.perf_counter()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Stops it after the last one."""
        if trainer.is_last_batch:
            self.seconds.append(time.perf_counter() - self._since)


class Backbone(nn.Module):
    """An encoder and its pyramid, as torchvision asks for them."""

    def __init__(self, model: Detector) -> None:
        super().__init__()
        network: Any = copy.deepcopy(model.network)
        self.network, self.out_channels = network, model.options["pyramid_channels"]
        # torchvision's MaskRCNN brings its own
        del network.rpn, network.roi_heads

    def forward(self, image_BCHW: Tensor) -> OrderedDict[str, Tensor]:
        """The levels of the pyramid."""
        found: OrderedDict[str, Tensor] = self.network.pyramid(image_BCHW)
        return found


def torchvisions(model: Detector, size: int) -> nn.Module:
    """torchvision's MaskRCNN with a detector's parts, numbers and weights."""
    network: Any = copy.deepcopy(model.network)
    rpn, heads, options = network.rpn, network.roi_heads, model.options
    found: nn.Module = MaskRCNN(
        Backbone(model),
        min_size=size,
        max_size=size,
        image_mean=model.mean.flatten().tolist(),
        image_std=model.std.flatten().tolist(),
        _skip_resize=True,  # nothing is resized in ours, and at equal sizes theirs would sample all the same
        rpn_anchor_generator=rpn.anchor_generator,
        rpn_head=rpn.head,
        rpn_pre_nms_top_n_train=options["proposals_train"][0],
        rpn_post_nms_top_n_train=options["proposals_train"][1],
        rpn_batch_size_per_image=options["rpn_samples"],
        rpn_bg_iou_thresh=options["rpn_iou"][0],
        rpn_fg_iou_thresh=options["rpn_iou"][1],
        rpn_nms_thresh=options["proposals_nms"],
        box_roi_pool=heads.box_roi_pool,
        box_head=heads.box_head,
        box_predictor=heads.box_predictor,
        box_batch_size_per_image=options["roi_samples"],
        box_positive_fraction=options["roi_things"],
        box_bg_iou_thresh=options["roi_iou"][0],
        box_fg_iou_thresh=options["roi_iou"][1],
        mask_roi_pool=heads.mask_roi_pool,
        mask_head=heads.mask_head,
        mask_predictor=heads.mask_predictor,
    )
    return found.train()


def bare_epoch(model: nn.Module, optimizer: torch.optim.Optimizer, batches: Batches) -> float:
    """One epoch of torchvision's reference loop; returns seconds."""
    since = time.perf_counter()
    for images, targets in batches:
        losses = model(images, targets)
        optimizer.zero_grad()
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return time.perf_counter() - since


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=6, help="steps of one round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--encoder", default="tu-mobilenetv3_small_100")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(measure(options, Path(scratch))))


def measure(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Times both loops in turns."""
    torch.set_num_threads(options.threads)
    # 70 % of the pictures are for training
    count = int(options.batch * options.steps / 0.6) + 8
    synth(["--out", str(scratch / "data"), "--count", str(count), "--characters", str(count), "--size", "256"])
    prepare([str(scratch / "data"), "--out", str(scratch / "store"), "--size", str(options.size)])
    store = Store.open(scratch / "store")
    config = compose_config(
        [
            "model=mask_rcnn",
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
    assert isinstance(task.model, Detector)
    data = build_data(settings)
    batches = _in_memory(data, task.model, options.steps)
    bare_model = torchvisions(task.model, options.size)
    encoder: Any = bare_model.get_submodule("backbone.network.encoder")
    optimizer = build_optimizer(config["optimizer"], encoder, bare_model)
    bare_epoch(bare_model, optimizer, batches[:2])  # warm-up
    run = RunFolder(scratch / "runs" / "benchmark")
    logger, _ = start_log({**config["log"], "mode": "offline"}, run, "benchmark", config)
    bare, kirie = [], []
    for _ in range(options.rounds):
        bare.append(bare_epoch(bare_model, optimizer, batches) / len(batches))
        clock = Clock()
        watchers: list[pl.Callback] = [clock, Throughput(options.batch, settings.trainer.log_every)]
        watchers.append(pl.callbacks.LearningRateMonitor("step"))
        trainer = build_trainer(settings, run, logger, watchers)
        trainer.limit_train_batches = len(batches)
        trainer.limit_val_batches = 0
        trainer.fit(task, datamodule=build_data(settings))
        kirie.append(clock.seconds[0] / len(batches))
        if torch.get_num_threads() != options.threads:
            raise SystemExit("The sides do not have the same number of threads; their times mean nothing.")
    end_log(logger, 0)
    ours, theirs = statistics.median(kirie), statistics.median(bare)
    return {
        "benchmark": "instance_step",
        "encoder": options.encoder,
        "size": options.size,
        "batch": options.batch,
        "threads": options.threads,
        "steps": len(batches),
        "rounds": options.rounds,
        "instances_per_image": round(float(np.mean([len(t["labels"]) for _, part in batches for t in part])), 1),
        "kirie_images_per_s": round(options.batch / ours, 2),
        "bare_images_per_s": round(options.batch / theirs, 2),
        "ratio": round(theirs / ours, 4),
        "bar": 0.95,
    }


def _in_memory(data: Any, model: Detector, steps: int) -> Batches:
    """The loader's first batches as torchvision's loop wants them."""
    found = []
    for _, batch in zip(range(steps), data.train_dataloader(), strict=False):
        targets = targets_of(batch["target"].long(), batch["things"], int(model.options["min_area"]))
        found.append(
            (
                list(batch["image"].permute(0, 3, 1, 2).float() / 255),
                [
                    {
                        "boxes": target["boxes"],
                        "labels": model.class_of_label[target["labels"]],
                        "masks": target["masks"].to(torch.uint8),
                    }
                    for target in targets
                ],
            )
        )
    return found


if __name__ == "__main__":
    main()
