"""SegNet: the decoder puts each value back where the encoder's 2x2 max pooling had found it.

Written here because neither smp nor torchvision has it. Over smp's VGG encoders it is the paper's network (`vgg16_bn`
with `convs: [3, 3, 3, 2, 2]`): those encoders pool by 2x2 maxima, and the places are the pooled ones. Over any other
encoder the places are those that a 2x2 max pooling of the encoder's own map would choose; where an encoder has no map
of that size (a ResNet has none at full size, a transformer none at half), the brightness of the picture decides. It
keeps edges with few weights, and needs nothing but the places from the fine maps; in return their values are lost.

Unpooling is written without indices into memory (torch.onnx has no operator for MaxUnpool2d): the four places of a
window are compared with the place of its maximum. It equals nn.MaxUnpool2d(2) on the indices of nn.MaxPool2d(2).

Source: Badrinarayanan, Kendall, Cipolla, "SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image
Segmentation", IEEE TPAMI 39(12), 2017.

Shape suffixes: B batch, C channels, H height, W width, L labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from segmentation_models_pytorch.base.initialization import initialize_decoder, initialize_head
from segmentation_models_pytorch.encoders import get_encoder
from torch import Tensor, nn
from torch.nn import functional


def places_of_maxima(fine_BCHW: Tensor) -> Tensor:
    """Where each 2x2 window has its first maximum: (B, C, H/2, W/2), 0 to 3 in reading order.

    Args:
        fine_BCHW: A map of even height and width.
    """
    return torch.stack(
        [fine_BCHW[..., y::2, x::2] for y in (0, 1) for x in (0, 1)],
        dim=-1,
    ).argmax(dim=-1)


def unpool(coarse_BCHW: Tensor, places_BCHW: Tensor) -> Tensor:
    """Doubles height and width: each value goes to its place in a 2x2 window, the other three are 0.

    Args:
        coarse_BCHW: The values.
        places_BCHW: 0 to 3 in reading order, of the same shape, or with one channel for all.
    """
    rows = [
        torch.stack(
            [torch.where(places_BCHW == 2 * y + x, coarse_BCHW, 0.0) for x in (0, 1)],
            dim=-1,
        ).flatten(-2)
        for y in (0, 1)
    ]
    return torch.stack(rows, dim=-2).flatten(-3, -2)


class SegNet(nn.Module):
    """An encoder, and a decoder that mirrors it by max-unpooling.

    Args:
        encoder_name: smp's or timm's name.
        encoder_weights: As smp takes them; None for random ones.
        classes: Labels.
        convs: 3x3 convolutions of each decoder step, coarsest first; the paper's are 3, 3, 3, 2, 2.
        narrowest: The fewest channels of a decoder step whose encoder has no map of that size.
        encoder_arguments: More for the encoder's construction.
    """

    def __init__(
        self,
        encoder_name: str,
        encoder_weights: str | bool | None,
        classes: int,
        convs: Sequence[int],
        narrowest: int,
        **encoder_arguments: Any,
    ) -> None:
        super().__init__()
        self.encoder = get_encoder(encoder_name, weights=encoder_weights, depth=len(convs), **encoder_arguments)
        channels = list(self.encoder.out_channels)
        # The picture itself stands first where the encoder has no map at full size
        self.guides = [width > 3 for width in channels[:-1]]
        widths = [width if own else narrowest for width, own in zip(channels[:-1], self.guides, strict=True)]
        coarse_first = [channels[-1], *widths[::-1]]
        self.bridge = self._bridge(channels[-1], widths[-1])
        steps = []
        for at, count in enumerate(convs):
            into = coarse_first[at + 1]
            out = coarse_first[min(at + 2, len(convs))]
            steps.append(_step(into, out, count))
        self.decoder = nn.ModuleList(steps)
        self.segmentation_head = nn.Conv2d(coarse_first[-1], classes, kernel_size=3, padding=1)
        initialize_decoder(self.decoder)
        initialize_head(self.segmentation_head)

    @staticmethod
    def _bridge(coarsest: int, wanted: int) -> nn.Module:
        """The paper's coarsest map has as many channels as the map its places come from; others are fitted to it."""
        return nn.Identity() if coarsest == wanted else _conv(coarsest, wanted, kernel=1)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        """Normalised image to logits (B, L, H, W) at its size."""
        features = self.encoder(image_BCHW)
        level_BCHW = self.bridge(features[-1])
        for at, step in enumerate(self.decoder):
            level = len(self.decoder) - 1 - at
            guide_BCHW = features[level] if self.guides[level] else _brightness(image_BCHW, 2**level)
            level_BCHW = step(unpool(level_BCHW, places_of_maxima(guide_BCHW.detach())))
        logits_BLHW: Tensor = self.segmentation_head(level_BCHW)
        return logits_BLHW


def _brightness(image_BCHW: Tensor, stride: int) -> Tensor:
    grey_B1HW = image_BCHW.mean(dim=1, keepdim=True)
    return grey_B1HW if stride == 1 else functional.avg_pool2d(grey_B1HW, stride)


def _conv(into: int, out: int, kernel: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(into, out, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)
    )


def _step(into: int, out: int, count: int) -> nn.Sequential:
    """`count` convolutions; the last one changes to the channels of the next finer map."""
    return nn.Sequential(*(_conv(into, into) for _ in range(count - 1)), _conv(into, out))
