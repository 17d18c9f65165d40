"""Ranking: over seeds by mean and interval, over several objectives by Pareto."""

from __future__ import annotations

import math

from scipy import stats

from kirie.sweep.entry import Trial
from kirie.sweep.ranking import Goal, pareto, ranked
from kirie.sweep.repeats import missing_repeats


def _trial(number: int, *values: float, repeat_of: int | None = None, **params: object) -> Trial:
    return Trial(number, "finished", params, values, None, None, 1, 1.0, "", "", False, 0, None, repeat_of)


TRIALS = [
    _trial(0, 0.80),
    _trial(1, 0.90),
    _trial(2, 0.85),
    _trial(3, 0.70, repeat_of=1),
    _trial(4, 0.74, repeat_of=1),
    _trial(5, 0.84, repeat_of=2),
    _trial(6, 0.83, repeat_of=2),
]


def test_repeated_trials_come_first_by_their_mean() -> None:
    """The luckiest single run is not the best one; the interval is Student's."""
    best, second, single = ranked(TRIALS, "maximize")
    assert [best.trial.number, second.trial.number, single.trial.number] == [2, 1, 0]
    assert math.isclose(best.mean, 0.84)
    low, high = stats.t.interval(0.95, 2, loc=best.mean, scale=stats.sem([0.85, 0.84, 0.83]))
    assert math.isclose(best.low, low)
    assert math.isclose(best.high, high)
    assert math.isnan(single.low)
    assert [one.trial.number for one in ranked(TRIALS, "minimize")] == [1, 2, 0]


def test_a_trial_that_another_beats_is_not_in_the_pareto_set() -> None:
    """Equal ones stay both."""
    goals: list[Goal] = ["maximize", "minimize"]
    trials = [_trial(0, 0.5, 10), _trial(1, 0.5, 10), _trial(2, 0.5, 11), _trial(3, 0.6, 12), _trial(4, 0.4, 9)]
    assert [trial.number for trial in pareto(trials, goals)] == [0, 1, 3, 4]
    assert pareto([], goals) == []


def test_repeats_are_chosen_by_the_searchs_own_values() -> None:
    """Not by their means, which change while they run; what is made already is not asked for twice."""
    made = {(1, 1), (1, 2), (2, 1)}
    found = missing_repeats(TRIALS, made, goal="maximize", runs=3, top=2)
    assert [(one.of, one.index) for one in found] == [(2, 2)]


def test_a_repeat_has_another_seed() -> None:
    """Far from the trial's own, and from each other's."""
    found = missing_repeats([_trial(0, 0.5, seed=7, lr=0.1)], set(), goal="maximize", runs=3, top=5)
    assert [one.params for one in found] == [{"seed": 1007, "lr": 0.1}, {"seed": 2007, "lr": 0.1}]
