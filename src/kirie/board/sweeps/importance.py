"""How much each parameter matters for the metric, without a model of it and without the training stack.

PED-ANOVA (Watanabe, Bansal and Hutter, "PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary
subspaces", IJCAI 2023): how far the parameter's values in the better trials are distributed from those in all, as the
Pearson divergence of two Parzen estimates. A parameter that only some trials have counts by the share of the better
trials and of all that have it (Ito, Watanabe et al., "condPED-ANOVA", 2026). `kirie sweep` asks Optuna for the same; a
test holds the two against each other.

Shapes: N trials, G points of a grid or choices.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Goal = Literal["maximize", "minimize"]
Array = NDArray[np.float64]

LEAST = 8
"""Finished trials below which nothing is said."""

CARE = 30
"""Finished trials below which it is to be told with care."""

_BEST = 0.1
"""Share of the trials that counts as the better ones, where that is LEAST trials at least."""

DECADES = 100.0
"""From this ratio of largest to smallest value on, a number is looked at by its logarithm."""

LEVELS = 6
"""Up to so many different numbers count as choices."""

_ROUNDING = 1e-9
"""Differences below this share of the values are none."""

_GRID = 50
_TINY = 1e-12


def importances(
    params: Sequence[Mapping[str, Any]], values: Sequence[float], goal: Goal, logs: Mapping[str, bool] | None = None
) -> dict[str, float]:
    """Each parameter's share, the largest first; they sum to 1. Empty while too few trials have finished.

    Args:
        params: The parameters of each finished trial, N of them.
        values: The metric of each.
        goal: Whether larger or smaller values are better.
        logs: Whether a number is looked at by its logarithm, where that is known; otherwise its range decides.
    """
    value_N = np.asarray(values, dtype=np.float64)
    if len(value_N) < LEAST or not np.isfinite(value_N).all() or is_one(values):
        return {}
    number = math.ceil(max(_BEST, min(0.5, LEAST / len(value_N))) * len(value_N))
    order_N = np.sort(-value_N if goal == "maximize" else value_N)
    # As many as tie with the last of the better ones
    better_N = (-value_N if goal == "maximize" else value_N) <= order_N[number - 1]
    found: dict[str, float] = {}
    for name, tried in _columns(params).items():
        has_N = np.array([name in one for one in params])
        density = _densities(tried, better_N[has_N], (logs or {}).get(name))
        if density is None:
            continue
        top_G, all_G = density
        weight = float(better_N[has_N].sum() / better_N.sum()) ** 2 / float(has_N.mean())
        found[name] = weight * float(all_G @ (top_G / all_G - 1) ** 2)
    total = sum(found.values())
    if total <= 0:
        return {}
    return dict(sorted(((name, one / total) for name, one in found.items()), key=lambda entry: -entry[1]))


def why_none(params: Sequence[Mapping[str, Any]], values: Sequence[float], metric: str) -> str:
    """Why nothing can be told of these finished trials, in a sentence for people.

    Args:
        params: The parameters of each.
        values: The metric of each.
        metric: Its name.
    """
    number = len(values)
    if number == 0:
        return f"No trial that finished has a value of {metric}."
    if number < LEAST:
        return f"{number} finished trial{'s are' if number > 1 else ' is'} too few to tell; it takes {LEAST}."
    if is_one(values):
        return f"All {number} finished trials came to the same {metric}, so nothing can have mattered."
    if not any(_choices(one) > 1 for one in _columns(params).values()):
        return f"Nothing was varied among the {number} finished trials."
    return f"The better ones of the {number} finished trials have the same parameters as all."


def is_one(values: Sequence[float]) -> bool:
    """Whether values are equal but for rounding."""
    return len(values) > 0 and max(values) - min(values) <= _ROUNDING * max(map(abs, values))


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, and no truth value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _columns(params: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """What was tried of each parameter."""
    found: dict[str, list[Any]] = {}
    for one in params:
        for name, value in one.items():
            found.setdefault(name, []).append(value)
    return found


def _choices(tried: Sequence[Any]) -> int:
    return len({json.dumps(value, sort_keys=True, default=str) for value in tried})


def _densities(tried: Sequence[Any], better_N: NDArray[np.bool_], log: bool | None) -> tuple[Array, Array] | None:
    """A parameter's distribution in the better trials and in all; None if it never changed or no better one has it."""
    if not better_N.any() or len(tried) < 2:
        return None
    number = _choices(tried)
    if number < 2:
        return None
    if number > LEVELS and all(is_number(value) for value in tried):
        at_N = _unit(np.array(tried, dtype=np.float64), log)
        return _smooth(at_N[better_N]) + _TINY, _smooth(at_N) + _TINY
    choices = {json.dumps(value, sort_keys=True, default=str) for value in tried}
    place = {choice: at for at, choice in enumerate(sorted(choices))}
    which_N = np.array([place[json.dumps(value, sort_keys=True, default=str)] for value in tried])
    return _counted(which_N[better_N], len(place)) + _TINY, _counted(which_N, len(place)) + _TINY


def _unit(value_N: Array, log: bool | None) -> Array:
    """Numbers brought to 0..1 over the range that was tried."""
    low, high = float(value_N.min()), float(value_N.max())
    if low > 0 and (high / low >= DECADES if log is None else log):
        value_N = np.log(value_N)
        low, high = float(value_N.min()), float(value_N.max())
    found: Array = (value_N - low) / (high - low)
    return found


def _smooth(at_N: Array) -> Array:
    """A Parzen estimate on a grid over 0..1: Gaussians cut at the ends, and one observation that is everywhere."""
    half = 0.5 / (_GRID - 1)
    grid_G = np.linspace(0, 1, _GRID)
    spread = float(at_N.std(ddof=1)) if len(at_N) > 1 else 0.0
    quarter, three = np.quantile(at_N, [0.25, 0.75])
    if three > quarter:
        spread = min(spread, float(three - quarter) / 1.34)
    # Scott's rule; nine tenths of the narrowest lie in one cell
    width = max(1.059 * spread * len(at_N) ** -0.2, half / 1.64)
    upper_GN, lower_GN = (ndtr((grid_G[:, None] + side - at_N) / width) for side in (half, -half))
    inside_N = ndtr((1 + half - at_N) / width) - ndtr((-half - at_N) / width)
    each_GN = (upper_GN - lower_GN) / inside_N
    found: Array = (each_GN.sum(axis=1) + 1 / _GRID) / (len(at_N) + 1)
    return found


def _counted(which_N: NDArray[np.int64], number: int) -> Array:
    """A Parzen estimate over choices, and one observation that is spread over all.

    The kernel gives a part of each observation to the other choices, as much as Optuna's does: the two are to tell the
    same of one sweep.
    """
    count_G = np.bincount(which_N, minlength=number)
    leak = 1 / (np.count_nonzero(count_G) + 1)
    each_G = (count_G + leak * len(which_N)) / (1 + leak * number)
    found: Array = (each_G + 1 / number) / (len(which_N) + 1)
    return found
