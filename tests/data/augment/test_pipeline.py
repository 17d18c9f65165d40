"""A sample's augmentation depends on its bytes, seed, epoch and index, and on nothing else."""

from __future__ import annotations

import pytest
import torch
from tests.data.augment.conftest import Pair, shipped

from kirie.data.augment import as_float, build_augmentation
from kirie.data.augment.settings import OPERATIONS

ALL = {name: {"p": 0.5} for name in OPERATIONS}


@pytest.mark.parametrize("config", [shipped("light"), shipped("strong"), ALL, ALL | {"crop": [32, 56]}])
@pytest.mark.parametrize("epoch", [0, 7])
def test_company_does_not_matter(batch: Pair, config: dict[str, object], epoch: int) -> None:
    """A sample comes out the same to the bit alone, in any order and in batches of any size."""
    augment = build_augmentation(config)
    image, target = batch
    index = torch.tensor([5, 900, 31, 7, 0, 123456])
    whole = augment(image, target, index, seed=4, epoch=epoch)
    for rows in ([0], [5], [3, 1], [5, 4, 3, 2, 1, 0], [2, 0, 4], [1, 2, 3, 4, 5]):
        part = augment(image[rows], target[rows], index[rows], seed=4, epoch=epoch)
        assert torch.equal(part[0], whole[0][rows])
        assert torch.equal(part[1], whole[1][rows])


@pytest.mark.parametrize("change", [{"seed": 5}, {"epoch": 1}])
def test_another_seed_or_epoch_is_another_picture(batch: Pair, change: dict[str, int]) -> None:
    """Seed and epoch each change what comes out; repeating a call does not, nor torch's own generator."""
    augment = build_augmentation(shipped("strong"))
    index = torch.arange(6)
    key = {"seed": 4, "epoch": 0}
    first = augment(*batch, index, **key)
    torch.rand(3)
    assert torch.equal(first[0], augment(*batch, index, **key)[0])
    assert not torch.equal(first[0], augment(*batch, index, **(key | change))[0])


def test_one_operation_does_not_shift_the_others(batch: Pair) -> None:
    """Switching noise on changes pixels but not the warp: targets stay the same."""
    warp = {"rotate": {"degrees": 30}, "scale": {"range": [0.7, 1.4]}}
    plain, noisy = (
        build_augmentation(config)(*batch, torch.arange(6), seed=0, epoch=0)
        for config in (warp, warp | {"noise": {"sigma": [0.1, 0.2]}})
    )
    assert torch.equal(plain[1], noisy[1])
    assert not torch.equal(plain[0], noisy[0])


def test_none_is_the_bare_conversion(batch: Pair) -> None:
    """`none` gives bytes / 255 channels first, contiguous, and the ids as int64."""
    image, target = build_augmentation(shipped("none"))(*batch, torch.arange(6), seed=0, epoch=0)
    assert torch.equal(image, batch[0].permute(0, 3, 1, 2).float() / 255)
    assert image.is_contiguous()
    assert image.dtype == torch.float32
    assert torch.equal(target, batch[1].long())
    assert target.dtype == torch.int64


def test_the_callers_bytes_are_left_alone(batch: Pair) -> None:
    """Augmenting does not write into the batch it was given."""
    before = [part.clone() for part in batch]
    for epoch in range(5):
        build_augmentation(ALL)(*batch, torch.arange(6), seed=0, epoch=epoch)
    assert torch.equal(batch[0], before[0])
    assert torch.equal(batch[1], before[1])


def test_half_precision_around_it_changes_nothing(batch: Pair) -> None:
    """Inside autocast the result is float32 and the same to the bit."""
    augment = build_augmentation(shipped("strong"))
    plain = augment(*batch, torch.arange(6), seed=0, epoch=0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = augment(*batch, torch.arange(6), seed=0, epoch=0)
    assert cast[0].dtype == torch.float32
    assert torch.equal(plain[0], cast[0])


def test_pixels_stay_in_range(batch: Pair) -> None:
    """Whatever is combined, pixels are finite and in [0, 1]."""
    augment = build_augmentation({name: {"p": 1.0} for name in OPERATIONS})
    for epoch in range(5):
        image = augment(*batch, torch.arange(6), seed=0, epoch=epoch)[0]
        assert torch.isfinite(image).all()
        assert 0 <= image.min() <= image.max() <= 1 + 1e-6


def test_as_float_is_division_by_255() -> None:
    """Every byte maps to itself / 255 exactly as float32 division does."""
    every = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16, 1).expand(-1, -1, -1, 3)
    assert torch.equal(as_float(every)[0, 0].flatten(), torch.arange(256) / 255)
