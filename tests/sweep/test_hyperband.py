"""Early stopping in W&B's meaning; the expectations were worked out by hand from its definition."""

from __future__ import annotations

from collections.abc import Sequence

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from kirie.sweep.hyperband import HyperbandPruner, bands_of
from kirie.sweep.ranking import Goal

Curve = tuple[Sequence[float], TrialState]

LOSSES: list[Curve] = [
    ([10, 9], TrialState.COMPLETE),
    ([10, 10], TrialState.RUNNING),
    ([10, 8, 8], TrialState.RUNNING),
    ([10, 7, 7], TrialState.RUNNING),
    ([10, 6, 6], TrialState.COMPLETE),
]


def _stopped(curves: Sequence[Curve], bands: list[int], eta: float, goal: Goal, strict: bool = False) -> list[int]:
    study = optuna.create_study(direction=goal)
    for values, state in curves:
        steps = dict(enumerate(values, 1))
        value = values[-1] if state == TrialState.COMPLETE else None
        study.add_trial(create_trial(state=state, value=value, intermediate_values=steps))
    pruner = HyperbandPruner(bands, eta=eta, strict=strict)
    running = study.get_trials(states=(TrialState.RUNNING,))
    return [trial.number for trial in running if pruner.prune(study, trial)]


@pytest.mark.parametrize(
    ("eta", "min_iter", "max_iter", "s", "bands"),
    [
        (3, None, 27, 2, [3, 9]),
        (3, None, 27, 9, [1, 3, 9]),
        (2, None, 5, 2, [1, 2]),
        (2, None, 1, 3, []),
        (3, 3, None, 0, [3, 9, 27, 81]),
        (1.5, 2, None, 0, [2, 3, 4, 6]),
    ],
)
def test_bands(eta: float, min_iter: int | None, max_iter: int | None, s: int, bands: list[int]) -> None:
    """From the last iteration down, or from the first up; a fraction is cut off."""
    assert bands_of(eta=eta, min_iter=min_iter, max_iter=max_iter, s=s)[: max(4, s)][: len(bands) or None] == bands


def test_one_in_eta_goes_on_from_each_band() -> None:
    """At band 1 all are alike; at band 2 the values are 6, 7, 8, 9, 10 and half of five may be at most 8."""
    assert _stopped(LOSSES, [1, 2], 2, "minimize") == [1]


def test_more_is_better_if_the_goal_says_so() -> None:
    """The same curves with other signs are stopped alike."""
    mirrored: list[Curve] = [([-value for value in values], state) for values, state in LOSSES]
    assert _stopped(mirrored, [1, 2], 2, "maximize") == [1]


def test_a_good_value_before_the_band_saves_a_trial_unless_strict() -> None:
    """The best so far counts; strictly, the value at the band."""
    curves: list[Curve] = [([1, 9], TrialState.RUNNING), ([5, 5], TrialState.COMPLETE), ([6, 6], TrialState.COMPLETE)]
    assert _stopped(curves, [2], 3, "minimize") == []
    assert _stopped(curves, [2], 3, "minimize", strict=True) == [0]


def test_before_the_first_band_nothing_is_stopped() -> None:
    """However bad it is."""
    assert _stopped([([99, 99], TrialState.RUNNING), ([1, 1, 1], TrialState.COMPLETE)], [3], 3, "minimize") == []


def test_what_is_no_number_is_no_iteration() -> None:
    """It was not logged: the third number is the third iteration."""
    nan = float("nan")
    curves: list[Curve] = [
        ([9, nan, 9, 9], TrialState.RUNNING),
        ([1, 1, 1], TrialState.COMPLETE),
        ([2, 2], TrialState.COMPLETE),
    ]
    assert _stopped(curves, [3], 3, "minimize") == [0]
    assert _stopped([([9, nan, 9], TrialState.RUNNING), *curves[1:]], [3], 3, "minimize") == []
