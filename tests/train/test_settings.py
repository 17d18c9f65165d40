"""The configuration's own types and ranges."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kirie.errors import ConfigError
from kirie.train.compose import compose_config, config_folder
from kirie.train.settings import Settings


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    """The shipped defaults."""
    return compose_config([], config_folder())


def test_the_defaults_are_valid(config: dict[str, Any]) -> None:
    """What is shipped passes its own check, with the values of the file."""
    settings = Settings.of(config)
    assert settings.train.epochs == config["train"]["epochs"]
    assert settings.data.store == "out/store"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("train.epochs", 0, "train.epochs is 0; allowed is a whole number from 1"),
        ("train.epochs", "ten", "train.epochs is 'ten'; allowed is a whole number"),
        ("train.epochs", True, "train.epochs is True"),
        ("train.epochs", 2.5, "train.epochs is 2.5"),
        ("train.validate_every", 99, "no epoch would be validated"),
        ("train.clip_norm", 0, "above 0, or null"),
        ("train.ema_decay", 1.0, "between 0 and 1"),
        ("train.precision", "fp8", "32-true, bf16-mixed, 16-mixed"),
        ("train.metric", "iou", "miou, dice"),
        ("data.batch_size", 0, "from 1"),
        ("trainer.devices", "two", "a number from 1, or auto"),
        ("trainer.accelerator", "tpu", "auto, cpu, gpu"),
        ("seed", -1, "seed is -1"),
        ("seed", None, "seed is None"),
        ("init_from", 3, "init_from is 3; allowed is text or null"),
    ],
)
def test_a_wrong_value_is_named(config: dict[str, Any], key: str, value: object, message: str) -> None:
    """The sentence has the key, what was found and what is allowed."""
    changed = copy.deepcopy(config)
    *parents, last = key.split(".")
    node = changed
    for parent in parents:
        node = node[parent]
    node[last] = value
    with pytest.raises(ConfigError, match=message.replace(".", r"\.")):
        Settings.of(changed)


def test_unknown_and_missing_keys_are_named(config: dict[str, Any]) -> None:
    """A section with a strange key lists its keys; one that lacks a key says which."""
    changed = copy.deepcopy(config)
    changed["train"]["epoch"] = 3
    with pytest.raises(ConfigError, match=r"no key epoch; allowed are epochs"):
        Settings.of(changed)
    del changed["train"]["epoch"], changed["train"]["epochs"]
    with pytest.raises(ConfigError, match="lacks epochs"):
        Settings.of(changed)
