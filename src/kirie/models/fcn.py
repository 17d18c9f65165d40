"""torchvision's FCN over any encoder: one head on the coarsest map, enlarged to the picture.

The head is torchvision's own (`FCNHead`); torchvision offers it over two ResNets, this file over every encoder that smp
and timm have. As in torchvision the encoder keeps its last stages at a finer stride by dilation (`output_stride` 8 or
16); encoders that cannot dilate run at 32. There is no auxiliary head.

Source: Long, Shelhamer, Darrell, "Fully Convolutional Networks for Semantic Segmentation", CVPR 2015.

Shape suffixes: B batch, C channels, H height, W width, L labels.
"""

from __future__ import annotations

from typing import Any

from segmentation_models_pytorch.encoders import get_encoder
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.segmentation.fcn import FCNHead


class FCN(nn.Module):
    """An encoder and torchvision's FCN head.

    Args:
        encoder_name: smp's or timm's name.
        encoder_weights: As smp takes them; None for random ones.
        classes: Labels.
        output_stride: 8, 16 or 32: how much smaller the coarsest map is than the picture.
        encoder_arguments: More for the encoder's construction.
    """

    def __init__(
        self,
        encoder_name: str,
        encoder_weights: str | bool | None,
        classes: int,
        output_stride: int,
        **encoder_arguments: Any,
    ) -> None:
        super().__init__()
        self.encoder = get_encoder(
            encoder_name, weights=encoder_weights, output_stride=output_stride, **encoder_arguments
        )
        self.segmentation_head = FCNHead(self.encoder.out_channels[-1], classes)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        """Normalised image to logits (B, L, H, W) at its size."""
        logits_BLHW = self.segmentation_head(self.encoder(image_BCHW)[-1])
        return functional.interpolate(logits_BLHW, size=image_BCHW.shape[-2:], mode="bilinear", align_corners=False)
