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
from kirie.train.overrides import near

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_MOST = 2**53
"""Whole numbers beyond it are not exact as real ones."""
_MOST_EXPONENT = 700.0
"""e to the power of 709 is the largest real number."""
_NUMBER_AS_TEXT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")

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
        raise SweepError(f"{where} is {raw!r}; write `value: {_short(raw)}`, or `values: [...]`, or `min` and `max`.")
    kind = _kind(raw, where)
    allowed = KEYS[kind]
    for key in raw:
        if key != "distribution" and key not in allowed:
            raise SweepError(
                f"{where}: {kind} has no key '{key}'.{near(str(key), allowed)} Allowed are {', '.join(allowed)}."
            )
    return _READERS[kind](_Reading(raw, f"{where} ({kind})"))


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
        return "int_uniform" if _is_int(raw["min"]) and _is_int(raw["max"]) else "uniform"
    if near_miss := next((key for key in raw if key not in {"min", "max"}), None):
        keys = ["distribution", *dict.fromkeys(key for keys in KEYS.values() for key in keys), "parameters"]
        hint = near(near_miss, keys) if near_miss not in keys else ""
        raise SweepError(
            f"{where} has '{near_miss}' and no distribution that takes it.{hint} Allowed are `value`, `values` "
            "(with `probabilities`), `min` and `max`, nested `parameters`, or a `distribution` with its keys."
        )
    lacking = "max" if "min" in raw else "min" if "max" in raw else "`value`, `values`, or `min` and `max`"
    raise SweepError(f"{where} lacks {lacking}.")


class _Reading:
    """The keys of one parameter, taken out with their checks."""

    def __init__(self, raw: Mapping[str, Any], where: str) -> None:
        self.raw, self.where = raw, where

    def number(self, key: str, default: float | None = None) -> float:
        """A number as it is written, whole or real."""
        if key not in self.raw and default is not None:
            return default
        if key not in self.raw:
            raise SweepError(f"{self.where} lacks `{key}`.")
        value: Any = self.raw[key]
        if not _is_number(value) or abs(value) > _MOST and isinstance(value, int):
            hint = ""
            if isinstance(value, str) and _NUMBER_AS_TEXT.fullmatch(value):
                hint = f" YAML takes an exponent without a point for text; write {_with_point(value)}."
            raise SweepError(f"{self.where}: `{key}` is {_short(value)}; allowed is a number.{hint}")
        number: float = value
        return number

    def whole(self, key: str) -> int:
        """A whole number."""
        value = self.number(key)
        if not isinstance(value, int):
            raise SweepError(f"{self.where}: `{key}` is {value}; allowed is a whole number.")
        return value

    def above_zero(self, key: str, default: float) -> float:
        """A number above 0."""
        value = self.number(key, default)
        if value <= 0:
            raise SweepError(f"{self.where}: `{key}` is {value}; allowed is a number above 0.")
        return value

    def bounds(self, low: float | None = None) -> tuple[float, float]:
        """`min` and `max`, the first the smaller one and above `low`."""
        least, most = self.number("min"), self.number("max")
        if least >= most:
            raise SweepError(f"{self.where}: `min` is {least} and `max` {most}; `min` must be the smaller one.")
        if low is not None and least <= low:
            raise SweepError(f"{self.where}: `min` is {least}; allowed is a number above {low:g}.")
        return least, most

    def exponents(self) -> tuple[float, float]:
        """`min` and `max` as exponents."""
        least, most = self.bounds()
        if max(-least, most) > _MOST_EXPONENT:
            raise SweepError(
                f"{self.where}: `min` and `max` are {least} and {most}, and here they are exponents of e, which may go "
                f"from {-_MOST_EXPONENT:g} to {_MOST_EXPONENT:g}; for the values themselves use log_uniform_values."
            )
        return least, most

    def moments(self) -> tuple[float, float]:
        """`mu` and `sigma`."""
        mu, sigma = self.number("mu", 0.0), self.number("sigma", 1.0)
        if sigma < 0:
            raise SweepError(f"{self.where}: `sigma` is {sigma}; allowed is a number from 0.")
        return mu, sigma

    def log_moments(self) -> tuple[float, float]:
        """`mu` and `sigma` of a logarithm: no draw may be too large for a number."""
        mu, sigma = self.moments()
        if abs(mu) + 10 * sigma > _MOST_EXPONENT:
            raise SweepError(f"{self.where}: `mu` {mu} and `sigma` {sigma} are of the logarithm, and lead to infinity.")
        return mu, sigma

    def step(self) -> float:
        """`q`."""
        return self.above_zero("q", 1.0)

    def values(self) -> tuple[Any, ...]:
        """`values`."""
        values = self.raw.get("values")
        if not isinstance(values, list) or not values:
            raise SweepError(f"{self.where}: `values` is {_short(values)}; write a list of at least one value.")
        return tuple(values)

    def probabilities(self) -> tuple[float, ...]:
        """`probabilities`, one for each value."""
        given = self.raw.get("probabilities")
        count = len(self.values())
        if not isinstance(given, list) or not all(_is_number(share) and share >= 0 for share in given):
            raise SweepError(f"{self.where}: `probabilities` is {_short(given)}; write a list of numbers from 0.")
        if len(given) != count:
            raise SweepError(f"{self.where}: there are {count} values and {len(given)} probabilities; give each one.")
        if not math.isclose(math.fsum(given), 1.0, rel_tol=1e-5, abs_tol=1e-8):
            raise SweepError(f"{self.where}: the probabilities add up to {math.fsum(given):g}; they must make 1.")
        return tuple(given)


def _log_uniform(read: _Reading) -> LogUniform:
    least, most = read.exponents()
    return LogUniform(math.exp(least), math.exp(most))


def _inverse_log_uniform(read: _Reading) -> LogUniform:
    least, most = read.exponents()
    return LogUniform(math.exp(-most), math.exp(-least))


def _constant(read: _Reading) -> Constant:
    if "value" not in read.raw:
        raise SweepError(f"{read.where} lacks `value`.")
    return Constant(read.raw["value"])


def _int_uniform(read: _Reading) -> IntUniform:
    read.bounds()
    return IntUniform(read.whole("min"), read.whole("max"))


_READERS: Mapping[str, Callable[[_Reading], Distribution]] = {
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


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _with_point(text: str) -> str:
    mantissa, _, exponent = text.lower().partition("e")
    return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}e{exponent if exponent[0] in '+-' else f'+{exponent}'}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
