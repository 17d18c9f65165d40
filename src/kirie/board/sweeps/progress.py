"""How a sweep went: the best so far, and which trials no other one beats."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from kirie.board.sweeps.importance import Goal
from kirie.board.sweeps.trials import Trial

COSTS: dict[str, Callable[[Trial], float | None]] = {
    "latency_ms": lambda trial: trial.latency_ms,
    "size": lambda trial: trial.size,
    "cost_s": lambda trial: trial.cost_s,
}
"""What a better value may cost; less is better."""


def best_over_trials(trials: Sequence[Trial], goal: Goal) -> list[tuple[float, float]]:
    """The best value after each finished trial of the search: its number, and the best so far."""
    searched = sorted((one for one in trials if counts(one)), key=lambda one: one.number)
    return _best([(float(one.number), _value(one)) for one in searched], goal)


def best_over_cost(trials: Sequence[Trial], goal: Goal) -> list[tuple[float, float]]:
    """The best value against the device seconds that all trials had taken until then, failed and pruned ones too."""
    points: list[tuple[float, float | None]] = []
    spent = 0.0
    for one in sorted(trials, key=lambda one: (one.ended if one.ended is not None else math.inf, one.number)):
        spent += one.cost_s or 0.0
        points.append((spent, _value(one) if counts(one) else None))
    return _best([(at, value) for at, value in points if value is not None], goal)


def front(trials: Sequence[Trial], cost: str, goal: Goal) -> list[int]:
    """The numbers of the finished trials that no other one beats in value or cost without being worse in the other.

    Args:
        trials: The sweep's trials.
        cost: One of COSTS.
        goal: Of the value.

    Returns:
        By rising cost.
    """
    sign = -1.0 if goal == "maximize" else 1.0
    points = sorted(
        (price, sign * _value(one), one.number)
        for one in trials
        if counts(one) and (price := COSTS[cost](one)) is not None and math.isfinite(price)
    )
    found: list[int] = []
    least = last = (math.inf, math.inf)
    for price, loss, number in points:
        # Equal in both is no worse
        if loss < least[1] or (price, loss) == last:
            found.append(number)
            least = last = (price, loss)
    return found


def _best(points: Sequence[tuple[float, float]], goal: Goal) -> list[tuple[float, float]]:
    better = max if goal == "maximize" else min
    found: list[tuple[float, float]] = []
    for at, value in points:
        found.append((at, better(found[-1][1], value) if found else value))
    return found


def counts(one: Trial) -> bool:
    """Whether a trial's value is one of the search: it finished, repeats none, and has a finite value."""
    return one.state == "finished" and one.repeat_of is None and one.value is not None and math.isfinite(one.value)


def _value(one: Trial) -> float:
    assert one.value is not None
    return one.value
