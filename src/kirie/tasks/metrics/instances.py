"""Scores of a detector by the label map that is painted from what it found.

Shapes: B batch, I instance ids, L labels, H, W picture size in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric

from kirie.core.detections import Detections, paint
from kirie.tasks.metrics.confusion import SegmentationCounts


class InstanceScores(Metric):
    """Counts a set of pictures; see SegmentationCounts."""

    full_state_update = False

    def __init__(self, names: Sequence[str], things: Sequence[int], background: int, paint_score: float) -> None:
        super().__init__()
        self.painted = SegmentationCounts(names)
        self.things, self.background, self.paint_score = tuple(things), background, paint_score

    def update(
        self,
        detections: Sequence[Detections],
        ids_BHW: Tensor,
        things_BI2: Tensor,
        semantic_BHW: Tensor,
        index_B: Tensor,
    ) -> None:
        """Counts a batch."""
        height, width = semantic_BHW.shape[1:]
        painted = [paint(found, height, width, self.background, self.paint_score)[0] for found in detections]
        self.painted.update(torch.from_numpy(np.stack(painted)).to(semantic_BHW.device), semantic_BHW)

    def compute(self) -> dict[str, Any]:
        """The scores of the set."""
        return self.painted.compute()

    def reset(self) -> None:
        """Forgets all pictures."""
        super().reset()
        self.painted.reset()
