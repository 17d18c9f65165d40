"""Repeats: the best trials once more with other seeds, when the search is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kirie.sweep.entry import Trial
from kirie.sweep.ranking import Goal

SEED = "seed"
"""The parameter that a repeat has otherwise; `kirie train`'s own."""

_APART = 1000
"""Distance between the seeds of two repeats: far from the small seeds that people choose."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """A trial to be added.

    Attributes:
        of: The trial that it repeats.
        index: Which repeat of it, from 1.
        params: Its parameters.
    """

    of: int
    index: int
    params: dict[str, Any]


def missing_repeats(
    trials: Sequence[Trial], made: set[tuple[int, int]], *, goal: Goal, runs: int, top: int
) -> list[Repeat]:
    """The repeats that are still to be added, once the search is over.

    Args:
        trials: All trials.
        made: The repeats that there are, by the trial that they repeat and their index.
        goal: The metric's goal.
        runs: How often each of the best is run in all, itself included.
        top: How many are the best.
    """
    sign = -1.0 if goal == "maximize" else 1.0
    # By the search's own value, and not by the mean over repeats so far: the choice must not change meanwhile
    finished = [trial for trial in trials if trial.state == "finished" and trial.repeat_of is None]
    scored = [(sign * trial.value, trial.number, trial) for trial in finished if trial.value is not None]
    return [
        Repeat(trial.number, index, dict(trial.params) | {SEED: _seed(trial, index)})
        for _, _, trial in sorted(scored, key=lambda entry: entry[:2])[:top]
        for index in range(1, runs)
        if (trial.number, index) not in made
    ]


def _seed(trial: Trial, index: int) -> int:
    own = trial.params.get(SEED)
    return (own if isinstance(own, int) else 1) + _APART * index
