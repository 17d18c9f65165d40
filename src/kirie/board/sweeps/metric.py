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
)


def goal_of(metric: str) -> Goal:
    """Whether more or less of a metric is better, by its name."""
    return "minimize" if _LESS.search(metric) else "maximize"


def guessed(metrics: Mapping[str, int]) -> str | None:
    """The metric that a sweep is likely about.

    Args:
        metrics: How many of its runs logged each.

    Returns:
        Of those that most runs logged the likeliest by name; None if there is none.
    """
    most = max(metrics.values(), default=0)
    common = sorted(name for name, count in metrics.items() if count == most)
    ranked: Sequence[str] = sorted(common, key=lambda name: (_rank(name), len(name), name))
    return ranked[0] if ranked else None


def _rank(name: str) -> int:
    return next((at for at, pattern in enumerate(_ORDER) if pattern.search(name)), len(_ORDER))
