"""U-Net's three ways of upsampling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from kirie.models import Segmenter
from kirie.models.unet_upsampling import UpConvBlock

Make = Callable[..., dict[str, Any]]
Build = Callable[..., Segmenter]


@pytest.mark.parametrize("upsampling", ["nearest", "bilinear", "transposed"])
@pytest.mark.parametrize("attention", ["none", "scse"])
def test_every_choice_trains(upsampling: str, attention: str, small: Make, build: Build) -> None:
    """Each choice gives logits at input size and gradients in the decoder."""
    options = {"channels": [32, 16, 16, 16, 16], "upsampling": upsampling, "attention": attention}
    model = build(small("unet", options=options)).train()
    logits_BLHW = model(torch.rand(2, 3, 64, 96))
    assert logits_BLHW.shape == (2, 3, 64, 96)
    logits_BLHW.square().mean().backward()
    assert all(p.grad is not None for p in model.network.get_submodule("decoder").parameters())


def test_choices_differ(small: Make, build: Build) -> None:
    """Nearest and bilinear share weights but not logits; only transposed learns its upsampling."""
    models = {
        kind: build(small("unet", options={"channels": [32, 16, 16, 8, 8], "upsampling": kind})).eval()
        for kind in ("nearest", "bilinear", "transposed")
    }
    models["bilinear"].load_state_dict(models["nearest"].state_dict())
    image_BCHW = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert not torch.allclose(models["nearest"](image_BCHW), models["bilinear"](image_BCHW))
    learned = {k: sum(isinstance(m, nn.ConvTranspose2d) for m in model.modules()) for k, model in models.items()}
    assert learned == {"nearest": 0, "bilinear": 0, "transposed": 5}


def test_block_joins_the_skip() -> None:
    """A block doubles the size, joins a map of that size, and gives the channels it was asked for."""
    block = UpConvBlock(8, 4, 6, "batchnorm", None)
    assert block(torch.rand(2, 8, 3, 5), torch.rand(2, 4, 6, 10)).shape == (2, 6, 6, 10)
    alone = UpConvBlock(8, 0, 6, "batchnorm", None)
    assert alone(torch.rand(2, 8, 3, 5), None).shape == (2, 6, 6, 10)


@pytest.mark.parametrize("encoder", ["mit_b0", "tu-convnext_atto"])
def test_transposed_over_other_pyramids(encoder: str, build: Build) -> None:
    """Encoders without a map at half size, or with one at full size, work too."""
    config = {
        "name": "unet",
        "encoder": encoder,
        "options": {"channels": [16, 16, 8, 8, 8], "upsampling": "transposed"},
    }
    assert build(config).eval()(torch.rand(1, 3, 64, 64)).shape == (1, 3, 64, 64)
