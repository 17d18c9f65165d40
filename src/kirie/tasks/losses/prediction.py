"""What the terms of a loss share about a batch, computed once.

Shapes: B batch, L labels, H, W picture size in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from kirie.core.labels import IGNORE


@dataclass(frozen=True, slots=True)
class Prediction:
    """A network's output beside the truth.

    Attributes:
        log_p_BLHW: Log-probabilities, float32.
        target_BHW: int64 ids, 0 where the pixel is ignored.
        valid_BHW: Whether a pixel takes part.
        weight_L: The labels' weights, float32.
    """

    log_p_BLHW: Tensor
    target_BHW: Tensor
    valid_BHW: Tensor
    weight_L: Tensor

    @classmethod
    def of(cls, logits_BLHW: Tensor, target_BHW: Tensor, weight_L: Tensor) -> Prediction:
        """Builds it from logits of any floating type and a target with the ignore index."""
        valid_BHW = target_BHW != IGNORE
        return cls(
            torch.log_softmax(logits_BLHW.float(), dim=1),
            torch.where(valid_BHW, target_BHW, 0).long(),
            valid_BHW,
            weight_L,
        )

    def truth(self) -> Tensor:
        """Whether a pixel is valid and of a label, bool of shape (B, L, H, W)."""
        ids = torch.arange(self.log_p_BLHW.shape[1], device=self.target_BHW.device)
        return (self.target_BHW.unsqueeze(1) == ids.view(1, -1, 1, 1)) & self.valid_BHW.unsqueeze(1)


class Term(Protocol):
    """One term: a scalar from a prediction. Terms are modules without parameters."""

    def __call__(self, prediction: Prediction) -> Tensor:
        """The term's value, float32 and at least 0."""
        ...


def per_weight(value: Tensor, weight: Tensor) -> Tensor:
    """A sum of weighted values over the sum of their weights; 0, with a gradient of 0, where that is 0."""
    return value / torch.where(weight > 0, weight, 1.0)
