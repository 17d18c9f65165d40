"""The distributions of W&B's sweep files: a number in [0, 1) becomes a value, and what each is for Optuna.

A value is drawn by its inverse cumulative distribution function, so that one number in [0, 1) decides it and a draw can
be repeated anywhere. Quantised distributions are W&B's: the nearest multiple of `q`, halves to the even one, which may
lie outside the bounds by half a `q`.

Source: https://docs.wandb.ai/guides/sweeps/sweep-config-keys/#distribution-options-for-random-and-bayesian-search, and
the MIT package `sweeps`, which W&B's server and local controller run.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from scipy import special

Value = bool | int | float | str | None | Sequence["Value"] | Mapping[str, "Value"]
"""What a parameter can be: a JSON value."""

MOST_LISTED = 1_000_000
"""The largest number of values that a grid lists for one parameter."""

_EDGE = 1e-6
"""How near to 0 and 1 Optuna's search over quantiles goes, where an unbounded distribution has its infinities."""


class Distribution(Protocol):
    """What all distributions can do."""

    def draw(self, u: float) -> Value:
        """The value at a quantile.

        Args:
            u: In [0, 1).
        """
        ...

    def grid(self) -> Sequence[Value] | None:
        """All values in W&B's order, those twice in it once; None where a grid cannot list them."""
        ...

    def optuna(self) -> BaseDistribution | None:
        """What Optuna searches over; None where there is nothing to search."""
        ...

    def from_optuna(self, found: object) -> Value:
        """The value that belongs to what Optuna chose."""
        ...

    def to_dict(self) -> dict[str, Value]:
        """What it is, as JSON: equal for equal distributions."""
        ...


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


@dataclass(frozen=True, slots=True)
class Uniform:
    """A real number between two (`uniform`)."""

    low: float
    high: float

    def draw(self, u: float) -> float:
        """The number at a quantile."""
        return min(self.low + u * (self.high - self.low), self.high)

    def grid(self) -> None:
        """Too many to list."""
        return

    def optuna(self) -> FloatDistribution:
        """The range."""
        return FloatDistribution(self.low, self.high)

    def from_optuna(self, found: object) -> float:
        """The number."""
        return _real(found)

    def to_dict(self) -> dict[str, Value]:
        """Its bounds."""
        return {"distribution": "uniform", "min": self.low, "max": self.high}


@dataclass(frozen=True, slots=True)
class LogUniform:
    """A positive number whose logarithm is uniform.

    This is W&B's `log_uniform_values` and `inv_log_uniform_values` (bounds as they are), `log_uniform` (bounds are
    exponents of e) and `inv_log_uniform` (bounds are exponents of 1/e): where log(1/x) is uniform, log(x) is too.

    Attributes:
        low: The smallest value, above 0.
        high: The largest.
    """

    low: float
    high: float

    def draw(self, u: float) -> float:
        """The number at a quantile."""
        low, high = math.log(self.low), math.log(self.high)
        return min(max(math.exp(low + u * (high - low)), self.low), self.high)

    def grid(self) -> None:
        """Too many to list."""
        return

    def optuna(self) -> FloatDistribution:
        """The range, on a logarithmic scale."""
        return FloatDistribution(self.low, self.high, log=True)

    def from_optuna(self, found: object) -> float:
        """The number."""
        return _real(found)

    def to_dict(self) -> dict[str, Value]:
        """Its bounds."""
        return {"distribution": "log_uniform_values", "min": self.low, "max": self.high}


@dataclass(frozen=True, slots=True)
class Normal:
    """A normally distributed number (`normal`).

    Attributes:
        mu: Mean.
        sigma: Standard deviation, from 0.
    """

    mu: float
    sigma: float

    def draw(self, u: float) -> float:
        """The number at a quantile."""
        return self.mu + self.sigma * float(special.ndtri(_inner(u)))

    def grid(self) -> None:
        """Too many to list."""
        return

    def optuna(self) -> FloatDistribution:
        """The quantiles: what has no bounds is searched by its cumulative distribution function, as W&B does."""
        return FloatDistribution(_EDGE, 1 - _EDGE)

    def from_optuna(self, found: object) -> float:
        """The number at the quantile."""
        return self.draw(_real(found))

    def to_dict(self) -> dict[str, Value]:
        """Mean and standard deviation."""
        return {"distribution": "normal", "mu": self.mu, "sigma": self.sigma}


@dataclass(frozen=True, slots=True)
class LogNormal:
    """A number whose logarithm is normally distributed (`log_normal`).

    Attributes:
        mu: Mean of the logarithm.
        sigma: Its standard deviation, from 0.
    """

    mu: float
    sigma: float

    def draw(self, u: float) -> float:
        """The number at a quantile."""
        return math.exp(Normal(self.mu, self.sigma).draw(u))

    def grid(self) -> None:
        """Too many to list."""
        return

    def optuna(self) -> FloatDistribution:
        """The quantiles."""
        return FloatDistribution(_EDGE, 1 - _EDGE)

    def from_optuna(self, found: object) -> float:
        """The number at the quantile."""
        return self.draw(_real(found))

    def to_dict(self) -> dict[str, Value]:
        """Mean and standard deviation of the logarithm."""
        return {"distribution": "log_normal", "mu": self.mu, "sigma": self.sigma}


@dataclass(frozen=True, slots=True)
class Beta:
    """A number in [0, 1] (`beta`).

    Attributes:
        a: First shape, above 0.
        b: Second shape, above 0.
    """

    a: float
    b: float

    def draw(self, u: float) -> float:
        """The number at a quantile."""
        return float(special.betaincinv(self.a, self.b, _inner(u)))

    def grid(self) -> None:
        """Too many to list."""
        return

    def optuna(self) -> FloatDistribution:
        """The quantiles."""
        return FloatDistribution(_EDGE, 1 - _EDGE)

    def from_optuna(self, found: object) -> float:
        """The number at the quantile."""
        return self.draw(_real(found))

    def to_dict(self) -> dict[str, Value]:
        """Its shapes."""
        return {"distribution": "beta", "a": self.a, "b": self.b}


@dataclass(frozen=True, slots=True)
class Quantised:
    """The multiple of `q` nearest to what another distribution draws (`q_uniform`, `q_normal` and so on).

    Attributes:
        inner: The other distribution.
        q: The step, above 0; where it is a whole number, so are the values.
    """

    inner: Uniform | LogUniform | Normal | LogNormal | Beta
    q: int | float

    def draw(self, u: float) -> int | float:
        """The multiple at a quantile."""
        return self._nearest(self.inner.draw(u))

    def grid(self) -> Sequence[Value] | None:
        """Of `q_uniform` the values from `min` in steps of `q`, `max` left out, as W&B lists them; of others None."""
        if not isinstance(self.inner, Uniform):
            return None
        # The quotient of floats and not of decimals: W&B counts so
        count = math.ceil((self.inner.high - self.inner.low) / self.q)
        if count > MOST_LISTED:
            return None
        low, step = _exact(self.inner.low), _exact(self.q)
        whole = all(isinstance(number, int) for number in (self.inner.low, self.inner.high, self.q))
        return tuple((int if whole else float)(low + at * step) for at in range(count))

    def optuna(self) -> BaseDistribution:
        """That of the other distribution."""
        return self.inner.optuna()

    def from_optuna(self, found: object) -> int | float:
        """The multiple nearest to it."""
        return self._nearest(self.inner.from_optuna(found))

    def to_dict(self) -> dict[str, Value]:
        """The step, and the other distribution."""
        return {"distribution": "quantised", "q": self.q, "inner": self.inner.to_dict()}

    def _nearest(self, value: float) -> int | float:
        steps = round(value / self.q)
        return steps * self.q if isinstance(self.q, int) else float(_exact(self.q) * steps)


def same(value: Value) -> str:
    """Equal for values that W&B's grid takes for one: 1.0 and 1 are, true and 1 are not."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)


def distinct(values: Sequence[Value]) -> dict[str, Value]:
    """The values, each once, in their order; of those that are one the last is kept, as W&B does."""
    return {same(value): value for value in values}


def _real(found: object) -> float:
    assert isinstance(found, int | float)
    return float(found)


def _exact(number: float) -> Decimal:
    """The number as it is written, so that 3 times 0.1 is 0.3."""
    return Decimal(repr(number))


def _inner(u: float) -> float:
    """Away from 0, where an unbounded distribution is at minus infinity and scipy's beta at no number."""
    return max(u, 2.0**-53)
