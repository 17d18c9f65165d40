"""The importance of parameters, against Optuna's own of the same method."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import TrialState, create_trial

from kirie.board.sweeps.importance import LEAST, Goal, importances, why_none

SPACE: dict[str, BaseDistribution] = {
    "lr": FloatDistribution(1e-5, 1e-1, log=True),
    "decay": FloatDistribution(0.0, 1.0),
    "model": CategoricalDistribution(["fpn", "segnet", "unet"]),
    "noise": FloatDistribution(-3.0, 3.0),
}


def _trials(number: int, seed: int) -> tuple[list[dict[str, Any]], list[float]]:
    """Trials of which the learning rate matters most, then the model, then the decay; one parameter is noise."""
    random = np.random.default_rng(seed)
    params, values = [], []
    for _ in range(number):
        one: dict[str, Any] = {
            "lr": float(10 ** random.uniform(-5, -1)),
            "decay": float(random.uniform(0, 1)),
            "model": str(random.choice(["fpn", "segnet", "unet"])),
            "noise": float(random.uniform(-3, 3)),
        }
        good = -((np.log10(one["lr"]) + 3) ** 2) + {"unet": 0.8, "fpn": 0.4, "segnet": 0.0}[one["model"]]
        params.append(one)
        values.append(float(good - 0.3 * one["decay"] + random.normal(0, 0.05)))
    return params, values


def _optunas(params: list[dict[str, Any]], values: list[float], goal: Goal) -> dict[str, float]:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction=goal)
    for one, value in zip(params, values, strict=True):
        study.add_trial(
            create_trial(
                state=TrialState.COMPLETE, params=one, distributions={name: SPACE[name] for name in one}, value=value
            )
        )
    quantile = max(0.1, min(0.5, LEAST / len(values)))
    return get_param_importances(study, evaluator=PedAnovaImportanceEvaluator(target_quantile=quantile))


@pytest.mark.parametrize("number", [40, 100, 400])
@pytest.mark.parametrize("seed", [0, 1])
def test_shares_are_near_optunas(number: int, seed: int) -> None:
    """Every share is within 0.08 of Optuna's; what matters most is the same, and shares 0.1 apart keep their order."""
    params, values = _trials(number, seed)
    ours, theirs = importances(params, values, "maximize"), _optunas(params, values, "maximize")
    assert sum(ours.values()) == pytest.approx(1)
    assert ours == pytest.approx(theirs, abs=0.08)
    assert next(iter(ours)) == max(theirs, key=lambda name: theirs[name])
    for one in ours:
        for other in ours:
            assert theirs[one] < theirs[other] + 0.1 or ours[one] > ours[other], (one, other)


def test_the_goal_turns_the_question_round() -> None:
    """Minimising the negated metric is maximising the metric."""
    params, values = _trials(80, 2)
    turned = importances(params, [-value for value in values], "minimize")
    assert turned == pytest.approx(importances(params, values, "maximize"))


def test_parameters_that_some_trials_have_count_for_those() -> None:
    """A parameter that only one architecture has is near what Optuna says of it."""
    params, values = _trials(200, 3)
    for one in params:
        if one["model"] != "unet":
            del one["decay"]
    assert importances(params, values, "maximize") == pytest.approx(_optunas(params, values, "maximize"), abs=0.08)


def test_the_truth_is_found() -> None:
    """With many trials the parameters come in the order in which they matter, and noise has next to nothing."""
    params, values = _trials(1500, 4)
    found = importances(params, values, "maximize")
    assert next(iter(found)) == "lr"
    assert found["noise"] < 0.05


@pytest.mark.parametrize(
    ("params", "values"),
    [
        ([{"x": at} for at in range(LEAST - 1)], [float(at) for at in range(LEAST - 1)]),
        ([{"x": at} for at in range(20)], [1.0] * 20),
        ([{"x": 1}] * 20, [float(at) for at in range(20)]),
        ([{}] * 20, [float(at) for at in range(20)]),
        ([{"x": at} for at in range(20)], [float("nan")] * 20),
    ],
)
def test_too_little_says_nothing(params: list[dict[str, Any]], values: list[float]) -> None:
    """Few trials, one value, one parameter value or no parameter: no importance."""
    assert importances(params, values, "maximize") == {}


def test_odd_values_are_choices() -> None:
    """Lists, nothing and mixed types are choices, and huge whole numbers do not stop it."""
    params: list[dict[str, Any]] = [
        {"size": [64, 64] if at % 2 else [128, 128], "mixed": None if at % 3 else "x", "huge": 10**400 + at}
        for at in range(40)
    ]
    found = importances(params, [float(at % 2) + at / 1000 for at in range(40)], "maximize")
    assert max(found, key=lambda name: found[name]) in {"size", "huge"}
    assert set(found) == {"size", "mixed", "huge"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([], "No trial that finished has a value of miou."),
        ([0.5], "1 finished trial is too few to tell; it takes 8."),
        ([0.1, 0.2, 0.3], "3 finished trials are too few to tell; it takes 8."),
        ([0.3, 0.1 + 0.2] * 10, "All 20 finished trials came to the same miou"),
        ([at / 20 for at in range(20)], "Nothing was varied among the 20 finished trials."),
    ],
)
def test_the_reason_is_the_true_one(values: list[float], said: str) -> None:
    """Nothing is told of too few, equal or unvaried trials, and each time it is said which of these it is."""
    params = (
        [{"lr": 0.1} for _ in values] if len(set(values)) > 3 else [{"lr": float(at)} for at, _ in enumerate(values)]
    )
    assert importances(params, values, "maximize") == {}
    assert why_none(params, values, "miou").startswith(said)
