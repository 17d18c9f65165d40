"""The types and ranges of the configuration that training itself owns; each group checks its own.

`model`, `augment` and `loss` are checked where they are built, because only the owner knows what it takes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

from kirie.core.task import is_detector
from kirie.errors import ConfigError
from kirie.train.plain import check_plain

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
STRATEGIES = ("auto", "ddp")
SEMANTIC_METRICS = ("miou", "dice", "micro_iou", "micro_dice", "accuracy")
INSTANCE_METRICS = ("map", "map_50", "box_map", "pq")
METRICS = (*SEMANTIC_METRICS, *INSTANCE_METRICS)
OF_THINGS = ("map", "map_50", "box_map")
"""Metrics that are no number where no picture has a thing."""
"""Validation scores that may pick the best checkpoint; models that find instances have all, others the first ones."""

TOP_LEVEL = {
    "seed",
    "data",
    "train",
    "trainer",
    "model",
    "augment",
    "loss",
    "optimizer",
    "schedule",
    "log",
    "init_from",
    "runs",
    "run_id",
}
"""All that a configuration may hold; `run_id` is added to the resolved configuration of a run."""

GROUPS = ("model", "augment", "loss", "optimizer", "schedule", "log")
"""Mappings that are read by their owners."""

MACHINE_KEYS = ("data.store", "data.workers", "trainer", "log", "runs")
"""What only the machine decides: devices, workers, paths and logging mode. Never part of a run's id."""


MOST_THREADS = 1024
_MOST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class DataSettings:
    """Where the store lies and how it is batched (`data`)."""

    store: str
    batch_size: int
    workers: int

    def __post_init__(self) -> None:
        _named("data.store", self.store)
        _at_least("data.batch_size", self.batch_size, 1)
        _at_least("data.workers", self.workers, 0, MOST_THREADS)


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """The loop (`train`)."""

    epochs: int
    precision: str
    accumulate: int
    clip_norm: float | None
    ema_decay: float | None
    freeze_batch_norm: bool
    metric: str
    early_stopping: int | None
    validate_every: int

    def __post_init__(self) -> None:
        _at_least("train.epochs", self.epochs, 1)
        _at_least("train.accumulate", self.accumulate, 1)
        _at_least("train.validate_every", self.validate_every, 1)
        if self.validate_every > self.epochs:
            raise ConfigError(
                f"train.validate_every is {self.validate_every} and train.epochs {self.epochs}: no epoch would be "
                "validated and no best checkpoint chosen; lower train.validate_every."
            )
        if self.clip_norm is not None and self.clip_norm <= 0:
            raise ConfigError(f"train.clip_norm is {self.clip_norm}; allowed is a number above 0, or null.")
        if self.ema_decay is not None and not 0 < self.ema_decay < 1:
            raise ConfigError(f"train.ema_decay is {self.ema_decay}; allowed is a number between 0 and 1, or null.")
        if self.early_stopping is not None:
            _at_least("train.early_stopping", self.early_stopping, 1)
        _one_of("train.precision", self.precision, PRECISIONS)
        _one_of("train.metric", self.metric, METRICS)


@dataclass(frozen=True, slots=True)
class TrainerSettings:
    """What only the machine decides (`trainer`)."""

    accelerator: str
    devices: int | str
    nodes: int | str
    strategy: str
    sync_batchnorm: bool
    channels_last: bool
    compile: bool
    deterministic: bool
    log_every: int
    threads: int | None
    checkpoint_steps: int | None
    checkpoint_minutes: float | None

    def __post_init__(self) -> None:
        _one_of("trainer.accelerator", self.accelerator, ("auto", "cpu", "gpu"))
        _one_of("trainer.strategy", self.strategy, STRATEGIES)
        _at_least("trainer.log_every", self.log_every, 1)
        for key, value in (("devices", self.devices), ("nodes", self.nodes)):
            if isinstance(value, int):
                _at_least(f"trainer.{key}", value, 1)
            elif value != "auto":
                raise ConfigError(f"trainer.{key} is {value!r}; allowed is a number from 1, or auto.")
        if self.threads is not None:
            _at_least("trainer.threads", self.threads, 1, MOST_THREADS)
        if self.checkpoint_steps is not None:
            _at_least("trainer.checkpoint_steps", self.checkpoint_steps, 1)
        if self.checkpoint_minutes is not None and not 0 < self.checkpoint_minutes < math.inf:
            raise ConfigError(
                f"trainer.checkpoint_minutes is {self.checkpoint_minutes}; allowed is a number above 0, or null."
            )


@dataclass(frozen=True, slots=True)
class Settings:
    """All that training reads itself, checked."""

    data: DataSettings
    train: TrainSettings
    trainer: TrainerSettings
    seed: int
    init_from: str | None
    runs: str
    instances: bool

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """Reads a resolved configuration.

        Raises:
            ConfigError: A value has the wrong type or lies outside its range.
        """
        if strange := sorted(set(map(str, config)) - TOP_LEVEL):
            raise ConfigError(
                f"The configuration has no setting {', '.join(strange)}; allowed are {', '.join(sorted(TOP_LEVEL))}."
            )
        check_plain(config)
        for name in GROUPS:
            if name == "loss" and "loss" not in config and _finds_instances(config):
                continue
            if not isinstance(config.get(name), Mapping):
                raise ConfigError(
                    f"The configuration's section `{name}` is {config.get(name)!r}; choose a file of conf/{name}/, as "
                    f"`kirie train {name}=NAME`."
                )
        seed = _typed("seed", config.get("seed"), int)
        if not 0 <= seed < 2**32:
            raise ConfigError(f"seed is {seed}; allowed is a whole number from 0 to {2**32 - 1}.")
        train: TrainSettings = _section(TrainSettings, "train", config)
        instances = _finds_instances(config)
        if train.metric in INSTANCE_METRICS and not instances:
            raise ConfigError(
                f"train.metric is '{train.metric}', which needs a model that finds instances, and "
                f"{config['model'].get('name')} labels pixels; allowed are {', '.join(SEMANTIC_METRICS)}."
            )
        return cls(
            _section(DataSettings, "data", config),
            train,
            _section(TrainerSettings, "trainer", config),
            seed,
            _typed("init_from", config.get("init_from"), str | None),
            _named("runs", _typed("runs", config.get("runs"), str)),
            instances,
        )


def _finds_instances(config: Mapping[str, Any]) -> bool:
    model = config.get("model")
    return isinstance(model, Mapping) and is_detector(model.get("name"))


def _section(kind: type, name: str, config: Mapping[str, Any]) -> Any:
    section = config.get(name)
    if not isinstance(section, Mapping):
        raise ConfigError(f"The configuration has no section `{name}`; start from conf/train.yaml.")
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    if strange := sorted(set(section) - set(names)):
        raise ConfigError(f"`{name}` has no key {', '.join(strange)}; allowed are {', '.join(names)}.")
    if missing := [key for key in names if key not in section]:
        raise ConfigError(f"`{name}` lacks {', '.join(missing)}; conf/train.yaml shows the defaults.")
    return kind(**{key: _typed(f"{name}.{key}", section[key], hints[key]) for key in names})


def _typed(key: str, value: object, wanted: Any) -> Any:
    kinds = getattr(wanted, "__args__", (wanted,))
    # bool is an int in Python, but `epochs: true` is a mistake
    if isinstance(value, bool):
        fits = bool in kinds
    elif isinstance(value, int) and float in kinds:
        fits, value = True, float(value)
    else:
        fits = isinstance(value, tuple(kinds))
    if not fits:
        words = {int: "a whole number", float: "a number", str: "text", bool: "true or false", type(None): "null"}
        raise ConfigError(f"{key} is {value!r}; allowed is {' or '.join(words[kind] for kind in kinds)}.")
    return value


def _named(key: str, value: str) -> str:
    if not value:
        raise ConfigError(f"{key} is empty; name a folder, or `.` for this one.")
    return value


def _at_least(key: str, value: int, least: int, most: int = _MOST) -> None:
    if not least <= value <= most:
        raise ConfigError(f"{key} is {value}; allowed is a whole number from {least} to {most}.")


def _one_of(key: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigError(f"{key} is '{value}'; allowed are {', '.join(allowed)}.")
