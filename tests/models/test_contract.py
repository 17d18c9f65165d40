"""One contract over every file of conf/model: what training, export and prediction rely on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from kirie.core import task
from kirie.core.task import is_detector
from kirie.errors import ModelError
from kirie.models import Segmenter, build_model, check_pair
from kirie.models.architectures import ARCHITECTURES
from kirie.models.detectors import DETECTORS, MODELS

Make = Callable[..., dict[str, Any]]
Build = Callable[..., Segmenter]


def _side(model: Segmenter) -> int:
    return max(64, model.limits.min_size)


def test_every_architecture_is_shipped(shipped: Make) -> None:
    """conf/model holds one file per architecture, under its name."""
    for name in MODELS:
        assert shipped(name)["name"] == name


def test_shipped_configuration_trains_a_step(name: str, shipped: Make, build: Build) -> None:
    """Each file as it is runs forward and backward on two pictures, and gradients reach the encoder."""
    model = build(shipped(name), n_labels=7).train()
    side = _side(model)
    logits_BLHW = model(torch.rand(2, 3, side, side))
    assert logits_BLHW.shape == (2, 7, side, side)
    logits_BLHW.square().mean().backward()
    gradients = [p.grad for p in model.network.get_submodule("encoder").parameters() if p.grad is not None]
    assert sum(bool(gradient.abs().sum() > 0) for gradient in gradients) > 10
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_detectors_are_named_alike() -> None:
    """The names that are known without torch are those of the table."""
    assert tuple(DETECTORS) == task.DETECTORS
    assert [name for name in MODELS if is_detector(name)] == list(DETECTORS)
    assert all(MODELS[name].detector == is_detector(name) for name in MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_shipped_options_are_all_the_options(name: str, shipped: Make) -> None:
    """Each file shows every option of its architecture, at its default."""
    options = MODELS[name].options
    shown = shipped(name)["options"]
    assert set(shown) == set(options)
    for key, option in options.items():
        default = list(option.default) if isinstance(option.default, tuple) else option.default
        assert shown[key] == default


@pytest.mark.parametrize("name", MODELS)
def test_shipped_header_says_how_to_run(name: str) -> None:
    """Each file says what it is, its source, how to run it and when to pick it."""
    text = (Path(__file__).parents[2] / "conf" / "model" / f"{name}.yaml").read_text(encoding="utf-8")
    head = [line for line in text.splitlines() if line.startswith("#")]
    assert any(f"# kirie train model={name}" == line for line in head)
    assert any("https://" in line for line in head)
    assert any(line.startswith("# Pick it") for line in head)


@pytest.mark.parametrize("n_labels", [1, 2])
def test_logits_have_a_channel_per_label(name: str, small: Make, build: Build, n_labels: int) -> None:
    """One channel per label, at the picture's size, whatever the count."""
    model = build(small(name), n_labels=n_labels).eval()
    side = _side(model)
    with torch.no_grad():
        assert model(torch.rand(1, 3, side, side)).shape == (1, n_labels, side, side)


def test_other_sizes_work_as_declared(name: str, small: Make, build: Build) -> None:
    """An odd multiple of `multiple_of`, unequal in height and width, gives logits of that size."""
    model = build(small(name)).eval()
    multiple = model.multiple_of
    high = (max(64, model.limits.min_size) // multiple + 1) * multiple
    with torch.no_grad():
        assert model(torch.rand(1, 3, high, high + multiple)).shape[-2:] == (high, high + multiple)


def test_evaluation_is_deterministic(name: str, small: Make, build: Build) -> None:
    """The same pictures give the same bits twice, and a picture's logits do not depend on its neighbours' count."""
    model = build(small(name)).eval()
    image_BCHW = torch.rand(2, 3, _side(model), _side(model))
    with torch.no_grad():
        first, second, alone = model(image_BCHW), model(image_BCHW), model(image_BCHW[:1])
    assert torch.equal(first, second)
    torch.testing.assert_close(alone, first[:1], rtol=1e-4, atol=1e-4)


def test_state_dict_round_trip(name: str, small: Make, build: Build) -> None:
    """Another instance with the same state gives the same logits to the bit, normalisation included."""
    model = build(small(name)).eval()
    other = build_model(small(name), 3, (0, 0, 0), (1, 1, 1)).eval()
    image_BCHW = torch.rand(1, 3, _side(model), _side(model))
    with torch.no_grad():
        assert not torch.equal(model(image_BCHW), other(image_BCHW))
        other.load_state_dict(model.state_dict())
        assert torch.equal(model(image_BCHW), other(image_BCHW))


def test_smallest_batch_trains(name: str, small: Make, build: Build) -> None:
    """The declared smallest batch trains; one less is a sentence, not batch normalisation's own error."""
    model = build(small(name)).train()
    side = max(64, 2 * model.limits.min_size)
    assert model(torch.rand(model.min_batch, 3, side, side)).isfinite().all()
    if model.min_batch > 1:
        with pytest.raises(ModelError, match=r"cannot train on a batch of 1: .* at least 2 pictures"):
            model(torch.rand(1, 3, side, side))


def test_named_encoders_work(name: str) -> None:
    """Every encoder that an error message recommends for an architecture passes the check."""
    for encoder in ARCHITECTURES[name].encoders:
        check_pair({"name": name, "encoder": encoder})


def test_same_seed_same_weights(name: str, small: Make, build: Build) -> None:
    """Building twice from one seed gives equal weights: the check before it does not move the seed."""
    one, two = build(small(name)).state_dict(), build(small(name)).state_dict()
    assert all(torch.equal(one[key], two[key]) for key in one)
