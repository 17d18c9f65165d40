"""What a sweep file says of one parameter, read into a distribution as W&B's schema and its inference have it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kirie.errors import SweepError
from kirie.sweep.distributions import (
    Beta,
    Categorical,
    Constant,
    Distribution,
    IntUniform,
    LogNormal,
    LogUniform,
    Normal,
    Quantised,
    Uniform,
)
from kirie.sweep.parameter_keys import Reading, is_int, shortened
from kirie.train.overrides import near

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_BOUNDS, _Q_BOUNDS = ("min", "max"), ("min", "max", "q")
_MOMENTS, _Q_MOMENTS = ("mu", "sigma"), ("mu", "sigma", "q")
_SHAPES, _Q_SHAPES = ("a", "b"), ("a", "b", "q")

KEYS: Mapping[str, tuple[str, ...]] = {
    "constant": ("value",),
    "categorical": ("values",),
    "categorical_w_probabilities": ("values", "probabilities"),
    "int_uniform": _BOUNDS,
    "uniform": _BOUNDS,
    "q_uniform": _Q_BOUNDS,
    "log_uniform": _BOUNDS,
    "q_log_uniform": _Q_BOUNDS,
    "inv_log_uniform": _BOUNDS,
    "log_uniform_values": _BOUNDS,
    "q_log_uniform_values": _Q_BOUNDS,
    "inv_log_uniform_values": _BOUNDS,
    "normal": _MOMENTS,
    "q_normal": _Q_MOMENTS,
    "log_normal": _MOMENTS,
    "q_log_normal": _Q_MOMENTS,
    "beta": _SHAPES,
    "q_beta": _Q_SHAPES,
}
"""W&B's distributions, and the keys that each takes beside `distribution`."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One swept setting.

    Attributes:
        name: The setting; the names of a nested one joined by dots.
        distribution: What it may be.
        nested: Whether the file writes it inside another one's `parameters`. W&B's agent passes these as one word,
            `optimizer={'lr': 0.1}`, which is no override of Hydra.
    """

    name: str
    distribution: Distribution
    nested: bool = False


def read_parameters(raw: object, where: str) -> tuple[Parameter, ...]:
    """Reads the `parameters` of a sweep file.

    Args:
        raw: What the file says.
        where: The file, for messages.

    Returns:
        The parameters in W&B's order: by name, on each level of nesting.

    Raises:
        SweepError: A name, a key, a distribution or a number is not allowed, or a setting is there twice.
    """
    found = _walk(raw, where, "")
    names = [parameter.name for parameter in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise SweepError(f"{where}: the parameter '{twice[0]}' is there twice, as a dotted name and as a nested one.")
    return tuple(found)


def _walk(raw: object, where: str, prefix: str) -> list[Parameter]:
    at = f"`{prefix.rstrip('.')}.parameters`" if prefix else "`parameters`"
    if not isinstance(raw, Mapping) or not raw:
        raise SweepError(f"{where}: {at} must be a mapping of at least one parameter's name to what it may be.")
    found: list[Parameter] = []
    for key, content in sorted(raw.items()):
        name = f"{prefix}{key}"
        if not _NAME.fullmatch(key):
            raise SweepError(
                f"{where}: the parameter's name '{name}' is not one of W&B's; allowed are letters, digits and _ . -, "
                "a letter or _ first. Hydra's groups are swept by names without a slash, as `model`."
            )
        if isinstance(content, Mapping) and "parameters" in content:
            if others := [other for other in content if other != "parameters"]:
                raise SweepError(f"{where}: {name} has '{others[0]}' beside `parameters`; a nested one has only that.")
            found += _walk(content["parameters"], where, f"{name}.")
        else:
            found.append(Parameter(name, read_distribution(content, f"{where}: {name}"), bool(prefix)))
    return found


def read_distribution(raw: object, where: str) -> Distribution:
    """Reads what one parameter may be.

    Args:
        raw: What the file says of it.
        where: The file and the parameter, for messages.

    Raises:
        SweepError: It is none of W&B's distributions.
    """
    if not isinstance(raw, Mapping):
        raise SweepError(
            f"{where} is {(told := shortened(raw))}; write `value: {told}`, or `values: [...]`, or `min` and `max`."
        )
    kind = _kind(raw, where)
    allowed = KEYS[kind]
    for key in raw:
        if key != "distribution" and key not in allowed:
            raise SweepError(
                f"{where}: {kind} has no key '{key}'.{near(str(key), allowed)} Allowed are {', '.join(allowed)}."
            )
    return _READERS[kind](Reading(raw, f"{where} ({kind})"))


def _kind(raw: Mapping[str, Any], where: str) -> str:
    """The distribution that is written or that W&B infers."""
    if "distribution" in raw:
        kind = raw["distribution"]
        if not isinstance(kind, str) or kind not in KEYS:
            raise SweepError(
                f"{where}: there is no distribution '{kind}'.{near(str(kind), list(KEYS))} Allowed are "
                f"{', '.join(KEYS)}."
            )
        return kind
    if "value" in raw:
        return "constant"
    if "values" in raw:
        return "categorical_w_probabilities" if "probabilities" in raw else "categorical"
    if "min" in raw and "max" in raw:
        return "int_uniform" if is_int(raw["min"]) and is_int(raw["max"]) else "uniform"
    if near_miss := next((key for key in raw if key not in {"min", "max"}), None):
        keys = ["distribution", *dict.fromkeys(key for keys in KEYS.values() for key in keys), "parameters"]
        hint = near(near_miss, keys) if near_miss not in keys else ""
        raise SweepError(
            f"{where} has '{near_miss}' and no distribution that takes it.{hint} Allowed are `value`, `values` "
            "(with `probabilities`), `min` and `max`, nested `parameters`, or a `distribution` with its keys."
        )
    lacking = "max" if "min" in raw else "min" if "max" in raw else "`value`, `values`, or `min` and `max`"
    raise SweepError(f"{where} lacks {lacking}.")


def _log_uniform(read: Reading) -> LogUniform:
    least, most = read.exponents()
    return LogUniform(math.exp(least), math.exp(most))


def _inverse_log_uniform(read: Reading) -> LogUniform:
    least, most = read.exponents()
    return LogUniform(math.exp(-most), math.exp(-least))


def _constant(read: Reading) -> Constant:
    if "value" not in read.raw:
        raise SweepError(f"{read.where} lacks `value`.")
    return Constant(read.raw["value"])


def _int_uniform(read: Reading) -> IntUniform:
    read.bounds()
    return IntUniform(read.whole("min"), read.whole("max"))


_READERS: Mapping[str, Callable[[Reading], Distribution]] = {
    "constant": _constant,
    "categorical": lambda read: Categorical(read.values()),
    "categorical_w_probabilities": lambda read: Categorical(read.values(), read.probabilities()),
    "int_uniform": _int_uniform,
    "uniform": lambda read: Uniform(*read.bounds()),
    "q_uniform": lambda read: Quantised(Uniform(*read.bounds()), read.step()),
    "log_uniform": _log_uniform,
    "q_log_uniform": lambda read: Quantised(_log_uniform(read), read.step()),
    "inv_log_uniform": _inverse_log_uniform,
    "log_uniform_values": lambda read: LogUniform(*read.bounds(0)),
    "q_log_uniform_values": lambda read: Quantised(LogUniform(*read.bounds(0)), read.step()),
    "inv_log_uniform_values": lambda read: LogUniform(*read.bounds(0)),
    "normal": lambda read: Normal(*read.moments()),
    "q_normal": lambda read: Quantised(Normal(*read.moments()), read.step()),
    "log_normal": lambda read: LogNormal(*read.log_moments()),
    "q_log_normal": lambda read: Quantised(LogNormal(*read.log_moments()), read.step()),
    "beta": lambda read: Beta(read.above_zero("a", 1.0), read.above_zero("b", 1.0)),
    "q_beta": lambda read: Quantised(Beta(read.above_zero("a", 1.0), read.above_zero("b", 1.0)), read.step()),
}
