"""Scoring a model on a split, image by image: the same counting for every command that gives a score.

Shapes: B batch, C channels, H, W pixels, L labels.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from kirie.core.labels import LabelSet
from kirie.core.scores import CountTable
from kirie.models import Segmenter
from kirie.prepare.store import Split
from kirie.tasks.metrics import PerImageCounts


def score_split(
    model: Segmenter,
    split: Split,
    labels: LabelSet,
    *,
    batch_size: int,
    device: torch.device,
    rank: int = 0,
    world: int = 1,
    advance: Callable[[int], None] = lambda _: None,
) -> CountTable:
    """Counts every image of a split once, in float32.

    Args:
        model: A model in eval mode.
        split: The split of a store.
        labels: The label set of both.
        batch_size: Images at a time.
        device: Where to compute.
        rank: Number of this process, which scores every `world`-th batch.
        world: How many processes share the split; all call this, and all get the whole table.
        advance: Called with the number of images done.

    Returns:
        The per-image table, in the split's order.
    """
    model = model.to(device).eval()
    counts = PerImageCounts(split.names, labels.names).to(device)
    with torch.inference_mode():
        for start in range(rank * batch_size, len(split), world * batch_size):
            indices = list(range(start, min(start + batch_size, len(split))))
            images, targets = split.read(indices)
            image_BCHW = torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float() / 255
            target_BHW = torch.from_numpy(targets).to(device)
            counts.update(model(image_BCHW).argmax(dim=1), target_BHW, torch.tensor(indices, device=device))
            advance(len(indices))
    return counts.table()
