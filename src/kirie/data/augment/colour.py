"""Colour changes as one matrix a sample, applied in one pass, and gamma.

Brightness, contrast about the mean grey, and saturation are Kornia's `adjust_brightness_accumulative`,
`adjust_contrast_with_mean_subtraction` and `adjust_saturation_with_gray_subtraction`; each is linear, so that they
compose into one 3 x 3 matrix and a shift, and values are cut to [0, 1] once and not after each (tests compare them).
Hue turns colours around the grey axis at constant luma (P. Haeberli: Matrix Operations for Image Processing, 1993),
linear too, where Kornia goes through HSV. Together they cost a tenth of Kornia's calls in a row
(benchmarks/augment.py).

Shapes: B samples, C = 3 channels (RGB), H, W height and width.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from kirie.data.augment.draws import Draws, Floats
from kirie.data.augment.settings import Factor, Settings

LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in grey (ITU-R BT.601)."""

_TO_YIQ = np.array([LUMA, [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
# Chroma rows that sum to 0 exactly, so that turning hue leaves grey alone
_TO_YIQ[1:] -= _TO_YIQ[1:].mean(axis=1, keepdims=True)

_SPARSE = 4


def mean_colour(image_BHWC: torch.Tensor) -> torch.Tensor:
    """Mean RGB in [0, 1] over every fourth row and column, float32 (B, C).

    Bytes are summed as whole numbers, so that the result is the same to the bit in any batch and on any device.
    """
    part = image_BHWC[:, ::_SPARSE, ::_SPARSE]
    count = part.shape[1] * part.shape[2]
    return part.sum(dim=(1, 2), dtype=torch.int64).float() / (255.0 * count)


def matrices(settings: Settings, draws: Draws) -> tuple[Floats, Floats]:
    """Draws the samples' colour changes, in the order brightness, contrast, saturation, hue.

    Returns:
        Matrices (B, 3, 3) and the share (B,) of the sample's mean grey that is added to every channel.
    """
    bright_B = _factor(draws, "brightness", settings.brightness)
    contrast_B = _factor(draws, "contrast", settings.contrast)
    saturation_B = _factor(draws, "saturation", settings.saturation)
    turn_B = np.zeros(len(draws))
    if settings.hue is not None:
        turn_B = np.radians((2 * draws.uniform("hue", 1)[:, 0] - 1) * settings.hue.degrees)
        turn_B *= draws.chosen("hue", settings.hue.p)
    s = saturation_B[:, None, None]
    saturate_B33 = s * np.eye(3) + (1 - s) * np.tile(LUMA, (3, 1))
    matrix_B33 = hue_matrix(turn_B) @ saturate_B33 * (bright_B * contrast_B)[:, None, None]
    # Grey passes through saturation and hue unchanged, so the shift needs neither
    return matrix_B33, bright_B * (1 - contrast_B)


def hue_matrix(radians_B: Floats) -> Floats:
    """Matrices (B, 3, 3) that turn chroma by an angle and leave luma and greys alone."""
    turn_B33 = np.tile(np.eye(3), (len(radians_B), 1, 1))
    cos_B, sin_B = np.cos(radians_B), np.sin(radians_B)
    turn_B33[:, 1, 1], turn_B33[:, 1, 2], turn_B33[:, 2, 1], turn_B33[:, 2, 2] = cos_B, -sin_B, sin_B, cos_B
    return np.where((radians_B == 0)[:, None, None], np.eye(3), np.linalg.inv(_TO_YIQ) @ turn_B33 @ _TO_YIQ)


def recolour(image_BCHW: torch.Tensor, matrix_B33: torch.Tensor, shift_B: torch.Tensor) -> torch.Tensor:
    """Applies colour matrices and cuts to [0, 1]; products are written out, as in `geometry.grid_of`."""
    m = matrix_B33[..., None, None]
    red, green, blue = (image_BCHW[:, at : at + 1] for at in range(3))
    out_BCHW = torch.addcmul(shift_B.reshape(-1, 1, 1, 1), m[:, :, 0], red)
    return out_BCHW.addcmul_(m[:, :, 1], green).addcmul_(m[:, :, 2], blue).clamp_(0, 1)


def gammas(settings: Settings, draws: Draws) -> Floats:
    """Draws exponents, shape (B,); 1 for samples that are not chosen."""
    if settings.gamma is None:
        return np.ones(len(draws))
    low, high = map(math.log, settings.gamma.range)
    drawn_B = np.exp(low + (high - low) * draws.uniform("gamma", 1)[:, 0])
    return np.where(draws.chosen("gamma", settings.gamma.p), drawn_B, 1.0)


def _factor(draws: Draws, name: str, factor: Factor | None) -> Floats:
    if factor is None:
        return np.ones(len(draws))
    low, high = factor.range
    drawn_B = low + (high - low) * draws.uniform(name, 1)[:, 0]
    return np.where(draws.chosen(name, factor.p), drawn_B, 1.0)
