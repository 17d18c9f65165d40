"""The model configuration: slips are named before anything is built."""

from __future__ import annotations

from typing import Any

import pytest

from kirie.errors import ConfigError
from kirie.models.config import ModelConfig

GOOD: dict[str, Any] = {"name": "unet", "encoder": "resnet18", "weights": "none"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "unett"}, "no model 'unett'. Did you mean 'unet'.*Models are unet, "),
        ({"name": None}, "no model 'None'"),
        ({"name": ["unet"]}, r"no model '\['unet'\]'"),
        ({"name": {"a": 1}}, "no model '{'a': 1}'"),
        ({"options": 0}, "`options` is 0"),
        ({"options": ""}, "`options` is ''"),
        ({"encodr": "x"}, "conf/model/unet.yaml has no key 'encodr'; its keys are name, encoder"),
        ({"encoder": 5}, "`encoder` is 5; write an encoder's name"),
        ({"weights": 5}, "`weights` is 5"),
        ({"options": [1]}, r"`options` is \[1\]"),
        (
            {"options": {"upsampling": "cubic"}},
            "options.upsampling is 'cubic'; it must be nearest or bilinear or transpos",
        ),
        (
            {"options": {"chanels": [1]}},
            "no option 'chanels'. Did you mean 'channels'.*Its options are upsampling, channels",
        ),
        ({"image_size": [1, 2, 3]}, "`image_size`"),
        ({"image_size": -1}, "`image_size` is -1"),
        ({"image_size": "big"}, "`image_size` is 'big'"),
    ],
)
def test_slips_are_named(change: dict[str, Any], message: str) -> None:
    """Each slip gives one sentence with the valid choices."""
    with pytest.raises(ConfigError, match=message):
        ModelConfig.read(GOOD | change)


def test_round_trip() -> None:
    """`to_dict` gives back a configuration that reads equal."""
    read = ModelConfig.read(GOOD | {"image_size": 256, "options": {"channels": [64, 32, 16, 8, 4]}})
    assert ModelConfig.read(read.to_dict()) == read
    assert read.image_size == (256, 256)


def test_null_weights_are_none() -> None:
    """YAML's null and the word none mean the same."""
    assert ModelConfig.read(GOOD | {"weights": None}).weights == "none"
