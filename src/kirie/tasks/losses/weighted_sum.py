"""The loss as training uses it: a weighted sum of terms.

Shapes: B batch, L labels, H, W picture size in pixels.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from kirie.tasks.losses.prediction import Prediction


class WeightedSum(nn.Module):
    """A weighted sum of terms over one shared prediction.

    Args:
        terms: Modules from a Prediction to a scalar, by name.
        weights: The factor of each term, by the same names.
        class_weights: One weight per label, L of them.
    """

    class_weight_L: Tensor

    def __init__(self, terms: Mapping[str, nn.Module], weights: Mapping[str, float], class_weights: Tensor) -> None:
        super().__init__()
        self.parts = nn.ModuleDict(terms)
        self.weights = dict(weights)
        # Not saved: they follow from the configuration and the store, and checkpoints stay loadable when they change
        self.register_buffer("class_weight_L", class_weights.float(), persistent=False)

    def forward(self, logits_BLHW: Tensor, target_BHW: Tensor) -> Tensor:
        """The loss, a float32 scalar.

        Args:
            logits_BLHW: A network's output of any floating type.
            target_BHW: Label ids, integers, 255 where a pixel is ignored.
        """
        return self.total(self.terms(logits_BLHW, target_BHW))

    def terms(self, logits_BLHW: Tensor, target_BHW: Tensor) -> dict[str, Tensor]:
        """The terms by name, each before its weight, for a log; `total` makes the loss of them."""
        with torch.autocast(logits_BLHW.device.type, enabled=False):
            prediction = Prediction.of(logits_BLHW, target_BHW, self.class_weight_L)
            return {name: term(prediction) for name, term in self.parts.items()}

    def total(self, terms: Mapping[str, Tensor]) -> Tensor:
        """The loss of what `terms` found, without computing it again."""
        return torch.stack([self.weights[name] * value for name, value in terms.items()]).sum()
