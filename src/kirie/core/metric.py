"""A score by its name: either a function of summed counts that takes any leading axes, as resampling needs it, or one
that a run can only report.

What a score means is defined in `core.scores`; this file only says the same for many resamples at once, and a test
holds the two against each other for every name. Scores of instances (`map`, `pq`) are no function of the table's
counts: they are taken as the run's score file has them, and cannot be resampled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kirie.core.bootstrap import Statistic
from kirie.core.scores import COLUMNS, INSTANCE, INSTANCE_PER_LABEL, ratio
from kirie.errors import UsageError

Array = NDArray[np.float64]

_AT = {name: at for at, name in enumerate(COLUMNS)}


def _iou(counts: Array) -> tuple[Array, Array, Array]:
    tp, fp, fn = (counts[..., _AT[name]] for name in ("tp", "fp", "fn"))
    return tp, tp + fp + fn, tp + fn


def _dice(counts: Array) -> tuple[Array, Array, Array]:
    tp, union, truth = _iou(counts)
    return 2 * tp, tp + union, truth


def _boundary_iou(counts: Array) -> tuple[Array, Array, Array]:
    tp, fp, fn = (counts[..., _AT[name]] for name in ("boundary_tp", "boundary_fp", "boundary_fn"))
    return tp, tp + fp + fn, tp + fn


def _small_recall(counts: Array) -> tuple[Array, Array, Array]:
    found, total = counts[..., _AT["small_found"]], counts[..., _AT["small_total"]]
    return found, total, total


def _accuracy(counts: Array) -> tuple[Array, Array, Array]:
    tp, _, truth = _iou(counts)
    return tp, truth, truth


_PER_LABEL = {"iou": _iou, "dice": _dice, "boundary_iou": _boundary_iou, "small_recall": _small_recall}
_MACRO = {"miou": _iou, "dice": _dice, "boundary_iou": _boundary_iou}
_MICRO = {"micro_iou": _iou, "micro_dice": _dice, "accuracy": _accuracy, "small_recall": _small_recall}


def metric_names(labels: Sequence[str]) -> list[str]:
    """Every metric that the per-image table gives; one label's is written `iou/eye`."""
    return [*_MACRO, *_MICRO, *(f"{key}/{label}" for key in _PER_LABEL for label in labels)]


def is_reported(metric: str, labels: Sequence[str]) -> bool:
    """Whether runs can be chosen by it, but only as their score file has it: `map`, `pq`, `map/eye`."""
    key, _, label = metric.partition("/")
    return metric in INSTANCE or (key in INSTANCE_PER_LABEL and label in labels)


def check_metric(metric: str, labels: Sequence[str]) -> None:
    """Refuses what runs cannot be chosen by.

    Raises:
        UsageError: There is no such metric; the message names them.
    """
    if not is_reported(metric, labels):
        statistic(metric, labels)


def statistic(metric: str, labels: Sequence[str]) -> Statistic:
    """The score of that name.

    Args:
        metric: One of `metric_names(labels)`.
        labels: The labels' names in order of their ids.

    Returns:
        A function from summed counts of shape (..., L, K) to scores of shape (...), NaN where it is not defined.

    Raises:
        UsageError: There is no such metric; the message names them.
    """
    if metric in _MACRO:
        parts = _MACRO[metric]
        return lambda counts: _mean(ratio(*_floats(parts, counts)))
    if metric in _MICRO:
        parts = _MICRO[metric]
        return lambda counts: _total(*_floats(parts, counts))
    key, _, label = metric.partition("/")
    if key in _PER_LABEL and label in labels:
        parts, at = _PER_LABEL[key], list(labels).index(label)
        return lambda counts: ratio(*_floats(parts, counts[..., at, :]))
    raise UsageError(
        f"There is no metric '{metric}'; allowed are {', '.join([*_MACRO, *_MICRO])}, of instances "
        f"{', '.join(INSTANCE)}, and of one label "
        f"{', '.join(f'{key}/LABEL' for key in (*_PER_LABEL, *INSTANCE_PER_LABEL))} with LABEL one of "
        f"{', '.join(labels)}."
    )


def _floats(
    parts: Callable[[Array], tuple[Array, Array, Array]], counts: Array
) -> tuple[Array, Array, NDArray[np.bool_]]:
    top, bottom, truth = parts(np.asarray(counts, dtype=np.float64))
    return top, bottom, truth > 0


def _mean(values: Array) -> Array:
    """Mean over the last axis of what is defined."""
    held = np.isfinite(values)
    number = held.sum(axis=-1)
    total = np.where(held, values, 0.0).sum(axis=-1)
    found: Array = np.divide(total, number, out=np.full(number.shape, np.nan), where=number > 0)
    return found


def _total(top: Array, bottom: Array, _truth: NDArray[np.bool_]) -> Array:
    tops, bottoms = top.sum(axis=-1), bottom.sum(axis=-1)
    found: Array = np.divide(tops, bottoms, out=np.full(bottoms.shape, np.nan), where=bottoms > 0)
    return found
