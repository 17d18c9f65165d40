"""The distributions of W&B's sweep files: a number in [0, 1) becomes a value, and what each is for Optuna.

A value is drawn by its inverse cumulative distribution function, so that one number in [0, 1) decides it and a draw can
be repeated anywhere.

Source: https://docs.wandb.ai/guides/sweeps/sweep-config-keys/#distribution-options-for-random-and-bayesian-search, and
the MIT package `sweeps`, which W&B's server and local controller run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from optuna.distributions import BaseDistribution

from kirie.sweep.continuous import Beta, LogNormal, LogUniform, Normal, Quantised, Uniform
from kirie.sweep.discrete import Categorical, Constant, IntUniform
from kirie.sweep.values import Value

__all__ = [
    "Beta",
    "Categorical",
    "Constant",
    "Distribution",
    "IntUniform",
    "LogNormal",
    "LogUniform",
    "Normal",
    "Quantised",
    "Uniform",
]


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
