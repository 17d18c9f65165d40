"""The semantic task: one label for every pixel.

Shapes: B batch, C channels, H, W pixels, L labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kirie.core import scores as core_scores
from kirie.tasks.base import Batch, DataFacts, Task
from kirie.tasks.losses import build_loss
from kirie.tasks.metrics import SegmentationCounts


class SemanticTask(Task):
    """Trains a Segmenter; see Task for the arguments and errors."""

    def __init__(self, config: Mapping[str, Any], facts: DataFacts, augmentation: nn.Module, plain: nn.Module) -> None:
        super().__init__(config, facts, augmentation, plain)
        self.loss = build_loss(config["loss"], facts.pixel_counts)
        self.counts = SegmentationCounts(facts.labels.names)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        """Logits of shape (B, L, H, W) for RGB in [0, 1]."""
        logits_BLHW: Tensor = self.model(image_BCHW)
        return logits_BLHW

    def loss_and_output(self, image_BCHW: Tensor, target_BHW: Tensor) -> tuple[Tensor, Tensor]:
        """The loss and the logits."""
        logits_BLHW = self(image_BCHW)
        return self.loss(logits_BLHW, target_BHW), logits_BLHW

    def losses(self, image_BCHW: Tensor, target_BHW: Tensor, batch: Batch) -> dict[str, Tensor]:
        """The one loss."""
        return {"loss": self.loss_and_output(image_BCHW, target_BHW)[0]}

    def validate(self, image_BCHW: Tensor, target_BHW: Tensor, batch: Batch) -> Tensor:
        """Adds a batch's confusion counts."""
        loss, logits_BLHW = self.loss_and_output(image_BCHW, target_BHW)
        self.counts.update(logits_BLHW.argmax(dim=1), target_BHW)
        return loss

    def scores(self) -> dict[str, float]:
        """Flat scores of the set, see core.scores."""
        found = self.counts.compute()
        self.counts.reset()
        return core_scores.flat(found)

    def painted(self, image_BCHW: Tensor) -> NDArray[np.uint8]:
        """The likeliest label of every pixel."""
        found: NDArray[np.uint8] = self(image_BCHW).argmax(dim=1).to(torch.uint8).cpu().numpy()
        return found
