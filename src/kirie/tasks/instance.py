"""The instance task: a mask, a label and a score for every thing.

A batch's `target` is the instance map (0 none, 255 ignored) and `things` int64 (B, 254, 2) says what its ids are: label
id (-1 for none) and whether it is a crowd. In evaluation `semantic` uint8 (B, H, W) is the semantic target beside it.

There is no validation loss: torchvision's heads give losses or detections, not both, and the losses of a random sample
of proposals say less than mAP.

Shapes: B batch, C channels, H, W pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from kirie.core import scores as core_scores
from kirie.core.detections import paint
from kirie.models import Detector
from kirie.tasks.base import Batch, DataFacts, Task
from kirie.tasks.metrics.instances import InstanceScores
from kirie.tasks.targets import targets_of


class InstanceTask(Task):
    """Trains a Detector; see Task for the arguments and errors."""

    model: Detector

    def __init__(self, config: Mapping[str, Any], facts: DataFacts, augmentation: nn.Module, plain: nn.Module) -> None:
        super().__init__(config, facts, augmentation, plain)
        options = self.model.options
        self.min_area, self.paint_score = int(options["min_area"]), float(options["paint_score"])
        labels = facts.labels
        self.found = InstanceScores(labels.names, labels.things, labels.unlabelled, self.paint_score)

    def forward(self, image_BCHW: Tensor) -> Any:
        """What is found in pictures, RGB in [0, 1]."""
        return self.model.find(image_BCHW)

    def losses(self, image_BCHW: Tensor, target_BHW: Tensor, batch: Batch) -> dict[str, Tensor]:
        """The detector's own losses, by name."""
        return self.model.losses(image_BCHW, targets_of(target_BHW, batch["things"], self.min_area))

    def validate(self, image_BCHW: Tensor, target_BHW: Tensor, batch: Batch) -> None:
        """Adds what was found in a batch."""
        found = [each.to_numpy() for each in self.model.find(image_BCHW)]
        self.found.update(found, batch["target"], batch["things"], batch["semantic"], batch["index"])

    def scores(self) -> dict[str, float]:
        """Flat scores of the set, see core.scores."""
        found = self.found.compute()
        self.found.reset()
        return core_scores.flat(found)

    def painted(self, image_BCHW: Tensor) -> NDArray[np.uint8]:
        """The label of the thing on top at every pixel."""
        (height, width), background = image_BCHW.shape[-2:], self.facts.labels.unlabelled
        found = [each.to_numpy() for each in self.model.find(image_BCHW)]
        return np.stack([paint(each, height, width, background, self.paint_score)[0] for each in found])
