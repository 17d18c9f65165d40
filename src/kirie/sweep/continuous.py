"""Distributions over real numbers, and what becomes of them in steps of `q`.

Quantised distributions are W&B's: the nearest multiple of `q`, halves to the even one, which may lie outside the bounds
by half a `q`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from optuna.distributions import BaseDistribution, FloatDistribution
from scipy import special

from kirie.sweep.values import MOST_LISTED, Value

_EDGE = 1e-6
"""How near to 0 and 1 Optuna's search over quantiles goes, where an unbounded distribution has its infinities."""


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


def _real(found: object) -> float:
    assert isinstance(found, int | float)
    return float(found)


def _exact(number: float) -> Decimal:
    """The number as it is written, so that 3 times 0.1 is 0.3."""
    return Decimal(repr(number))


def _inner(u: float) -> float:
    """Away from 0, where an unbounded distribution is at minus infinity and scipy's beta at no number."""
    return max(u, 2.0**-53)
