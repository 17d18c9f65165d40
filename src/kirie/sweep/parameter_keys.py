"""The keys of one parameter of a sweep file, each taken out with its checks."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from kirie.errors import SweepError

_MOST = 2**53
"""Whole numbers beyond it are not exact as real ones."""
_MOST_EXPONENT = 700.0
"""e to the power of 709 is the largest real number."""
_NUMBER_AS_TEXT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")


class Reading:
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
            raise SweepError(f"{self.where}: `{key}` is {shortened(value)}; allowed is a number.{hint}")
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
            raise SweepError(f"{self.where}: `values` is {shortened(values)}; write a list of at least one value.")
        return tuple(values)

    def probabilities(self) -> tuple[float, ...]:
        """`probabilities`, one for each value."""
        given = self.raw.get("probabilities")
        count = len(self.values())
        if not isinstance(given, list) or not all(_is_number(share) and share >= 0 for share in given):
            raise SweepError(f"{self.where}: `probabilities` is {shortened(given)}; write a list of numbers from 0.")
        if len(given) != count:
            raise SweepError(f"{self.where}: there are {count} values and {len(given)} probabilities; give each one.")
        if not math.isclose(math.fsum(given), 1.0, rel_tol=1e-5, abs_tol=1e-8):
            raise SweepError(f"{self.where}: the probabilities add up to {math.fsum(given):g}; they must make 1.")
        return tuple(given)


def is_int(value: object) -> bool:
    """A whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _with_point(text: str) -> str:
    mantissa, _, exponent = text.lower().partition("e")
    return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}e{exponent if exponent[0] in '+-' else f'+{exponent}'}"


def shortened(value: object) -> str:
    """A value for a message, not too long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
