"""A configuration is checked whole: names, kinds and ranges."""

from __future__ import annotations

from typing import Any

import pytest
from tests.data.augment.conftest import CONF, shipped

from kirie.data.augment.settings import OPERATIONS, Settings, read_settings
from kirie.errors import ConfigError


@pytest.mark.parametrize("path", sorted(CONF.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_configurations_are_valid(path: Any) -> None:
    """Every file of conf/augment/ reads, and is named as its file is."""
    read_settings(shipped(path.stem))
    assert shipped(path.stem)["name"] == path.stem


def test_strong_and_light_name_every_operation() -> None:
    """Both list every operation, so that any of them can be overridden without Hydra's `+`."""
    for name in ("light", "strong"):
        assert set(OPERATIONS) <= set(shipped(name))


def test_nothing_configured_is_nothing_done() -> None:
    """`none`, an empty mapping and operations set to null all mean no augmentation."""
    assert read_settings(shipped("none")) == read_settings({}) == read_settings({"hue": None}) == Settings()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"name": 5}, "augment.name is 5; write a word"),
        ({"name": [None]}, r"augment.name is \[None\]"),
        ({"rotat": {"p": 1}}, "no 'rotat'.*Did you mean 'rotate'.*Choices are name, crop, fill, horizontal_flip"),
        ({"rotate": {"angle": 3}}, r"augment\.rotate has no 'angle'.*Choices are p, degrees"),
        ({"rotate": {"degrees": 181}}, r"augment\.rotate\.degrees is 181; it must lie between 0 and 180"),
        ({"rotate": {"degrees": float("nan")}}, "degrees is nan"),
        ({"rotate": {"degrees": "ten"}}, "degrees is 'ten'; it must be a number"),
        ({"rotate": {"p": 1.5}}, r"rotate\.p is 1\.5"),
        ({"rotate": {"p": True}}, "rotate.p is True"),
        ({"rotate": 0.5}, r"augment\.rotate is 0\.5; write its parameters \(p, degrees\)"),
        ({"scale": {"range": [1.2, 0.8]}}, "the least must come first"),
        ({"scale": {"range": 0.8}}, "two numbers"),
        ({"scale": {"range": [0, 1]}}, "between 0.2 and 5"),
        ({"cutout": {"fill": "grey"}}, "fill is 'grey'; choices are noise, mean"),
        ({"cutout": {"boxes": 1.5}}, "a whole number"),
        ({"elastic": {"amplitude": 0.05, "cells": 16}}, "can fold the picture"),
        ({"crop": 64}, "crop is 64"),
        ({"crop": [64, 4]}, "crop is 4"),
        ({"fill": "wrap"}, "fill is 'wrap'; choices are reflection, border, zeros"),
    ],
)
def test_what_is_wrong_is_named(config: dict[str, Any], message: str) -> None:
    """A wrong name or value ends in a sentence that says what is allowed."""
    with pytest.raises(ConfigError, match=message):
        read_settings(config)
