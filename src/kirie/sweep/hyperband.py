"""Early stopping as W&B means it by `early_terminate: hyperband`.

One bracket of asynchronous successive halving: at a few fixed iterations (bands) a trial must be among the best
1/eta of all trials that have come so far, else it is stopped. An iteration is the n-th time that the metric was logged.

Source: Li et al., Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization, JMLR 18 (2018), in the
asynchronous form of Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020. Optuna's
HyperbandPruner is another thing: several brackets, into which trials are divided beforehand.
"""

from __future__ import annotations

import math
from bisect import insort

from optuna.pruners import BasePruner
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

_MOST_BANDS = 100
_LAST = 10**9


def bands_of(*, eta: float, min_iter: int | None, max_iter: int | None, s: int) -> list[int]:
    """The iterations at which trials are compared, rising.

    Args:
        eta: The factor between two bands, above 1.
        min_iter: The first band; the others are its multiples by eta.
        max_iter: Instead of `min_iter`: how often a whole run logs the metric. The bands are that divided by eta, once
            to `s` times, as far as at least 1 is left.
        s: How many bands below `max_iter`.
    """
    if max_iter is not None:
        whole = [max_iter / eta**power for power in range(1, min(s, _MOST_BANDS) + 1)]
        return sorted(int(band) for band in whole if band >= 1)
    assert min_iter is not None, "the sweep file names one of the two"
    bands: list[int] = []
    band = float(min_iter)
    while band < _LAST and len(bands) < _MOST_BANDS:
        bands.append(int(band))
        band *= eta
    return bands


class HyperbandPruner(BasePruner):
    """Stops trials that are not among the best 1/eta at the band that they have reached.

    Args:
        bands: The iterations at which trials are compared, rising.
        eta: One in eta goes on.
        strict: Compare the value at the band, and not the best one so far.
    """

    def __init__(self, bands: list[int], *, eta: float, strict: bool = False) -> None:
        self._bands, self._share, self._strict = bands, 1.0 / eta, strict
        # What ended trials had at each band, rising; a trial that has ended does not change any more
        self._ended: list[list[float]] = [[] for _ in bands]
        self._counted: set[int] = set()

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether a trial is to be stopped after the value that it has reported last."""
        sign = -1.0 if study.direction == StudyDirection.MAXIMIZE else 1.0
        curve = _curve(trial, sign)
        reached = sum(band <= len(curve) for band in self._bands) - 1
        if reached < 0:
            return False
        band = self._bands[reached]
        at_band = sorted(self._ended_at(study, reached, sign) + self._running_at(study, band, sign))
        # The trial itself is among them
        threshold = at_band[int(self._share * len(at_band))]
        return (curve[band - 1] if self._strict else min(curve)) > threshold

    def _ended_at(self, study: Study, reached: int, sign: float) -> list[float]:
        for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)):
            if trial.number not in self._counted:
                self._counted.add(trial.number)
                curve = _curve(trial, sign)
                for band, values in zip(self._bands, self._ended, strict=True):
                    if band <= len(curve):
                        insort(values, curve[band - 1])
        return self._ended[reached]

    def _running_at(self, study: Study, band: int, sign: float) -> list[float]:
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        curves = (_curve(trial, sign) for trial in running)
        return [curve[band - 1] for curve in curves if band <= len(curve)]


def _curve(trial: FrozenTrial, sign: float) -> list[float]:
    """A trial's values in order, less is better; one that is not a number was not logged."""
    steps = trial.intermediate_values
    return [sign * steps[step] for step in sorted(steps) if math.isfinite(steps[step])]
