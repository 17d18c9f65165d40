"""The confusion matrix by one count, and the set's scores from it.

Shapes: B batch, L labels, H, W picture size in pixels, K columns of `core.scores`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from kirie.core.labels import IGNORE
from kirie.core.scores import COLUMNS, scores


def confusion(prediction_BHW: Tensor, target_BHW: Tensor, n_labels: int) -> Tensor:
    """Pixels by image, true label and predicted label.

    Args:
        prediction_BHW: Predicted ids below `n_labels`, integers.
        target_BHW: True ids below `n_labels`, or 255 where a pixel is ignored, integers.
        n_labels: L.

    Returns:
        int64 counts of shape (B, L, L): rows are the truth, columns the prediction.
    """
    batch, cells = len(target_BHW), n_labels * n_labels
    pair_BHW = target_BHW.long() * n_labels + prediction_BHW
    # Ignored pixels get a cell of their own: picking the others out would copy them, and make the device wait
    pair_BHW = torch.where(target_BHW == IGNORE, cells, pair_BHW)
    first_B11 = torch.arange(batch, device=target_BHW.device).view(-1, 1, 1) * (cells + 1)
    counts = torch.bincount((pair_BHW + first_B11).flatten(), minlength=batch * (cells + 1))
    return counts.view(batch, cells + 1)[:, :cells].reshape(batch, n_labels, n_labels)


def tp_fp_fn(confusion_XLL: Tensor) -> Tensor:
    """True positives, false positives and false negatives by label: (..., L, L) -> (..., L, 3)."""
    tp_XL = confusion_XLL.diagonal(dim1=-2, dim2=-1)
    return torch.stack([tp_XL, confusion_XLL.sum(-2) - tp_XL, confusion_XLL.sum(-1) - tp_XL], dim=-1)


class SegmentationCounts(Metric):
    """The confusion matrix of a set, added up over batches and processes.

    Args:
        labels: The labels' names, L of them.
        nothing: Whether a prediction may also be L, where a detector found nothing and no label stands for that.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    confusion_LL: Tensor

    def __init__(self, labels: Sequence[str], *, nothing: bool = False) -> None:
        super().__init__()
        self.labels = tuple(labels)
        self.kinds = len(self.labels) + nothing
        self.add_state("confusion_LL", torch.zeros(self.kinds, self.kinds, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, prediction_BHW: Tensor, target_BHW: Tensor) -> None:
        """Counts a batch of ids; 255 in the target is ignored."""
        self.confusion_LL += confusion(prediction_BHW, target_BHW, self.kinds).sum(0)

    def compute(self) -> dict[str, Any]:
        """The scores of the set as `core.scores.scores` gives them, without boundaries and small parts."""
        counts_LK = torch.zeros(len(self.labels), len(COLUMNS), dtype=torch.int64)
        counts_LK[:, :3] = tp_fp_fn(self.confusion_LL)[: len(self.labels)].cpu()
        return scores(counts_LK.numpy(), self.labels)
