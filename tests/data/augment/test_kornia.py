"""What Kornia does with masks (why it does not get ours), and that our sampling is Kornia's otherwise."""

from __future__ import annotations

from typing import Any

import kornia
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from kirie.data.augment.draws import Draws
from kirie.data.augment.geometry import grid_of, homographies, sample
from kirie.data.augment.settings import read_settings

K = kornia.augmentation

FILLING: list[Any] = [
    K.RandomAffine(30.0, p=1.0),
    K.RandomPerspective(0.5, p=1.0),
    K.RandomRotation(30.0, p=1.0),
    K.RandomShear(20.0, p=1.0),
    K.RandomTranslate((0.3, 0.3), p=1.0),
    K.RandomElasticTransform(alpha=(60.0, 60.0), p=1.0),
    K.RandomCrop((80, 80), pad_if_needed=True, p=1.0),
    K.RandomErasing(p=1.0),
]
_BENDS = torch.tensor([-0.3, 0.3])
REFUSING: list[Any] = [
    K.RandomThinPlateSpline(p=1.0),
    K.RandomFisheye(_BENDS, _BENDS, torch.tensor([0.9, 1.0]), p=1.0),
]


def _name(operation: Any) -> str:
    return type(operation).__name__


def _masks(operation: Any) -> torch.Tensor:
    torch.manual_seed(0)
    both = K.AugmentationSequential(operation, data_keys=["input", "mask"])
    mask: torch.Tensor = both(torch.rand(1, 3, 64, 64), torch.full((1, 1, 64, 64), 7.0))[1]
    return mask


# Kornia's elastic warp leaves align_corners to torch's default for masks
@pytest.mark.filterwarnings("ignore:Default grid_sample and affine_grid behavior has changed:UserWarning")
@pytest.mark.parametrize("operation", FILLING, ids=_name)
def test_kornia_fills_masks_with_class_zero(operation: Any) -> None:
    """These of Kornia's operations put 0, a class, where nothing was: a mask must not be handed to them."""
    assert set(_masks(operation).flatten().tolist()) == {0.0, 7.0}


@pytest.mark.parametrize("operation", REFUSING, ids=_name)
def test_kornia_refuses_masks(operation: Any) -> None:
    """These of Kornia's warps take no mask at all."""
    with pytest.raises(NotImplementedError):
        _masks(operation)


def _kornia_warp(image: torch.Tensor, maps: np.ndarray, size: tuple[int, int], mode: str) -> torch.Tensor:
    """Kornia wants the way from picture to result, and counts places from the middle of the first pixel."""
    shift = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    forward = np.linalg.inv(np.linalg.inv(shift) @ maps @ shift)
    found: torch.Tensor = kornia.geometry.warp_perspective(
        image, torch.from_numpy(forward).float(), size, mode=mode, padding_mode="zeros", align_corners=True
    )
    return found


@settings(max_examples=25, deadline=None)
@given(epoch=st.integers(0, 10**6), crop=st.sampled_from([None, (40, 72), (90, 50)]))
def test_composed_maps_warp_as_kornia_does(epoch: int, crop: tuple[int, int] | None) -> None:
    """Inside the picture, one composed homography gives what Kornia's `warp_perspective` gives with its inverse."""
    config = read_settings(
        {
            "crop": crop,
            "scale": {"range": [0.6, 1.6], "stretch": 1.3},
            "rotate": {"degrees": 30},
            "shear": {"degrees": 10},
            "translate": {"fraction": 0.1},
            "perspective": {"strength": 0.3},
        }
    )
    source, size = (64, 56), crop or (64, 56)
    generator = torch.Generator().manual_seed(epoch)
    coarse = torch.rand((3, 3, 6, 6), generator=generator)
    image = nn.functional.interpolate(coarse, size=source, mode="bilinear")
    labels = torch.randint(1, 5, (3, 8, 8), generator=generator).repeat_interleave(8, 1).repeat_interleave(7, 2)
    maps = homographies(config, Draws(0, epoch, np.arange(3)), source, size)
    grid = grid_of(maps, source, size, torch.device("cpu"))
    ours, target = sample(image, labels.byte(), grid, "zeros")

    theirs = _kornia_warp(image, maps, size, "bilinear")
    torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=0)
    nearest = _kornia_warp(labels[:, None].float(), maps, size, "nearest")[:, 0]
    inside = (grid.abs() < 1 - 2 / 56).all(dim=-1)
    assert (nearest[inside] == target[inside]).float().mean() > 0.998
    assert (nearest[target == 255] == 0).float().mean() > 0.998
