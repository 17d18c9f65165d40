"""Counts per image and label: the rows of the per-image table.

Shapes: N images of the split, B batch, L labels, H, W picture size in pixels, K columns of `core.scores`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric

from kirie.core.scores import COLUMNS, CountTable
from kirie.errors import RunError
from kirie.tasks.metrics.boundary import boundary_tp_fp_fn
from kirie.tasks.metrics.confusion import confusion, tp_fp_fn
from kirie.tasks.metrics.small_parts import small_found_total


class PerImageCounts(Metric):
    """All columns of the per-image table, for one split.

    The state has a row for every image from the start and is summed over processes. Lists that are concatenated would
    be smaller, but torchmetrics 1.9 cannot gather them when a process has seen no image.

    Args:
        images: Names of the split's samples, N of them; `index` in `update` is the place in this list.
        labels: The labels' names, L of them.
        nothing: Whether a prediction may also be L, where a detector found nothing and no label stands for that.
    """

    is_differentiable = False
    full_state_update = False
    counts_NLK: Tensor
    seen_N: Tensor

    def __init__(self, images: Sequence[str], labels: Sequence[str], *, nothing: bool = False) -> None:
        super().__init__()
        self.images = tuple(images)
        self.labels = tuple(labels)
        self.kinds = len(self.labels) + nothing
        shape = (len(self.images), len(self.labels), len(COLUMNS))
        self.add_state("counts_NLK", torch.zeros(shape, dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("seen_N", torch.zeros(len(self.images), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, prediction_BHW: Tensor, target_BHW: Tensor, index_B: Tensor) -> None:
        """Counts a batch.

        Args:
            prediction_BHW: Predicted ids, integers.
            target_BHW: True ids, 255 where a pixel is ignored, integers.
            index_B: Place of each image in the split, int64.
        """
        n_labels = self.kinds
        # Connected parts are found on the CPU
        pairs = zip(prediction_BHW.cpu().numpy(), target_BHW.cpu().numpy(), strict=True)
        small_BL2 = np.stack([small_found_total(found, truth, n_labels) for found, truth in pairs])
        counts_BLK = torch.cat(
            [
                tp_fp_fn(confusion(prediction_BHW, target_BHW, n_labels)),
                boundary_tp_fp_fn(prediction_BHW, target_BHW, n_labels),
                torch.from_numpy(small_BL2).to(target_BHW.device),
            ],
            dim=-1,
        )
        self.counts_NLK.index_add_(0, index_B, counts_BLK[:, : len(self.labels)])
        self.seen_N.index_add_(0, index_B, torch.ones_like(index_B))

    def compute(self) -> dict[str, Tensor]:
        """How often each image was seen, (N), and its counts, (N, L, K), over all processes."""
        return {"seen_N": self.seen_N, "counts_NLK": self.counts_NLK}

    def table(self) -> CountTable:
        """The table of the whole split, in its order.

        Raises:
            RunError: An image was counted twice, or not at all.
        """
        # Not `compute`, which complains where a process has had no picture
        with self.sync_context():
            seen_N, counts_NLK = self.seen_N.cpu().numpy(), self.counts_NLK.cpu().numpy()
        for wrong, what in ((seen_N > 1, "more than once"), (seen_N == 0, "not at all")):
            if wrong.any():
                raise RunError(
                    f"{int(wrong.sum())} of {len(seen_N)} images were evaluated {what}, the first being "
                    f"'{self.images[int(wrong.argmax())]}'; scores would be false. Evaluate again, on one device."
                )
        return CountTable(self.images, self.labels, counts_NLK)
