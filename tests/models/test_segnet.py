"""SegNet's unpooling against torch's own, and its network over VGG and other encoders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from kirie.models import Segmenter
from kirie.models.segnet import SegNet, places_of_maxima, unpool

Build = Callable[..., Segmenter]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 5), st.integers(1, 5), st.booleans())
def test_equals_max_unpool(seed: int, high: int, wide: int, ties: bool) -> None:
    """Unpooling at the places of maxima is nn.MaxUnpool2d on nn.MaxPool2d's indices, bit for bit, ties included."""
    draw = torch.Generator().manual_seed(seed)
    fine_BCHW = torch.randn(2, 3, 2 * high, 2 * wide, generator=draw)
    if ties:
        # As after a ReLU: whole windows of equal values
        fine_BCHW = (fine_BCHW * 2).round().clamp_min(0)
    pooled_BCHW, indices = nn.MaxPool2d(2, return_indices=True)(fine_BCHW)
    values_BCHW = torch.randn(pooled_BCHW.shape, generator=draw)
    expected = nn.MaxUnpool2d(2)(values_BCHW, indices)
    assert torch.equal(unpool(values_BCHW, places_of_maxima(fine_BCHW)), expected)


def test_gradient_equals_max_unpool() -> None:
    """The gradient of a value is that of its one place."""
    fine_BCHW = torch.rand(1, 2, 6, 4)
    _, indices = nn.MaxPool2d(2, return_indices=True)(fine_BCHW)
    weights = torch.rand(1, 2, 6, 4)
    values = torch.rand(1, 2, 3, 2).requires_grad_()
    (found,) = torch.autograd.grad((unpool(values, places_of_maxima(fine_BCHW)) * weights).sum(), values)
    (expected,) = torch.autograd.grad((nn.MaxUnpool2d(2)(values, indices) * weights).sum(), values)
    assert torch.equal(found, expected)


def test_one_place_for_all_channels() -> None:
    """A single channel of places serves all channels of values."""
    places = places_of_maxima(torch.rand(2, 1, 4, 4))
    found = unpool(torch.ones(2, 5, 2, 2), places)
    assert torch.equal(found, found[:, :1].expand(-1, 5, -1, -1))
    assert found.sum() == 2 * 5 * 4


def test_over_vgg_it_is_the_papers_network() -> None:
    """Over VGG16 the decoder mirrors the thirteen convolutions, and its places are those of the encoder's pooling."""
    network = SegNet("vgg16_bn", None, 7, (3, 3, 3, 2, 2), 32)
    widths = [conv.out_channels for step in network.decoder for conv in step.modules() if isinstance(conv, nn.Conv2d)]
    assert widths == [512, 512, 512, 512, 512, 256, 256, 256, 128, 128, 64, 64, 64]
    assert isinstance(network.bridge, nn.Identity)
    network.eval()
    image_BCHW = torch.rand(1, 3, 32, 32)
    features = network.encoder(image_BCHW)
    pools = [module for module in network.encoder.modules() if isinstance(module, nn.MaxPool2d)]
    assert len(pools) == 5
    pooled, indices = nn.MaxPool2d(2, return_indices=True)(features[0])
    expected = nn.MaxUnpool2d(2)(pooled, indices)
    assert torch.equal(unpool(pooled, places_of_maxima(features[0])), expected)


@pytest.mark.parametrize("encoder", ["resnet18", "tu-convnext_atto", "mit_b0"])
def test_works_over_encoders_without_fine_maps(encoder: str, build: Build) -> None:
    """Where an encoder lacks a map at full or half size, the picture's brightness gives the places."""
    config: dict[str, Any] = {
        "name": "segnet",
        "encoder": encoder,
        "options": {"convs": [1, 1, 1, 1, 1], "narrowest": 8},
    }
    model = build(config).train()
    image_BCHW = torch.rand(2, 3, 64, 64)
    model(image_BCHW).mean().backward()
    reached = [p.grad for p in model.network.get_submodule("encoder").parameters() if p.grad is not None]
    assert any(gradient.abs().sum() > 0 for gradient in reached)
