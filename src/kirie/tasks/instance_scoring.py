"""Scoring a detector on a split, image by image; see tasks.scoring.

Shapes: B batch, C channels, H, W pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from kirie.core.detections import paint
from kirie.core.labels import LabelSet
from kirie.core.scores import CountTable
from kirie.models import Detector
from kirie.prepare.store import Split
from kirie.tasks.metrics import PerImageCounts


def score_instances(
    model: Detector,
    split: Split,
    labels: LabelSet,
    *,
    batch_size: int,
    device: torch.device,
    rank: int = 0,
    world: int = 1,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[CountTable, dict[str, Any]]:
    """The per-image table, and the scores that it does not hold; see score_split for the arguments."""
    model = model.to(device).eval()
    counts = PerImageCounts(split.names, labels.names).to(device)
    with torch.inference_mode():
        for start in range(rank * batch_size, len(split), world * batch_size):
            indices = list(range(start, min(start + batch_size, len(split))))
            images, targets = split.read(indices)
            found = model.find(torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float() / 255)
            score, (height, width) = float(model.options["paint_score"]), targets.shape[1:]
            painted = [paint(each.to_numpy(), height, width, labels.unlabelled, score)[0] for each in found]
            target_BHW = torch.from_numpy(targets).to(device)
            prediction_BHW = torch.from_numpy(np.stack(painted)).to(device)
            counts.update(prediction_BHW, target_BHW, torch.tensor(indices, device=device))
            advance(len(indices))
    return counts.table(), {}
