"""What the rest of kirie sees of a model that finds instances: pictures in [0, 1] to losses, or to detections.

Normalisation is inside, as in Segmenter, and so is padding to the sides that the network takes; nothing is resized,
because the store has brought pictures to their size. Labels go in and come out as ids of the label set: that the
network counts things from 1 and keeps 0 for none is nobody else's matter.

Shape suffixes: B batch, C channels, H height, W width, N detections, M side of a small mask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from kirie.core.detections import Detections
from kirie.errors import ModelError
from kirie.models.model import Model
from kirie.models.probe import PADDED_TO, Limits

LOSSES = {
    "loss_objectness": "objectness",
    "loss_rpn_box_reg": "rpn_box",
    "loss_classifier": "class",
    "loss_box_reg": "box",
    "loss_mask": "mask",
}
"""torchvision's names of the losses and ours, in the order of the option `loss_weights`."""


class Found(NamedTuple):
    """core.detections.Detections as tensors, wherever they lie.

    Attributes:
        boxes_N4: float32 x0, y0, x1, y1 in pixels.
        labels_N: uint8 label ids.
        scores_N: float32, falling.
        masks_NMM: float32 probabilities inside each box.
    """

    boxes_N4: Tensor
    labels_N: Tensor
    scores_N: Tensor
    masks_NMM: Tensor

    def to_numpy(self) -> Detections:
        """The same in host memory; waits for the device."""
        return Detections(*(tensor.detach().cpu().numpy() for tensor in self))


class Detector(Model):
    """A network that finds instances; see Model for the other arguments.

    Args:
        network: A DetectorNetwork.
        things: Ids of the labels that have instances, ascending.
    """

    label_of_class: Tensor
    class_of_label: Tensor

    def __init__(
        self,
        network: nn.Module,
        config: Mapping[str, Any],
        n_labels: int,
        things: Sequence[int],
        mean: Sequence[float],
        std: Sequence[float],
        limits: Limits,
        origin: str = "random",
    ) -> None:
        super().__init__(network, config, n_labels, mean, std, limits, origin)
        self.things = tuple(things)
        # Not in checkpoints: they follow from the label set
        self.register_buffer("label_of_class", torch.tensor([0, *things], dtype=torch.uint8), persistent=False)
        classes = torch.zeros(256, dtype=torch.int64)
        classes[list(things)] = torch.arange(1, len(things) + 1)
        self.register_buffer("class_of_label", classes, persistent=False)

    @property
    def options(self) -> Mapping[str, Any]:
        """Every option of the model."""
        found: Mapping[str, Any] = self.config["options"]
        return found

    def forward(
        self, image_BCHW: Tensor, targets: Sequence[Mapping[str, Tensor]] | None = None
    ) -> dict[str, Tensor] | list[Found]:
        """Losses in training, and what was found else; see `losses` and `find`.

        One entry for both, because distributed training and compiling go through `forward`.

        Raises:
            ModelError: The size cannot be taken, or the batch is too small to train.
        """
        height, width = image_BCHW.shape[-2:]
        # Zeros after normalising, as torchvision pads
        padded_BCHW = functional.pad(self.normalised(image_BCHW), (0, -width % PADDED_TO, 0, -height % PADDED_TO))
        if self.training:
            if targets is None:
                raise ModelError(f"{self.architecture} is in training and got no targets; call eval() to find things.")
            classes = [{**target, "labels": self.class_of_label[target["labels"]]} for target in targets]
            _, losses = self.network(padded_BCHW, (height, width), classes)
            weights = dict(zip(LOSSES.values(), self.options["loss_weights"], strict=True))
            return {LOSSES[name]: weights[LOSSES[name]] * loss for name, loss in losses.items()}
        found, _ = self.network(padded_BCHW, (height, width))
        # Half precision may have come out
        return [
            Found(
                each["boxes"].float(),
                self.label_of_class[each["labels"]],
                each["scores"].float(),
                each["masks"][:, 0].float(),
            )
            for each in found
        ]

    def losses(self, image_BCHW: Tensor, targets: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """The weighted losses of a batch: `objectness`, `rpn_box`, `class`, `box`, `mask`.

        Args:
            image_BCHW: RGB in [0, 1].
            targets: Per picture `boxes` float32 (N, 4), `labels` int64 (N,) label ids of things, `masks` (N, H, W),
                `ignored` bool (H, W); a picture may have no instance.
        """
        found = self(image_BCHW, targets)
        assert isinstance(found, dict)  # in training
        return found

    def find(self, image_BCHW: Tensor) -> list[Found]:
        """What is in pictures (B, 3, H, W), RGB in [0, 1], one for each, best score first; in eval mode."""
        found = self(image_BCHW)
        assert isinstance(found, list)  # in evaluation
        return found

    def pyramid(self, image_BCHW: Tensor) -> list[Tensor]:
        """The levels of the feature pyramid, finest first."""
        network: Any = self.network
        return list(network.pyramid(image_BCHW).values())

    def compile(self, *arguments: Any, **more: Any) -> None:
        """torch.compile for encoder and pyramid; what follows has another number of boxes in every picture."""
        network: Any = self.network
        network.encoder.compile(*arguments, **more)
        network.fpn.compile(*arguments, **more)
