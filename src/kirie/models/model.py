"""What all models have in common: a network with its normalisation inside, where it comes from, and what it can take.

Normalisation is inside, from buffers that every checkpoint carries, so that nobody else can get it wrong.

Shape suffixes: B batch, C channels, H height, W width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from kirie.errors import ModelError
from kirie.models.probe import Limits


class Model(nn.Module):
    """A network with its normalisation and what it can take; see Segmenter and Detector.

    Args:
        network: The network, for normalised pictures.
        config: The configuration it was built from: `name`, `encoder`, `weights`, `image_size`, `options`.
        n_labels: Labels of the label set.
        mean: Of red, green and blue in [0, 1].
        std: Likewise.
        limits: What the network takes.
        origin: Where its weights come from, in words.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        network: nn.Module,
        config: Mapping[str, Any],
        n_labels: int,
        mean: Sequence[float],
        std: Sequence[float],
        limits: Limits,
        origin: str = "random",
    ) -> None:
        super().__init__()
        self.network = network
        self.config = dict(config)
        self.n_labels = n_labels
        self.limits = limits
        self.origin = origin
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(1, 3, 1, 1))

    @property
    def architecture(self) -> str:
        """The architecture's name, as in `conf/model/`."""
        return str(self.config["name"])

    @property
    def encoder(self) -> str:
        """The encoder's name."""
        return str(self.config["encoder"])

    @property
    def multiple_of(self) -> int:
        """Heights and widths must be multiples of this."""
        return self.limits.multiple_of

    @property
    def fixed_size(self) -> tuple[int, int] | None:
        """The only height and width it takes, or None."""
        return self.limits.fixed_size

    @property
    def dynamic_size(self) -> bool:
        """Whether an exported graph may take other sizes than the one it was exported at."""
        return self.limits.dynamic_size

    @property
    def min_batch(self) -> int:
        """The smallest batch that trains."""
        return self.limits.min_batch

    def normalised(self, image_BCHW: Tensor) -> Tensor:
        """Pictures (B, 3, H, W), RGB in [0, 1], as the network wants them.

        Raises:
            ModelError: The size cannot be taken, or the batch is too small to train.
        """
        if not torch.compiler.is_compiling():
            self._check(image_BCHW)
        return (image_BCHW - self.mean) / self.std

    def _check(self, image_BCHW: Tensor) -> None:
        batch, _, height, width = image_BCHW.shape
        if (refusal := self.limits.refusal(height, width)) is not None:
            raise ModelError(f"{self.architecture} over '{self.encoder}' {refusal}.")
        if self.training and batch < self.limits.min_batch:
            raise ModelError(
                f"{self.architecture} over '{self.encoder}' cannot train on a batch of {batch}: its batch "
                f"normalisation needs at least {self.limits.min_batch} pictures. Raise the batch size."
            )


def parameters_count(model: nn.Module) -> int:
    """How many numbers a model learns or could learn; buffers are not counted."""
    return sum(parameter.numel() for parameter in model.parameters())
