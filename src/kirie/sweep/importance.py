"""How much each parameter matters for the metric, from the trials that have finished.

PED-ANOVA (Watanabe, Bansal and Hutter, IJCAI 2023; for parameters that only some trials have: the conditional form of
2026), as Optuna computes it: how far the parameters of the better trials are from those of all. It needs no model of
the metric, and is told of with care below a few dozen trials.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.study import create_study
from optuna.trial import TrialState, create_trial

from kirie.sweep.entry import Trial
from kirie.sweep.ranking import Goal

LEAST = 8
"""Finished trials below which nothing is said."""

_BEST = 0.1
"""Share of the trials that counts as the better ones, where that is `LEAST` trials at least."""

_DECADES = 100.0
"""From this ratio of largest to smallest value on, a number is looked at by its logarithm."""

_LEVELS = 6
"""Up to so many different numbers count as choices."""


def importances(trials: Sequence[Trial], goal: Goal) -> dict[str, float]:
    """Each parameter's share, the largest first; they sum to 1. Empty while too few trials have finished.

    Args:
        trials: All trials; repeats with other seeds are left out.
        goal: The metric's goal.
    """
    finished = [one for one in trials if one.state == "finished" and one.repeat_of is None and one.value is not None]
    spaces = _spaces(finished)
    if len(finished) < LEAST or not spaces or len({one.value for one in finished}) < 2:
        return {}
    # It tells of every study that it makes
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = create_study(direction=goal)
    for one in finished:
        params = {name: _as_seen(value, spaces[name]) for name, value in one.params.items() if name in spaces}
        study.add_trial(
            create_trial(
                state=TrialState.COMPLETE,
                params=params,
                distributions={name: spaces[name] for name in params},
                value=one.value,
            )
        )
    evaluator = PedAnovaImportanceEvaluator(target_quantile=max(_BEST, min(0.5, LEAST / len(finished))))
    found = get_param_importances(study, evaluator=evaluator)
    return dict(sorted(found.items(), key=lambda entry: -entry[1]))


def _spaces(finished: Sequence[Trial]) -> dict[str, BaseDistribution]:
    """What each parameter ranged over, as far as it was tried; one that never changed has no importance."""
    tried: dict[str, list[Any]] = {}
    for one in finished:
        for name, value in one.params.items():
            tried.setdefault(name, []).append(value)
    found: dict[str, BaseDistribution] = {}
    for name, values in tried.items():
        different = {json.dumps(value, sort_keys=True) for value in values}
        if len(different) < 2:
            continue
        if len(different) > _LEVELS and all(_is_number(value) for value in values):
            low, high = float(min(values)), float(max(values))
            found[name] = FloatDistribution(low, high, log=low > 0 and high / low >= _DECADES)
        else:
            found[name] = CategoricalDistribution(sorted(different))
    return found


def _as_seen(value: Any, space: BaseDistribution) -> Any:
    return float(value) if isinstance(space, FloatDistribution) else json.dumps(value, sort_keys=True)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
