"""The kinds of values that an augmentation's parameters take, and the sentences for those they do not."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kirie.errors import ConfigError

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Number:
    """A number between two ends."""

    low: float
    high: float
    whole: bool = False

    def read(self, where: str, value: Any) -> float:
        """Gives the value if it is one of these.

        Args:
            where: Its name in the configuration.
            value: What is written there.

        Raises:
            ConfigError: It is another kind of value, or out of range; the message says what is allowed.
        """
        kind = "a whole number" if self.whole else "a number"
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            raise ConfigError(f"{where} is {value!r}; it must be {kind} from {self.low:g} to {self.high:g}.")
        if not (math.isfinite(value) and self.low <= value <= self.high):
            raise ConfigError(f"{where} is {value}; it must lie between {self.low:g} and {self.high:g}.")
        return value


@dataclass(frozen=True, slots=True)
class Range:
    """Two numbers in ascending order between two ends."""

    low: float
    high: float

    def read(self, where: str, value: Any) -> Interval:
        """Gives the value if it is one of these.

        Args:
            where: Its name in the configuration.
            value: What is written there.

        Raises:
            ConfigError: It is another kind of value, or out of range; the message says what is allowed.
        """
        if isinstance(value, str | Mapping) or not isinstance(value, Iterable) or len(pair := [*value]) != 2:
            raise ConfigError(f"{where} is {value!r}; it must be two numbers, the least and the most.")
        bound = Number(self.low, self.high)
        least, most = (float(bound.read(where, end)) for end in pair)
        if least > most:
            raise ConfigError(f"{where} is [{least:g}, {most:g}]; the least must come first.")
        return least, most


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]

    def read(self, where: str, value: Any) -> str:
        """Gives the value if it is one of these.

        Args:
            where: Its name in the configuration.
            value: What is written there.

        Raises:
            ConfigError: It is another kind of value, or out of range; the message says what is allowed.
        """
        if value not in self.words:
            raise ConfigError(f"{where} is {value!r}; choices are {', '.join(self.words)}.")
        return str(value)
