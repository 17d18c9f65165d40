"""U-Net's decoder with learned upsampling: each step doubles by a transposed convolution, as in the paper.

smp's decoder only interpolates. Interpolation (`nearest`, `bilinear`) has nothing to learn and leaves no checkerboard;
the transposed convolution learns how to fill in detail at the price of a few more weights. Its kernel is as wide as its
stride (2), so that no output pixel is written twice.

Source: Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", MICCAI 2015.

Shape suffixes: B batch, C channels, H height, W width.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from segmentation_models_pytorch.base import modules
from segmentation_models_pytorch.base.initialization import initialize_decoder
from torch import Tensor, nn


class UpConvBlock(nn.Module):
    """Transposed convolution, joined by the encoder's map of that size, then two 3x3 convolutions.

    Args:
        in_channels: Channels from the coarser step.
        skip_channels: Channels of the encoder's map; 0 where it has none at that size.
        out_channels: Channels that leave the block.
        norm: smp's name of a normalisation.
        attention: None, or `scse`.
    """

    def __init__(
        self, in_channels: int, skip_channels: int, out_channels: int, norm: str, attention: str | None
    ) -> None:
        super().__init__()
        joined = out_channels + skip_channels
        self.up = nn.ConvTranspose2d(in_channels, out_channels, kernel_size=2, stride=2)
        self.attention_in = modules.Attention(attention if skip_channels else None, in_channels=joined)
        self.convs = nn.Sequential(
            modules.Conv2dReLU(joined, out_channels, kernel_size=3, padding=1, use_norm=norm),
            modules.Conv2dReLU(out_channels, out_channels, kernel_size=3, padding=1, use_norm=norm),
        )
        self.attention_out = modules.Attention(attention, in_channels=out_channels)

    def forward(self, coarse_BCHW: Tensor, skip_BCHW: Tensor | None) -> Tensor:
        """Doubles the height and width of `coarse_BCHW`; `skip_BCHW` already has the doubled size."""
        fine_BCHW = self.up(coarse_BCHW)
        if skip_BCHW is not None:
            fine_BCHW = self.attention_in(torch.cat([fine_BCHW, skip_BCHW], dim=1))
        found: Tensor = self.attention_out(self.convs(fine_BCHW))
        return found


class UpConvDecoder(nn.Module):
    """U-Net's decoder over an encoder's pyramid, by transposed convolutions.

    Args:
        encoder_channels: Channels of the encoder's maps, from the input itself to the coarsest.
        decoder_channels: Channels of each step, coarsest first; one step per halving of the encoder.
        norm: smp's name of a normalisation.
        attention: None, or `scse`.
    """

    def __init__(
        self, encoder_channels: Sequence[int], decoder_channels: Sequence[int], norm: str, attention: str | None
    ) -> None:
        super().__init__()
        coarse_first = list(encoder_channels[1:])[::-1]
        arriving = [coarse_first[0], *decoder_channels[:-1]]
        skips = [*coarse_first[1:], 0]
        self.blocks = nn.ModuleList(
            UpConvBlock(into, skip, out, norm, attention)
            for into, skip, out in zip(arriving, skips, decoder_channels, strict=True)
        )
        initialize_decoder(self)

    def forward(self, features: list[Tensor]) -> Tensor:
        """From the encoder's maps, the input itself first, to a map at input size."""
        head_BCHW, *skips = features[:0:-1]
        for at, block in enumerate(self.blocks):
            head_BCHW = block(head_BCHW, skips[at] if at < len(skips) else None)
        return head_BCHW
