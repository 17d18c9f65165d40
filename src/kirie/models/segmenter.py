"""The kind of model that labels pixels: pictures in [0, 1] to logits at their size.

Shape suffixes: B batch, C channels, H height, W width, L labels.
"""

from __future__ import annotations

from torch import Tensor

from kirie.models.model import Model


class Segmenter(Model):
    """A network from normalised picture to logits of the same height and width; see Model for the arguments."""

    def forward(self, image_BCHW: Tensor) -> Tensor:
        """Logits (B, L, H, W) of pictures (B, 3, H, W), RGB in [0, 1].

        Raises:
            ModelError: The size cannot be taken, or the batch is too small to train.
        """
        logits_BLHW: Tensor = self.network(self.normalised(image_BCHW))
        return logits_BLHW
