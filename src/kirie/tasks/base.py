"""What every task shares: one step, the optimizer, the schedule, seeding and what a checkpoint carries.

A task adds three things: its model, its loss and its metrics. Everything after the transfer of the batch happens
here, on the device: augmenting, the network, the loss, counting.

Shapes: B batch, C channels, H, W pixels, L labels.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kirie.core.labels import LabelSet
from kirie.models import Detector, Segmenter, build_for, freeze_unreached
from kirie.tasks.finite import LossWatch
from kirie.tasks.optimizer import build_optimizer, build_schedule, check_optimizer, check_schedule
from kirie.tasks.processes import summed, world

Batch = dict[str, Tensor]
"""`image` uint8 (B, H, W, C), `target` uint8 (B, H, W), `index` int64 (B,): position in the split; the instance task's
has more, see there."""


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What a task must know of the store before it sees a batch.

    Attributes:
        labels: The label set.
        mean: RGB mean of the training pixels, in [0, 1].
        std: RGB standard deviation of the training pixels.
        pixel_counts: Pixels per label in the training split.
        fingerprint: The store's fingerprint.
        train_names: Names of the training split's pictures, for messages.
    """

    labels: LabelSet
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    pixel_counts: tuple[int, ...]
    fingerprint: str
    train_names: tuple[str, ...] = ()


class Task(pl.LightningModule):
    """Base of the Lightning modules.

    Args:
        config: The resolved configuration.
        facts: What is known of the data.
        augmentation: Module called as (image_BHWC, target_BHW, index_B, seed=, epoch=) in training.
        plain: The same call without augmentation, for validation.

    Raises:
        ConfigError: A group of the configuration is wrong.
        ModelError: The model cannot be built or its weights cannot be had.
    """

    def __init__(self, config: Mapping[str, Any], facts: DataFacts, augmentation: nn.Module, plain: nn.Module) -> None:
        super().__init__()
        check_optimizer(config["optimizer"])
        check_schedule(config["schedule"])
        self.config = dict(config)
        self.facts = facts
        self.seed = int(config["seed"])
        self.augmentation = augmentation
        self.plain = plain
        self.model: Segmenter | Detector = build_for(config["model"], facts.labels, facts.mean, facts.std)
        if (size := config["model"].get("image_size")) is not None:
            freeze_unreached(self.model, *size)
        if config["trainer"]["channels_last"]:
            self.model = self.model.to(memory_format=torch.channels_last)
        self._losses = LossWatch(facts.train_names)

    @property
    def model_config(self) -> dict[str, Any]:
        """The model's own account of itself: plain values from which the same model can be built again."""
        return dict(self.model.config)

    @property
    def encoder(self) -> nn.Module | None:
        """The part that `optimizer.encoder_lr_factor` concerns, if the network's architecture has one apart."""
        found = getattr(self.model.network, "encoder", None)
        return found if isinstance(found, nn.Module) else None

    @abstractmethod
    def losses(self, image_BCHW: Tensor, target_BHW: Tensor, batch: Batch) -> dict[str, Tensor]:
        """The scalar losses of a training batch, whose sum is minimised."""

    @abstractmethod
    def validate(self, image_BCHW: Tensor, target_BHW: Tensor, batch: Batch) -> Tensor | None:
        """Adds a validation batch to the metrics; its loss, if the task has one there."""

    @abstractmethod
    def scores(self) -> dict[str, float]:
        """Scores of what was counted since the last call, and a fresh start."""

    @abstractmethod
    def painted(self, image_BCHW: Tensor) -> NDArray[np.uint8]:
        """Predicted label ids (B, H, W) of pictures, RGB in [0, 1], for eyes to see."""

    def on_train_epoch_start(self) -> None:
        """Freezes batch-norm statistics where the configuration asks for it."""
        if self.config["train"]["freeze_batch_norm"] and self.encoder is not None:
            for module in self.encoder.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """One step: augment on the device, loss.

        Raises:
            RunError: The loss of this step, or of one before it on a GPU, is no number.
        """
        # Dropout and the like draw from torch's generator: a function of (seed, epoch, batch, rank), not of history
        torch.manual_seed(_seed_of(self.seed, self.current_epoch, batch_idx, self.global_rank))
        image_BCHW, target_BHW = self.augmentation(
            batch["image"], batch["target"], batch["index"], seed=self.seed, epoch=self.current_epoch
        )
        losses = self.losses(self._memory_format(image_BCHW), target_BHW, batch)
        loss = torch.stack(list(losses.values())).sum() if len(losses) > 1 else next(iter(losses.values()))
        self._losses.see(loss.detach(), batch["index"], self.current_epoch, self.global_step)
        named = {f"train/loss_{name}": part.detach() for name, part in losses.items()} if len(losses) > 1 else {}
        self.log_dict({"train/loss": loss.detach(), **named}, batch_size=len(image_BCHW), on_step=True, on_epoch=False)
        return loss

    def on_validation_start(self) -> None:
        """Nothing is validated, and so no best checkpoint written, after a loss that is no number."""
        self._losses.check()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Counts one batch; scores are taken over the whole set at its end."""
        image_BCHW, target_BHW = self.plain(batch["image"], batch["target"], batch["index"], seed=self.seed, epoch=0)
        loss = self.validate(self._memory_format(image_BCHW), target_BHW, batch)
        if loss is None:
            return
        # The loss is that of the global batch; fillers are no pictures
        count = len(image_BCHW)
        if world() > 1:
            count = int(summed((batch["index"] >= 0).sum().to(loss.device))[0])
        self.log("val/loss", loss.detach(), batch_size=count, on_epoch=True, sync_dist=True)

    def on_validation_epoch_end(self) -> None:
        """Logs the set's scores."""
        # Alike on all processes already; Lightning wants to hear how they would be joined
        self.log_dict({f"val/{name}": value for name, value in self.scores().items()}, sync_dist=True)

    def configure_optimizers(self) -> Any:
        """The configured optimizer, with the schedule stepped after each of its steps."""
        optimizer = build_optimizer(self.config["optimizer"], self.encoder, self)
        steps = int(self.trainer.estimated_stepping_batches)
        scheduler = build_schedule(self.config["schedule"], optimizer, steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds what another command needs to read the weights without guessing: plain values only.

        Raises:
            RunError: The weights come from a loss that is no number.
        """
        self._losses.check()
        checkpoint["kirie"] = {
            "run": self.config.get("run_id"),
            "labels": self.facts.labels.to_dict(),
            "model": self.model_config,
            "mean": list(self.facts.mean),
            "std": list(self.facts.std),
            "data": self.facts.fingerprint,
        }

    def _memory_format(self, image_BCHW: Tensor) -> Tensor:
        if self.config["trainer"]["channels_last"]:
            return image_BCHW.contiguous(memory_format=torch.channels_last)
        return image_BCHW


def _seed_of(*parts: int) -> int:
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> 1)
