"""Optimizers and learning-rate schedules: small functions of the step, so that a resumed run follows the same curve."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from kirie.errors import ConfigError

OPTIMIZERS: dict[str, tuple[type[torch.optim.Optimizer], tuple[str, ...]]] = {
    "adam": (torch.optim.Adam, ("lr", "weight_decay", "betas")),
    "adamw": (torch.optim.AdamW, ("lr", "weight_decay", "betas")),
    "sgd": (torch.optim.SGD, ("lr", "weight_decay", "momentum", "nesterov")),
}
MOST = 1000.0
"""Learning rate, its factor and weight decay end here: larger ones are no numbers for a weight of 32 bits soon."""

SCHEDULES: dict[str, tuple[str, ...]] = {
    "cosine": ("warmup", "floor"),
    "poly": ("warmup", "power", "floor"),
    "onecycle": ("warmup", "start", "floor"),
    "constant": ("warmup",),
}


def check_optimizer(config: Mapping[str, Any]) -> None:
    """Checks an optimizer's configuration without a model.

    Raises:
        ConfigError: The name or a key is unknown, or a number lies outside its range.
    """
    keys = _known("optimizer", config, {name: (*keys, "encoder_lr_factor") for name, (_, keys) in OPTIMIZERS.items()})
    for key in keys:
        if key in {"lr", "encoder_lr_factor"}:
            _within(f"optimizer.{key}", config[key], above=0.0, most=MOST)
        elif key == "weight_decay":
            _within(f"optimizer.{key}", config[key], least=0.0, most=MOST)
        elif key == "momentum":
            _within(f"optimizer.{key}", config[key], least=0.0, below=1.0)
        elif key == "nesterov" and not isinstance(config[key], bool):
            raise ConfigError(f"optimizer.nesterov is {config[key]!r}; allowed is true or false.")
        elif key == "betas":
            betas = config[key]
            if not isinstance(betas, list) or len(betas) != 2:
                raise ConfigError(f"optimizer.betas is {betas!r}; allowed are two numbers, as [0.9, 0.999].")
            for beta in betas:
                _within("optimizer.betas", beta, least=0.0, below=1.0)


def build_optimizer(config: Mapping[str, Any], encoder: nn.Module | None, model: nn.Module) -> torch.optim.Optimizer:
    """Builds the optimizer; the encoder's parameters may have a learning rate of their own.

    One-dimensional parameters (biases, norm scales) get no weight decay, as is usual since Goyal et al. 2017.

    Args:
        config: `name` and its keys, as in conf/optimizer.
        encoder: The part whose learning rate is multiplied by `encoder_lr_factor`, or None.
        model: The whole model.

    Raises:
        ConfigError: See `check_optimizer`.
    """
    check_optimizer(config)
    kind, keys = OPTIMIZERS[config["name"]]
    arguments: dict[str, Any] = {key: tuple(config[key]) if key == "betas" else config[key] for key in keys}
    in_encoder = {id(parameter) for parameter in encoder.parameters()} if encoder is not None else set()
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for parameter in model.parameters():
        if parameter.requires_grad:
            groups.setdefault((id(parameter) in in_encoder, parameter.ndim > 1), []).append(parameter)
    return kind(
        [
            {
                "params": parameters,
                "lr": config["lr"] * (config["encoder_lr_factor"] if encoder_part else 1.0),
                "weight_decay": config["weight_decay"] if decays else 0.0,
            }
            for (encoder_part, decays), parameters in groups.items()
        ],
        **arguments,
    )


def check_schedule(config: Mapping[str, Any]) -> None:
    """Checks a schedule's configuration.

    Raises:
        ConfigError: The name or a key is unknown, or a number lies outside its range.
    """
    for key in _known("schedule", config, SCHEDULES):
        if key == "power":
            _within("schedule.power", config[key], above=0.0)
        else:
            _within(f"schedule.{key}", config[key], least=0.0, below=1.0 if key == "warmup" else None)
            if key in {"floor", "start"}:
                _within(f"schedule.{key}", config[key], least=0.0, most=1.0)


def schedule_factor(config: Mapping[str, Any], total_steps: int) -> Callable[[int], float]:
    """The learning rate's factor as a function of the step alone.

    Args:
        config: `name` and its keys, as in conf/schedule.
        total_steps: Optimizer steps of the whole run.

    Returns:
        A function from the step (0 is the first) to the factor on the configured learning rate.

    Raises:
        ConfigError: See `check_schedule`.
    """
    check_schedule(config)
    name = config["name"]
    warm = config["warmup"] * total_steps
    floor = config.get("floor", 0.0)

    def factor(step: int) -> float:
        if step < warm:
            rising = (step + 1) / (warm + 1)
            if name == "onecycle":
                return float(config["start"] + (1 - config["start"]) * _ease(rising))
            return float(rising)
        left = 1 - min(1.0, (step - warm) / max(1.0, total_steps - warm))
        if name == "constant":
            return 1.0
        if name == "poly":
            return float(floor + (1 - floor) * left ** config["power"])
        return float(floor + (1 - floor) * _ease(left))

    return factor


def build_schedule(config: Mapping[str, Any], optimizer: torch.optim.Optimizer, total_steps: int) -> LambdaLR:
    """A scheduler to be stepped after every optimizer step.

    Raises:
        ConfigError: See `check_schedule`.
    """
    return LambdaLR(optimizer, schedule_factor(config, total_steps))


def _ease(share: float) -> float:
    """Half a cosine from 0 to 1."""
    return (1 - math.cos(math.pi * share)) / 2


def _known(group: str, config: Mapping[str, Any], allowed: Mapping[str, tuple[str, ...]]) -> list[str]:
    name = str(config.get("name"))
    if name not in allowed:
        raise ConfigError(f"{group}.name is '{name}'; allowed are {', '.join(allowed)}.")
    keys = [key for key in config if key != "name"]
    if strange := sorted(set(keys) - set(allowed[name])):
        raise ConfigError(
            f"conf/{group}/{name}.yaml has no setting {', '.join(strange)}; allowed are {', '.join(allowed[name])}."
        )
    if missing := [key for key in allowed[name] if key not in config]:
        raise ConfigError(f"conf/{group}/{name}.yaml lacks {', '.join(missing)}.")
    return keys


def _within(
    key: str,
    value: object,
    *,
    above: float | None = None,
    least: float | None = None,
    below: float | None = None,
    most: float | None = None,
) -> None:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    bounds = [
        (f"above {above}", above is None or number > above),
        (f"from {least}", least is None or number >= least),
        (f"below {below}", below is None or number < below),
        (f"to {most}", most is None or number <= most),
    ]
    given = (above, least, below, most)
    words = " and ".join(word for (word, _), bound in zip(bounds, given, strict=True) if bound is not None)
    if not all(fits for _, fits in bounds) or not math.isfinite(number):
        raise ConfigError(f"{key} is {value!r}; allowed is a number {words}.")
