"""What the probe finds, against what the networks really do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from kirie.models.config import ModelConfig
from kirie.models.probe import Limits, construct, construct_on_meta, probe

Make = Callable[..., dict[str, Any]]


def test_multiple_of_is_sharp(name: str, small: Make) -> None:
    """Half of `multiple_of` fails or gives another size in the real network (U-Net's interpolation apart)."""
    config = ModelConfig.read(small(name))
    limits = probe(config)
    half = limits.multiple_of // 2
    network = construct(config, 2).eval()
    with torch.no_grad():
        try:
            size = network(torch.rand(1, 3, 9 * half, 9 * half)).shape[-2:]
        except RuntimeError:
            return
    assert size != (9 * half, 9 * half) or name in {"unet", "fcn"}


def test_meta_network_has_the_real_shapes(name: str, small: Make) -> None:
    """The network without contents has the real one's names and shapes, and no memory behind them."""
    config = ModelConfig.read(small(name))
    meta, real = construct_on_meta(config, 3).state_dict(), construct(config, 3).state_dict()
    assert {key: value.shape for key, value in meta.items()} == {key: value.shape for key, value in real.items()}
    assert all(value.is_meta for value in meta.values())


def test_known_limits() -> None:
    """Facts that smp does not state: DPT's stride, PAN's smallest picture, PSPNet's fixed grid."""
    dpt = probe(ModelConfig.read({"name": "dpt", "encoder": "tu-vit_tiny_patch16_224"}))
    assert (dpt.multiple_of, dpt.dynamic_size) == (32, True)
    pan = probe(ModelConfig.read({"name": "pan", "encoder": "resnet18"}))
    assert (pan.min_size, pan.min_batch) == (128, 2)
    pspnet = probe(ModelConfig.read({"name": "pspnet", "encoder": "resnet18"}))
    assert (pspnet.min_batch, pspnet.dynamic_size) == (1, False)


def test_smallest_batch_depends_on_the_size() -> None:
    """A U-Net at 32 px pools to one value and needs two pictures; at 64 px one is enough."""
    at_32 = probe(ModelConfig.read({"name": "unet", "encoder": "resnet18", "image_size": 32}))
    at_64 = probe(ModelConfig.read({"name": "unet", "encoder": "resnet18", "image_size": 64}))
    assert (at_32.min_batch, at_64.min_batch) == (2, 1)


@pytest.mark.parametrize(("size", "fits"), [((64, 96), True), ((32, 64), False), ((64, 70), False), ((0, 64), False)])
def test_refusal(size: tuple[int, int], fits: bool) -> None:
    """Sizes are refused by multiple and by minimum."""
    assert (Limits(32, 64, None, 1, True).refusal(*size) is None) == fits
