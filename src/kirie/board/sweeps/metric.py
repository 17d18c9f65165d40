"""Which metric a sweep is about, where nothing says so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kirie.board.sweeps.spec import Goal

_LESS = re.compile(r"loss|error|err\b|rmse|mse|mae|perplexity|latency|time|hausdorff|distance", re.IGNORECASE)
"""Words of metrics of which less is better."""

_ORDER = (
    re.compile(r"^val(id|idation)?[/_.-]m?_?iou$", re.IGNORECASE),
    re.compile(r"^val.*(m?iou|dice|map|f1|acc)", re.IGNORECASE),
    re.compile(r"(m?iou|dice|map|f1|acc)", re.IGNORECASE),
    re.compile(r"^val.*loss", re.IGNORECASE),
    re.compile(r"loss", re.IGNORECASE),
    re.compile(r"^val", re.IGNORECASE),
)

_COUNTS = re.compile(
    r"(^|[/._-])(epochs?|steps?|iter(ation)?s?|lr|learning_rate|runtime|timestamp|time)([/._-]|$)|^(perf|system)/",
    re.IGNORECASE,
)
"""How far a training is, its schedule and its speed: of these no sweep is."""


def goal_of(metric: str) -> Goal:
    """Whether more or less of a metric is better, by its name."""
    return "minimize" if _LESS.search(metric) else "maximize"


def guessed(metrics: Mapping[str, int]) -> str | None:
    """The metric that a sweep is likely about.

    Args:
        metrics: How many of its runs logged each.

    Returns:
        Of those that most runs logged the likeliest by name: what was validated before what was trained, and nothing
        that only tells how far a training is. None if there is none.
    """
    told = {name: count for name, count in metrics.items() if _rank(name) < _LEAST or not _COUNTS.search(name)}
    most = max(told.values(), default=0)
    common = [name for name, count in told.items() if count == most]
    ranked: Sequence[str] = sorted(common, key=lambda name: (_rank(name), len(name), name))
    return ranked[0] if ranked else None


_LEAST = len(_ORDER) - 1
"""From this rank on a name says nothing of what it measures."""


def _rank(name: str) -> int:
    return next((at for at, pattern in enumerate(_ORDER) if pattern.search(name)), len(_ORDER))
