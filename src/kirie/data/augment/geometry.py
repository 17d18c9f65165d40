"""Where each pixel of an augmented sample comes from: one homography a sample, one bending, one sampling.

All warps are composed before anything is sampled, so that an image is interpolated once, and image and target look at
the same places. Outside the picture, the target is the ignore index and the image goes on by reflection (or as the
settings say).

Kornia's own augmentations are not used here, for what its 0.9.0 does with masks: affine, perspective, rotation,
shear, translation, padded crop and elastic warps fill them with 0, which is a class; thin-plate splines and fisheye
refuse them (NotImplementedError); and their draws come from a global generator. tests/data/augment/test_kornia.py
holds these facts and compares the sampling with `kornia.geometry.warp_perspective`.

Shapes: B samples, H, W height and width of the result, C channels, K cells of the bending.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from kirie.core.labels import IGNORE
from kirie.data.augment.draws import Draws, Floats
from kirie.data.augment.settings import Settings

Size = tuple[int, int]

_MARGIN = 0.1
"""The middle of a crop stays this share of the picture away from its edges, so that no crop is all outside."""


def mirror(
    settings: Settings, draws: Draws, image_BHWC: torch.Tensor, target_BHW: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Flips by copying pixels: exact, and on bytes."""
    for name, flip, axis in (
        ("horizontal_flip", settings.horizontal_flip, 2),
        ("vertical_flip", settings.vertical_flip, 1),
    ):
        if flip is not None and (chosen_B := draws.chosen(name, flip.p)).any():
            on_B = torch.from_numpy(chosen_B).to(image_BHWC.device, non_blocking=True)
            image_BHWC = torch.where(on_B[:, None, None, None], image_BHWC.flip(axis), image_BHWC)
            target_BHW = torch.where(on_B[:, None, None], target_BHW.flip(axis), target_BHW)
    return image_BHWC, target_BHW


def homographies(settings: Settings, draws: Draws, source: Size, size: Size) -> Floats:
    """Draws the maps from a place in the result to its place in the picture.

    Places are (x, y, 1) in pixels, where pixel i covers [i, i + 1]; the last row's last entry is 1 at the middle.

    Args:
        settings: What to draw.
        draws: The batch's draws.
        source: Height and width of the picture.
        size: Height and width of the result.

    Returns:
        float64, shape (B, 3, 3).
    """
    turn_B = _signed(draws, "rotate", settings.rotate.p, settings.rotate.degrees) if settings.rotate else 0.0
    slant_B = _signed(draws, "shear", settings.shear.p, settings.shear.degrees) if settings.shear else 0.0
    zoom_B2 = _zoom(settings, draws)
    tilt_B2 = np.zeros((len(draws), 2))
    if settings.perspective is not None:
        # Their sum bounds the change of depth, which is largest in a corner
        tilt_B2 = (draws.uniform("perspective", 2) - 0.5) * settings.perspective.strength
        tilt_B2 *= draws.chosen("perspective", settings.perspective.p)[:, None]

    half = np.array([size[1] / 2, size[0] / 2])
    from_middle_B33 = _identities(len(draws))
    from_middle_B33[:, :2, 2] = -half
    tilt_B33 = _identities(len(draws))
    tilt_B33[:, 2, :2] = tilt_B2 / half
    turn_B33 = _identities(len(draws))
    cos_B, sin_B = np.cos(np.radians(turn_B)), np.sin(np.radians(turn_B))
    turn_B33[:, 0, 0], turn_B33[:, 0, 1], turn_B33[:, 1, 0], turn_B33[:, 1, 1] = cos_B, -sin_B, sin_B, cos_B
    zoom_B33 = _identities(len(draws))
    zoom_B33[:, 0, 0], zoom_B33[:, 1, 1] = 1 / zoom_B2[:, 0], 1 / zoom_B2[:, 1]
    zoom_B33[:, 0, 1] = np.tan(np.radians(slant_B)) / zoom_B2[:, 0]
    to_place_B33 = _identities(len(draws))
    to_place_B33[:, :2, 2] = _middles(settings, draws, source, size)
    return to_place_B33 @ zoom_B33 @ turn_B33 @ tilt_B33 @ from_middle_B33


def bendings(settings: Settings, draws: Draws, source: Size) -> tuple[Floats, NDArray[np.bool_]]:
    """Draws the displacements of control points: float64 (B, 2, K + 1, K + 1) as x, y in pixels, and who gets one."""
    elastic = settings.elastic
    if elastic is None:
        return np.zeros((len(draws), 2, 2, 2)), np.zeros(len(draws), dtype=np.bool_)
    points = elastic.cells + 1
    drawn = draws.uniform("elastic", 2 * points * points).reshape(-1, 2, points, points)
    return (2 * drawn - 1) * elastic.amplitude * min(source), draws.chosen("elastic", elastic.p)


def grid_of(maps_B33: Floats, source: Size, size: Size, device: torch.device) -> torch.Tensor:
    """The places that homographies name for each pixel of the result, as `grid_sample` wants them.

    Products are written out instead of being left to a matrix product, whose rounding depends on the device's
    settings (TF32) and on the size of the batch.

    Returns:
        float32, shape (B, H, W, 2): x, y; the picture spans [-1, 1] (align_corners=False).
    """
    unit = _to_unit(source) @ maps_B33 @ np.linalg.inv(_to_unit(size))
    m = torch.from_numpy((unit / unit[:, 2:, 2:]).astype(np.float32)).to(device, non_blocking=True)
    m = m.reshape(-1, 9, 1, 1)
    height, width = size
    x_W = ((torch.arange(width, device=device) * 2 + 1) / width - 1).reshape(1, 1, width)
    y_H1 = ((torch.arange(height, device=device) * 2 + 1) / height - 1).reshape(1, height, 1)
    depth_BHW = m[:, 6] * x_W + (m[:, 7] * y_H1 + m[:, 8])
    grid_BHW2 = torch.empty((len(m), height, width, 2), device=device)
    for axis in (0, 1):
        a, b, c = m[:, 3 * axis], m[:, 3 * axis + 1], m[:, 3 * axis + 2]
        torch.div(a * x_W + (b * y_H1 + c), depth_BHW, out=grid_BHW2[..., axis])
    return grid_BHW2


def bend(grid_BHW2: torch.Tensor, points_B2KK: Floats, source: Size) -> torch.Tensor:
    """Adds displacements, interpolated between their control points by bicubic convolution."""
    unit = points_B2KK * (2 / np.array([source[1], source[0]])).reshape(1, 2, 1, 1)
    shift = torch.from_numpy(unit.astype(np.float32)).to(grid_BHW2.device, non_blocking=True)
    shift_B2HW = functional.interpolate(shift, size=grid_BHW2.shape[1:3], mode="bicubic", align_corners=True)
    return grid_BHW2 + shift_B2HW.permute(0, 2, 3, 1)


def sample(
    image_BCHW: torch.Tensor, target_BHW: torch.Tensor, grid_BHW2: torch.Tensor, fill: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Looks image (bilinear) and target (nearest) up at the same places.

    `grid_sample` gives 0 outside the picture; ids are therefore counted down from the ignore index while they are
    sampled, so that this 0 is the ignore index.

    Args:
        image_BCHW: float32.
        target_BHW: uint8 ids.
        grid_BHW2: Places, see `grid_of`.
        fill: How the image goes on outside.

    Returns:
        float32 (B, C, H, W) and uint8 (B, H, W) at the size of the grid.
    """
    warped_BCHW = functional.grid_sample(image_BCHW, grid_BHW2, mode="bilinear", padding_mode=fill, align_corners=False)
    below_B1HW = (IGNORE - target_BHW)[:, None].float()
    found_B1HW = functional.grid_sample(
        below_B1HW, grid_BHW2, mode="nearest", padding_mode="zeros", align_corners=False
    )
    return warped_BCHW, IGNORE - found_B1HW[:, 0].to(torch.uint8)


def _zoom(settings: Settings, draws: Draws) -> Floats:
    """Enlargement along x and y, shape (B, 2)."""
    if settings.scale is None:
        return np.ones((len(draws), 2))
    low, high = map(math.log, settings.scale.range)
    drawn_B2 = draws.uniform("scale", 2)
    zoom_B = np.exp(low + (high - low) * drawn_B2[:, 0])
    # Half of the stretch goes to each axis, so that the area stays
    stretch_B = np.exp((drawn_B2[:, 1] - 0.5) * math.log(settings.scale.stretch))
    zoom_B2 = np.stack([zoom_B * stretch_B, zoom_B / stretch_B], axis=1)
    return np.where(draws.chosen("scale", settings.scale.p)[:, None], zoom_B2, 1.0)


def _middles(settings: Settings, draws: Draws, source: Size, size: Size) -> Floats:
    """The place in the picture that the middle of the result shows, (x, y) of shape (B, 2)."""
    whole, part = np.array([source[1], source[0]]), np.array([size[1], size[0]])
    # A window of whole pixels, anywhere in the picture, or around it if it is larger
    slack = whole - part
    at_B2 = np.floor(draws.uniform("crop", 2) * (np.abs(slack) + 1)) * np.sign(slack) + part / 2
    if settings.translate is not None:
        drawn_B2 = (2 * draws.uniform("translate", 2) - 1) * settings.translate.fraction * whole
        at_B2 += drawn_B2 * draws.chosen("translate", settings.translate.p)[:, None]
    middle_B2: Floats = np.clip(at_B2, whole * _MARGIN, whole * (1 - _MARGIN))
    return middle_B2


def _signed(draws: Draws, name: str, p: float, most: float) -> Floats:
    """Uniform in [-most, most) for the samples chosen, else 0, shape (B,)."""
    return (2 * draws.uniform(name, 1)[:, 0] - 1) * most * draws.chosen(name, p)


def _identities(count: int) -> Floats:
    return np.tile(np.eye(3), (count, 1, 1))


def _to_unit(size: Size) -> Floats:
    """From pixels to the square [-1, 1]."""
    height, width = size
    return np.array([[2 / width, 0, -1], [0, 2 / height, -1], [0, 0, 1]], dtype=np.float64)
