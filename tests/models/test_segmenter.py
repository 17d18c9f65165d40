"""The segmenter: normalisation inside, limits in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from kirie.errors import ModelError
from kirie.models import Segmenter, parameters_count
from kirie.models.probe import Limits

CONFIG = {"name": "unet", "encoder": "resnet18"}


def _identity(limits: Limits | None = None) -> Segmenter:
    limits = limits or Limits(8, 16, None, 2, True)
    return Segmenter(nn.Identity(), CONFIG, 3, (0.5, 0.25, 0.0), (0.5, 0.25, 1.0), limits)


def test_normalises_by_channel() -> None:
    """The network sees (image - mean) / std, channel by channel."""
    image_BCHW = torch.rand(2, 3, 16, 16)
    expected = torch.stack(
        [(image_BCHW[:, c] - m) / s for c, (m, s) in enumerate([(0.5, 0.5), (0.25, 0.25), (0, 1)])], 1
    )
    torch.testing.assert_close(_identity()(image_BCHW), expected)


def test_statistics_travel_in_the_state() -> None:
    """mean and std are part of the state dict and are not learned."""
    model = _identity()
    assert {"mean", "std"} <= set(model.state_dict())
    assert parameters_count(model) == 0


def test_wrong_size_is_a_sentence() -> None:
    """A size that is no multiple, or too small, names what is allowed."""
    with pytest.raises(
        ModelError, match=r"unet over 'resnet18' takes .*multiples of 8 from 16 pixels up; found 20 x 16"
    ):
        _identity()(torch.rand(2, 3, 20, 16))


def test_small_batch_matters_in_training_only() -> None:
    """One picture is refused in training and fine in evaluation."""
    with pytest.raises(ModelError, match="cannot train on a batch of 1"):
        _identity().train()(torch.rand(1, 3, 16, 16))
    assert _identity().eval()(torch.rand(1, 3, 16, 16)).shape == (1, 3, 16, 16)


def test_counts_parameters(small: Callable[..., dict[str, Any]], build: Callable[..., Segmenter]) -> None:
    """The count is the sum over the parameters, buffers left out."""
    model = build(small("fcn"))
    assert parameters_count(model) == sum(p.numel() for p in model.network.parameters()) > 100_000


def test_names_are_the_configurations() -> None:
    """Architecture, encoder and limits are readable from outside."""
    model = _identity(Limits(1, 224, (224, 224), 1, False))
    assert (model.architecture, model.encoder) == ("unet", "resnet18")
    assert (model.fixed_size, model.dynamic_size, model.multiple_of, model.min_batch) == ((224, 224), False, 1, 1)
