"""Distributions over values that can be listed: one value, some values, whole numbers in a range."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from optuna.distributions import CategoricalDistribution, IntDistribution

from kirie.sweep.values import MOST_LISTED, Value, distinct


@dataclass(frozen=True, slots=True)
class Constant:
    """One value (`value`, or `constant`)."""

    value: Value

    def draw(self, u: float) -> Value:
        """The value."""
        return self.value

    def grid(self) -> Sequence[Value]:
        """The value alone."""
        return (self.value,)

    def optuna(self) -> None:
        """Nothing to search."""
        return

    def from_optuna(self, found: object) -> Value:
        """The value."""
        return self.value

    def to_dict(self) -> dict[str, Value]:
        """Its value."""
        return {"distribution": "constant", "value": self.value}


@dataclass(frozen=True, slots=True)
class Categorical:
    """One of some values (`values`, `categorical`, `categorical_w_probabilities`).

    Optuna's samplers learn from results which values are good and begin without preferences: given probabilities count
    in a random search only, apart from values of probability 0, which never come out.

    Attributes:
        values: In the order of the file.
        probabilities: Of each; None where all are alike.
    """

    values: tuple[Value, ...]
    probabilities: tuple[float, ...] | None = None

    def draw(self, u: float) -> Value:
        """The value at a quantile."""
        if self.probabilities is None:
            return self.values[min(int(u * len(self.values)), len(self.values) - 1)]
        likely = [(value, share) for value, share in zip(self.values, self.probabilities, strict=True) if share > 0]
        # They add up to 1 only as far as they are written
        left = u * math.fsum(share for _, share in likely)
        for value, share in likely:
            left -= share
            if left < 0:
                return value
        return likely[-1][0]

    def grid(self) -> Sequence[Value] | None:
        """Each value once; None with probabilities, which a grid has no use for."""
        return None if self.probabilities is not None else tuple(distinct(self.values).values())

    def possible(self) -> tuple[Value, ...]:
        """The values that can come out, each once."""
        likely = self.values
        if self.probabilities is not None:
            likely = tuple(value for value, share in zip(likely, self.probabilities, strict=True) if share > 0)
        return tuple(distinct(likely).values())

    def optuna(self) -> CategoricalDistribution:
        """Its possible values; where Optuna could not tell two of them apart, or takes none like them, as JSON."""
        return CategoricalDistribution(list(self._choices()))

    def from_optuna(self, found: object) -> Value:
        """The value that was written."""
        return next(value for choice, value in self._choices().items() if choice == found)

    def _choices(self) -> dict[bool | int | float | str | None, Value]:
        listed = self.possible()
        plain: dict[bool | int | float | str | None, Value] = {
            value: value for value in listed if value is None or isinstance(value, bool | int | float | str)
        }
        # True and 1 are one key
        if len(plain) == len(listed):
            return plain
        return {json.dumps(value, sort_keys=True): value for value in listed}

    def to_dict(self) -> dict[str, Value]:
        """Its values and probabilities."""
        if self.probabilities is None:
            return {"distribution": "categorical", "values": self.values}
        return {
            "distribution": "categorical_w_probabilities",
            "values": self.values,
            "probabilities": self.probabilities,
        }


@dataclass(frozen=True, slots=True)
class IntUniform:
    """A whole number from `low` to `high`, both included (`int_uniform`)."""

    low: int
    high: int

    def draw(self, u: float) -> int:
        """The number at a quantile."""
        return min(self.low + int(u * (self.high - self.low + 1)), self.high)

    def grid(self) -> Sequence[int] | None:
        """All of them, upwards."""
        return range(self.low, self.high + 1) if self.high - self.low < MOST_LISTED else None

    def optuna(self) -> IntDistribution:
        """The range."""
        return IntDistribution(self.low, self.high)

    def from_optuna(self, found: object) -> int:
        """The number."""
        assert isinstance(found, int)
        return found

    def to_dict(self) -> dict[str, Value]:
        """Its bounds."""
        return {"distribution": "int_uniform", "min": self.low, "max": self.high}
