"""Which trials are best: by one objective, by several (Pareto), and by the mean over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal

from scipy.special import stdtrit

from kirie.sweep.entry import Trial

Goal = Literal["maximize", "minimize"]

_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Ranked:
    """A trial with its repeats.

    Attributes:
        trial: The trial of the search.
        values: The metric of the trial and of its repeats that have ended.
        mean: Their mean.
        low: Lower end of the mean's 95 % interval (Student's t); NaN for a single value.
        high: Its upper end.
    """

    trial: Trial
    values: tuple[float, ...]
    mean: float
    low: float
    high: float


def ranked(trials: Sequence[Trial], goal: Goal) -> list[Ranked]:
    """Finished trials of the search, the best first.

    Those that were repeated the most come before the others: a mean over seeds says more than one run. Among trials
    with as many values the mean decides, then the number.
    """
    repeats: dict[int, list[float]] = {}
    for trial in trials:
        if trial.state == "finished" and trial.repeat_of is not None and trial.value is not None:
            repeats.setdefault(trial.repeat_of, []).append(trial.value)
    found = [
        _with_interval(trial, (trial.value, *repeats.get(trial.number, ())))
        for trial in trials
        if trial.state == "finished" and trial.repeat_of is None and trial.value is not None
    ]
    sign = _sign(goal)
    return sorted(found, key=lambda one: (-len(one.values), sign * one.mean, one.trial.number))


def pareto(trials: Sequence[Trial], goals: Sequence[Goal]) -> list[Trial]:
    """Finished trials that no other one beats in one objective without being worse in another, by number."""
    signs = [_sign(goal) for goal in goals]
    finished = [trial for trial in trials if trial.state == "finished" and len(trial.values) == len(signs)]
    costs = [tuple(sign * value for sign, value in zip(signs, trial.values, strict=True)) for trial in finished]
    return [
        trial
        for trial, cost in zip(finished, costs, strict=True)
        if not any(_dominates(other, cost) for other in costs)
    ]


def better(value: float, other: float, goal: Goal) -> bool:
    """Whether a value is as good as another or better."""
    return value >= other if goal == "maximize" else value <= other


def _dominates(cost: Sequence[float], other: Sequence[float]) -> bool:
    return all(a <= b for a, b in zip(cost, other, strict=True)) and tuple(cost) != tuple(other)


def _with_interval(trial: Trial, values: tuple[float, ...]) -> Ranked:
    mean, count = fmean(values), len(values)
    if count == 1:
        return Ranked(trial, values, mean, math.nan, math.nan)
    half = float(stdtrit(count - 1, 0.5 + _CONFIDENCE / 2)) * stdev(values) / math.sqrt(count)
    return Ranked(trial, values, mean, mean - half, mean + half)


def _sign(goal: Goal) -> float:
    return -1.0 if goal == "maximize" else 1.0
