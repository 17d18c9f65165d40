"""The semantic task: one label for every pixel.

Shapes: B batch, C channels, H, W pixels, L labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from kirie.core import scores as core_scores
from kirie.models import build_model, freeze_unreached
from kirie.tasks.base import DataFacts, Task
from kirie.tasks.losses import build_loss
from kirie.tasks.metrics import SegmentationCounts


class SemanticTask(Task):
    """Trains a Segmenter; see Task for the arguments.

    Raises:
        ConfigError: A group of the configuration is wrong.
        ModelError: The model cannot be built or its weights cannot be had.
    """

    def __init__(self, config: Mapping[str, Any], facts: DataFacts, augmentation: nn.Module, plain: nn.Module) -> None:
        super().__init__(config, facts, augmentation, plain)
        self.model = build_model(config["model"], len(facts.labels), facts.mean, facts.std)
        if (size := config["model"].get("image_size")) is not None:
            freeze_unreached(self.model, *size)
        if config["trainer"]["channels_last"]:
            self.model = self.model.to(memory_format=torch.channels_last)
        self.loss = build_loss(config["loss"], facts.pixel_counts)
        self.counts = SegmentationCounts(facts.labels.names)

    @property
    def model_config(self) -> dict[str, Any]:
        """The model's own account of itself."""
        return dict(self.model.config)

    @property
    def encoder(self) -> nn.Module | None:
        """The network's encoder, if its architecture has one apart."""
        found = getattr(self.model.network, "encoder", None)
        return found if isinstance(found, nn.Module) else None

    def on_train_epoch_start(self) -> None:
        """Freezes batch-norm statistics where the configuration asks for it."""
        if self.config["train"]["freeze_batch_norm"] and self.encoder is not None:
            for module in self.encoder.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()

    def forward(self, image_BCHW: Tensor) -> Tensor:
        """Logits of shape (B, L, H, W) for RGB in [0, 1]."""
        logits_BLHW: Tensor = self.model(image_BCHW)
        return logits_BLHW

    def loss_and_output(self, image_BCHW: Tensor, target_BHW: Tensor) -> tuple[Tensor, Tensor]:
        """The loss and the logits."""
        logits_BLHW = self(image_BCHW)
        return self.loss(logits_BLHW, target_BHW), logits_BLHW

    def count(self, output: Tensor, target_BHW: Tensor) -> None:
        """Adds a batch's confusion counts."""
        self.counts.update(output.argmax(dim=1), target_BHW)

    def scores(self) -> dict[str, float]:
        """Flat scores of the set, see core.scores."""
        found = self.counts.compute()
        self.counts.reset()
        return core_scores.flat(found)
