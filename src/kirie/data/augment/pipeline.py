"""The augmentation of a batch, on the device it lies on: bytes in, pixels and ids out.

Order: flips (on bytes), one warp, gamma and colour, blur, noise, JPEG, rectangles. What is drawn and which samples it
concerns is decided on the host, so that nothing waits for the device, and work is done for the chosen samples only.

Shapes: B samples, H, W height and width, C = 3 channels (RGB).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from kirie.data.augment import colour, geometry, quality
from kirie.data.augment.draws import Draws
from kirie.data.augment.settings import Settings, read_settings


def as_float(image_BHWC: torch.Tensor) -> torch.Tensor:
    """Bytes (B, H, W, C) as float32 (B, C, H, W) in [0, 1]; all that evaluation does to a picture."""
    return image_BHWC.permute(0, 3, 1, 2).contiguous().div(255.0)


def build_augmentation(config: Mapping[str, Any]) -> Augmentation:
    """Builds an augmentation from a configuration (conf/augment/*.yaml).

    Raises:
        ConfigError: An operation or parameter is unknown, or a value is out of its range.
    """
    return Augmentation(read_settings(config))


class Augmentation(nn.Module):
    """Changes samples at random, each by itself: a function of its bytes and of (seed, epoch, index)."""

    def __init__(self, settings: Settings) -> None:
        """Takes checked settings."""
        super().__init__()
        self._settings = settings
        self._off = settings == Settings(fill=settings.fill)

    def forward(
        self, image_BHWC: torch.Tensor, target_BHW: torch.Tensor, index_B: torch.Tensor, *, seed: int, epoch: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Augments a batch.

        Args:
            image_BHWC: uint8, RGB.
            target_BHW: uint8 ids, 255 ignored.
            index_B: int64 positions in the split, in host memory (on the device, reading them would wait for it).
            seed: The run's seed.
            epoch: The epoch.

        Returns:
            float32 images (B, C, H, W) in [0, 1] and int64 targets (B, H, W), at the crop's size if there is one.
        """
        if self._off:
            return as_float(image_BHWC), target_BHW.long()
        # Half precision has too few digits for coordinates, and a training step may ask for it
        with torch.no_grad(), torch.autocast(image_BHWC.device.type, enabled=False):
            draws = Draws(seed, epoch, index_B.cpu().numpy())
            mean_B3 = colour.mean_colour(image_BHWC)
            image_BHWC, target_BHW = geometry.mirror(self._settings, draws, image_BHWC, target_BHW)
            image_BCHW, target_BHW = self._warp(draws, as_float(image_BHWC), target_BHW)
            image_BCHW = self._recolour(draws, image_BCHW, mean_B3)
            image_BCHW = self._degrade(draws, image_BCHW)
            image_BCHW, target_BHW = self._cover(draws, image_BCHW, target_BHW, mean_B3)
        return image_BCHW, target_BHW.long()

    def _warp(
        self, draws: Draws, image_BCHW: torch.Tensor, target_BHW: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        device = image_BCHW.device
        source = (image_BCHW.shape[2], image_BCHW.shape[3])
        size = self._settings.crop or source
        maps_B33 = geometry.homographies(self._settings, draws, source, size)
        points_B2KK, bent_B = geometry.bendings(self._settings, draws, source)
        moved_B = (maps_B33 != np.eye(3)).any(axis=(1, 2)) | bent_B | (size != source)
        at = np.flatnonzero(moved_B)
        if not len(at):
            return image_BCHW, target_BHW
        grid = geometry.grid_of(maps_B33[at], source, size, device)
        bent = np.flatnonzero(bent_B[at])
        grid = _change(grid, bent, lambda part: geometry.bend(part, points_B2KK[at][bent], source))
        if len(at) == len(moved_B):
            return geometry.sample(image_BCHW, target_BHW, grid, self._settings.fill)
        rows = _rows(at, device)
        # The image is this class's own by now; the target may still be the caller's
        warped = geometry.sample(
            image_BCHW.index_select(0, rows), target_BHW.index_select(0, rows), grid, self._settings.fill
        )
        return image_BCHW.index_copy_(0, rows, warped[0]), target_BHW.index_copy(0, rows, warped[1])

    def _recolour(self, draws: Draws, image_BCHW: torch.Tensor, mean_B3: torch.Tensor) -> torch.Tensor:
        device = image_BCHW.device
        gamma_B = colour.gammas(self._settings, draws)
        at = np.flatnonzero(gamma_B != 1)
        exponent = _floats(gamma_B[at], device).reshape(-1, 1, 1, 1)
        image_BCHW = _change(image_BCHW, at, lambda part: part.pow(exponent))

        matrix_B33, share_B = colour.matrices(self._settings, draws)
        at = np.flatnonzero((matrix_B33 != np.eye(3)).any(axis=(1, 2)) | (share_B != 0))
        if not len(at):
            return image_BCHW
        luma = [float(weight) for weight in colour.LUMA]
        red, green, blue = mean_B3.index_select(0, _rows(at, device)).unbind(dim=1)
        shift = _floats(share_B[at], device) * (red * luma[0] + green * luma[1] + blue * luma[2])
        matrix = _floats(matrix_B33[at], device)
        return _change(image_BCHW, at, lambda part: colour.recolour(part, matrix, shift))

    def _degrade(self, draws: Draws, image_BCHW: torch.Tensor) -> torch.Tensor:
        device, settings = image_BCHW.device, self._settings
        if (blur := settings.blur) is not None:
            at = np.flatnonzero(draws.chosen("blur", blur.p))
            sigma = _floats(quality.between(draws, "blur", blur.sigma)[at], device)
            image_BCHW = _change(image_BCHW, at, lambda part: quality.blur(part, sigma, blur.sigma[1]))
        if (noise := settings.noise) is not None:
            at = np.flatnonzero(draws.chosen("noise", noise.p))
            level = _floats(quality.between(draws, "noise", noise.sigma)[at], device)
            keys = _keys(draws, "noise", at, device)
            image_BCHW = _change(image_BCHW, at, lambda part: quality.add_noise(part, level, keys))
        if (jpeg := settings.jpeg) is not None:
            at = np.flatnonzero(draws.chosen("jpeg", jpeg.p))
            strength = _floats(quality.between(draws, "jpeg", jpeg.quality)[at], device)
            image_BCHW = _change(image_BCHW, at, lambda part: quality.jpeg(part, strength))
        return image_BCHW

    def _cover(
        self, draws: Draws, image_BCHW: torch.Tensor, target_BHW: torch.Tensor, mean_B3: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        cutout = self._settings.cutout
        if cutout is None or not len(at := np.flatnonzero(draws.chosen("cutout", cutout.p))):
            return image_BCHW, target_BHW
        device, size = image_BCHW.device, (image_BCHW.shape[2], image_BCHW.shape[3])
        rows = _rows(at, device)
        if cutout.fill == "noise":
            fill = quality.grain(_keys(draws, "cutout", at, device), size)
        else:
            fill = mean_B3.index_select(0, rows)[:, :, None, None]
        under = quality.covered(_floats(quality.rectangles(cutout, draws, size)[at], device), size)
        image, target = quality.cover(
            image_BCHW.index_select(0, rows), target_BHW.index_select(0, rows), under, fill, cutout.target
        )
        return image_BCHW.index_copy_(0, rows, image), target_BHW.index_copy(0, rows, target)


def _change(whole: torch.Tensor, at: NDArray[np.intp], change: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """Replaces some rows by what becomes of them, in place."""
    if not len(at):
        return whole
    if len(at) == len(whole):
        return change(whole)
    rows = _rows(at, whole.device)
    return whole.index_copy_(0, rows, change(whole.index_select(0, rows)))


def _rows(at: NDArray[np.intp], device: torch.device) -> torch.Tensor:
    return torch.from_numpy(at.astype(np.int64)).to(device, non_blocking=True)


def _floats(values: NDArray[np.float64], device: torch.device) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32)).to(device, non_blocking=True)


def _keys(draws: Draws, name: str, at: NDArray[np.intp], device: torch.device) -> torch.Tensor:
    return torch.from_numpy(draws.keys(name)[at]).to(device, non_blocking=True)
