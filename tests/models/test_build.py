"""check_pair and build_model: what cannot work is refused before data is touched, naming both files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from kirie.errors import ConfigError
from kirie.models import Segmenter, build_model, check_pair

Make = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("name", "encoder"),
    [
        ("unet", "tu-vit_tiny_patch16_224"),
        ("deeplabv3", "densenet121"),
        ("deeplabv3plus", "vgg11_bn"),
        ("pan", "xception"),
        ("fcn", "tu-swin_tiny_patch4_window7_224"),
        ("dpt", "resnet18"),
        ("dpt", "tu-resnet18"),
        ("dpt", "tu-vit_small_patch14_dinov2"),
        ("linknet", "mit_b0"),
        ("unetplusplus", "mit_b0"),
    ],
)
def test_pair_that_cannot_work(name: str, encoder: str) -> None:
    """The message names the model's file, the encoder, and encoders that work."""
    with pytest.raises(ConfigError) as caught:
        check_pair({"name": name, "encoder": encoder})
    message = str(caught.value)
    assert f"conf/model/{name}.yaml" in message
    assert f"'{encoder}'" in message
    assert f"Encoders that work with {name} are" in message
    assert "\n" not in message


def test_options_that_do_not_go_together() -> None:
    """Options are blamed, and not the encoder, where the defaults work: scSE divides its channels by sixteen."""
    config = {"name": "unet", "encoder": "resnet18", "options": {"channels": [32, 16, 16, 8, 8], "attention": "scse"}}
    with pytest.raises(
        ConfigError, match=r"the options channels=.*, attention=scse over the encoder .* set one of them back"
    ):
        check_pair(config)


def test_size_that_does_not_fit_names_both_files() -> None:
    """A store of 250 px and a U-Net do not go together; both files and the allowed sizes are named."""
    with pytest.raises(
        ConfigError, match=r"conf/model/unet.yaml .* and conf/data/own.yaml .* multiples of 32.*250 x 256"
    ):
        check_pair({"name": "unet", "encoder": "resnet18"}, size=(250, 256), size_from="conf/data/own.yaml")


def test_size_too_small() -> None:
    """PAN over pictures of 64 px is refused before training: its pyramid has nothing left there."""
    with pytest.raises(ConfigError, match="from 128 pixels up; found 64 x 64"):
        check_pair({"name": "pan", "encoder": "resnet18"}, size=(64, 64))


def test_batch_too_small_names_both_files() -> None:
    """A batch of one for DeepLabV3+ is refused, naming the model's file and the one that sets the batch."""
    with pytest.raises(ConfigError, match=r"conf/model/deeplabv3plus.yaml .* and conf/trainer.yaml .*at least 2"):
        check_pair(
            {"name": "deeplabv3plus", "encoder": "resnet18"},
            size=(256, 256),
            batch_size=1,
            batch_from="conf/trainer.yaml",
        )


def test_pair_that_works_says_its_limits() -> None:
    """A pair that works returns its limits."""
    limits = check_pair({"name": "unet", "encoder": "resnet18"}, size=(256, 256), batch_size=1)
    assert (limits.multiple_of, limits.fixed_size, limits.min_batch, limits.dynamic_size) == (32, None, 1, True)


def test_encoder_of_one_size() -> None:
    """Swin is built for the data's size, takes no other, and says so."""
    limits = check_pair({"name": "unet", "encoder": "tu-swin_tiny_patch4_window7_224"}, size=(256, 256))
    assert limits.fixed_size == (256, 256)
    assert not limits.dynamic_size
    assert limits.refusal(224, 224) == "takes 256 x 256 pixels only; found 224 x 224"


@pytest.mark.parametrize("count", [0, 256])
def test_label_count_is_bounded(count: int, small: Make) -> None:
    """8-bit targets hold 1 to 255 labels."""
    with pytest.raises(ConfigError, match="1 to 255 labels"):
        build_model(small("unet"), count, (0.5,) * 3, (0.2,) * 3)


def test_check_leaves_the_seed_alone() -> None:
    """The check draws nothing from the random numbers that training will use."""
    before = torch.random.get_rng_state()
    check_pair({"name": "segformer", "encoder": "mit_b0"})
    assert torch.equal(before, torch.random.get_rng_state())


def test_config_is_kept_whole(small: Make, build: Callable[..., Segmenter]) -> None:
    """The model knows the configuration that rebuilds it, with every option."""
    model = build(small("unet"))
    assert model.config["options"]["upsampling"] == "nearest"
    again = build_model(model.config, 3, (0.5,) * 3, (0.2,) * 3)
    assert {k: v.shape for k, v in again.state_dict().items()} == {k: v.shape for k, v in model.state_dict().items()}
