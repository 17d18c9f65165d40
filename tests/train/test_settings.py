"""The configuration's own types and ranges."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any

import pytest

from kirie.errors import ConfigError
from kirie.models.config import ModelConfig
from kirie.runlog.start import check_log
from kirie.train.compose import compose_config, config_folder
from kirie.train.loop import check_task
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
        ("runs", None, "runs is None; allowed is text"),
        ("runs", "", "runs is empty; name a folder"),
        ("data.store", "", "data.store is empty"),
        ("runs", 1.5, "runs is 1.5; allowed is text"),
        ("trainer.strategy", "abc", "trainer.strategy is 'abc'; allowed are auto, ddp"),
        ("trainer.threads", 4096, "trainer.threads is 4096; allowed is a whole number from 1 to 1024"),
        ("train.epochs", 1e23, "train.epochs is 1e+23; allowed is a whole number".replace("+", r"\+")),
        ("train.epochs", 2**40, "allowed is a whole number from 1 to 2147483647"),
        ("train", {1: 2}, "the key 1 in `train`"),
        ("loss", 5, "section `loss` is 5; choose a file of conf/loss/"),
        ("model", None, "section `model` is None"),
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


WRONG = (None, True, -1, 1.5, math.nan, math.inf, "", "abc", [1], [None], {"a": 1}, {"a": {1: 2}}, [[1]], 1e23, 10**400)


def leaves(node: dict[str, Any], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The keys of all mappings and values within."""
    for key, value in node.items():
        yield (*at, key)
        if isinstance(value, dict):
            yield from leaves(value, (*at, key))


@pytest.mark.parametrize("words", [[], ["optimizer=sgd", "schedule=onecycle", "loss=focal_tversky", "augment=strong"]])
def test_a_value_of_any_type_is_taken_or_refused(words: list[str]) -> None:
    """What the checks before any data is read say of a wrong value in any place is a ConfigError or nothing."""
    config = compose_config(words, config_folder())
    refused = 0
    for *parents, last in leaves(config):
        for value in WRONG:
            changed = copy.deepcopy(config)
            node = changed
            for parent in parents:
                node = node[parent]
            node[last] = value
            try:
                Settings.of(changed)
                check_log(changed["log"])
                check_task(changed)
                ModelConfig.read(changed["model"])
            except ConfigError:
                refused += 1
    assert refused > 500


@pytest.mark.parametrize("metric", ["map", "map_50", "box_map", "pq"])
def test_scores_of_instances_need_a_model_that_has_them(metric: str) -> None:
    """They may pick a detector's best checkpoint; with another model the sentence lists its own scores."""
    words = [f"train.metric={metric}"]
    found = Settings.of(compose_config([*words, "model=mask_rcnn"], config_folder()))
    assert (found.train.metric, found.instances) == (metric, True)
    with pytest.raises(
        ConfigError, match=rf"train\.metric is '{metric}', .* unet labels pixels; allowed are miou, dice"
    ):
        Settings.of(compose_config(words, config_folder()))


def test_a_detector_is_checked_without_a_loss() -> None:
    """Neither the types nor the groups ask for one; another model's missing loss is a sentence."""
    config = compose_config(["model=mask_rcnn"], config_folder())
    Settings.of(config)
    check_task(config)
    with pytest.raises(ConfigError, match="section `loss` is None"):
        Settings.of({**config, "model": {**config["model"], "name": "unet"}})
