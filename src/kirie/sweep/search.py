"""How a trial gets its parameters, by the sweep's method."""

from __future__ import annotations

import hashlib
from typing import Any

from optuna.samplers import BaseSampler, GPSampler, TPESampler
from optuna.storages import BaseStorage
from optuna.study import load_study
from optuna.trial import Trial

from kirie.sweep.space import Space


def drawn(space: Space, method: str, seed: int, index: int) -> dict[str, Any] | None:
    """The parameters of a trial of the search that depend on nothing but its place; None for `bayes`.

    Args:
        space: The search space.
        method: "grid", "random" or "bayes".
        seed: The sweep's seed.
        index: Which trial of the search, from 0.
    """
    if method == "grid":
        return dict(space.combination(index))
    return dict(space.draw(seed, index)) if method == "random" else None


def suggested(storage: BaseStorage, study: str, trial_id: int, space: Space, sampler: str, seed: int) -> dict[str, Any]:
    """The parameters that Bayesian search chooses, from what is known of all trials, those that run included.

    Args:
        storage: The ledger.
        study: The study's name.
        trial_id: The trial's id in the storage.
        space: The search space.
        sampler: "tpe" (Bergstra et al., Algorithms for Hyper-Parameter Optimization, NeurIPS 2011, with the running
            trials counted as bad ones) or "gp" (Gaussian process, expected improvement with pending points).
        seed: The sweep's seed.
    """
    found = load_study(study_name=study, storage=storage, sampler=_sampler(sampler, seed, trial_id))
    return dict(space.suggest(Trial(found, trial_id)))


def _sampler(name: str, seed: int, trial_id: int) -> BaseSampler:
    # One seed a trial: the first trials are drawn at random, and two workers must not draw alike
    own = int.from_bytes(hashlib.sha256(f"{seed}/{trial_id}".encode()).digest()[:4], "big")
    return GPSampler(seed=own) if name == "gp" else TPESampler(seed=own)
