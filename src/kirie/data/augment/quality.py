"""What cameras, scanners and files do to pixels: blur, noise, JPEG; and rectangles that cover them.

Each function changes all samples it is given; the pipeline hands over only those that are chosen.

Shapes: B samples, C = 3 channels (RGB), H, W height and width, N rectangles.
"""

from __future__ import annotations

import math

import kornia
import numpy as np
import torch

from kirie.core.labels import IGNORE
from kirie.data.augment.draws import Draws, Floats, normal_field
from kirie.data.augment.ranges import Interval
from kirie.data.augment.settings import Cutout


def between(draws: Draws, name: str, ends: Interval) -> Floats:
    """Uniform numbers of an interval, shape (B,)."""
    return ends[0] + (ends[1] - ends[0]) * draws.uniform(name, 1)[:, 0]


def blur(image_BCHW: torch.Tensor, sigma_B: torch.Tensor, most: float) -> torch.Tensor:
    """Gaussian blur.

    Args:
        image_BCHW: float32.
        sigma_B: Standard deviations in pixels.
        most: The largest that may be drawn. It decides the kernel's size: were it the largest in the batch, a sample
            would depend on its company.
    """
    side = 2 * math.ceil(3 * most) + 1
    blurred: torch.Tensor = kornia.filters.gaussian_blur2d(
        image_BCHW, (side, side), sigma_B[:, None].expand(-1, 2).contiguous(), border_type="replicate"
    )
    return blurred


def add_noise(image_BCHW: torch.Tensor, sigma_B: torch.Tensor, keys_B2: torch.Tensor) -> torch.Tensor:
    """Adds normal noise and cuts to [0, 1]."""
    noise_BCHW = normal_field(keys_B2, image_BCHW[0].numel()).reshape(image_BCHW.shape)
    return torch.addcmul(image_BCHW, noise_BCHW, sigma_B.reshape(-1, 1, 1, 1)).clamp_(0, 1)


def jpeg(image_BCHW: torch.Tensor, quality_B: torch.Tensor) -> torch.Tensor:
    """What is left after JPEG compression (Kornia's differentiable codec, C. Reich et al. 2024).

    Samples are coded one by one: inside are matrix products, and their rounding changes with the size of the batch.
    """
    coded = [
        kornia.enhance.jpeg_codec_differentiable(image_BCHW[at : at + 1], quality_B[at : at + 1])
        for at in range(len(image_BCHW))
    ]
    return torch.cat(coded).clamp_(0, 1)


def rectangles(cutout: Cutout, draws: Draws, size: tuple[int, int]) -> Floats:
    """Draws rectangles: middle x, middle y, width and height in pixels, shape (B, N, 4); sides differ up to twofold."""
    drawn_BN4 = draws.uniform("cutout", 4 * cutout.boxes).reshape(-1, cutout.boxes, 4)
    at_x, at_y, area, shape = np.moveaxis(drawn_BN4, 2, 0)
    low, high = cutout.area
    area = (low + (high - low) * area) * size[0] * size[1]
    ratio = 2.0 ** (2 * shape - 1)
    return np.stack([at_x * size[1], at_y * size[0], np.sqrt(area * ratio), np.sqrt(area / ratio)], axis=2)


def covered(boxes_BN4: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Pixels whose middle lies in a rectangle, bool (B, H, W)."""
    height, width = size
    x_W = torch.arange(width, device=boxes_BN4.device) + 0.5
    y_H = torch.arange(height, device=boxes_BN4.device) + 0.5
    x, y, wide, high = (boxes_BN4[..., at : at + 1] for at in range(4))
    in_x_BNW, in_y_BNH = (x_W - x).abs() < wide / 2, (y_H - y).abs() < high / 2
    return (in_y_BNH[..., :, None] & in_x_BNW[..., None, :]).any(dim=1)


def cover(
    image_BCHW: torch.Tensor, target_BHW: torch.Tensor, covered_BHW: torch.Tensor, fill_BCHW: torch.Tensor, target: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Puts the fill over covered pixels; with `target` = "ignore" their target becomes the ignore index."""
    image_BCHW = torch.where(covered_BHW[:, None], fill_BCHW, image_BCHW)
    return image_BCHW, target_BHW.masked_fill(covered_BHW, IGNORE) if target == "ignore" else target_BHW


def grain(keys_B2: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Coloured noise to fill rectangles with, float32 (B, 3, H, W) in [0, 1]."""
    height, width = size
    return normal_field(keys_B2, 3 * height * width).reshape(-1, 3, height, width).mul_(0.25).add_(0.5).clamp_(0, 1)
