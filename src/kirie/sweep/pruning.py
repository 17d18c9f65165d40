"""Which trials are stopped early: by the sweep file's `early_terminate`, or by the companion file's `pruner`."""

from __future__ import annotations

from collections.abc import Callable

from optuna.pruners import BasePruner, MedianPruner
from optuna.storages import BaseStorage
from optuna.study import load_study
from optuna.trial import FrozenTrial

from kirie.errors import SweepError
from kirie.sweep.companion import Companion
from kirie.sweep.hyperband import HyperbandPruner, bands_of
from kirie.sweep.spec import SweepSpec


def pruner_of(spec: SweepSpec, companion: Companion) -> BasePruner | None:
    """The sweep's pruner, None without one.

    Raises:
        SweepError: The sweep has no metric or several objectives, or no band is left.
    """
    stop = spec.early_terminate
    if stop is None and companion.pruner is None:
        return None
    if spec.metric is None:
        raise SweepError(f"{spec.path} stops trials early, and has no metric to judge them by; add metric.name.")
    if len(companion.objectives) > 1:
        raise SweepError(
            f"{spec.path} stops trials early, and its companion file has several objectives: a small model with a low "
            f"{spec.metric.name} may still be the best of its size. Remove early_terminate, pruner or objectives."
        )
    if stop is None:
        # The other half goes on: Golovin et al., Google Vizier, KDD 2017 (median stopping rule)
        return MedianPruner(n_startup_trials=5, n_warmup_steps=1)
    bands = bands_of(eta=stop.eta, min_iter=stop.min_iter, max_iter=stop.max_iter, s=int(stop.s or 0))
    if not bands:
        raise SweepError(
            f"{spec.path}: early_terminate compares trials nowhere: max_iter {stop.max_iter} divided by eta {stop.eta} "
            "is below 1. Raise max_iter, or lower eta."
        )
    return HyperbandPruner(bands, eta=stop.eta, strict=stop.strict)


def prune_with(pruner: BasePruner | None, storage: BaseStorage, study: str) -> Callable[[FrozenTrial], bool] | None:
    """The pruner's question about one trial of a study."""
    if pruner is None:
        return None
    found = load_study(study_name=study, storage=storage)

    def prune(trial: FrozenTrial) -> bool:
        return pruner.prune(found, trial)

    return prune
