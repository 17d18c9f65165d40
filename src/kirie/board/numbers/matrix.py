"""Runs by labels: one score of every label for every run, with the mean over labels.

The numbers are counted from the per-image table where a run has one. Elsewhere they are taken as the run logged them,
by the names that kirie and most others use: `val/iou/eye`, `iou/eye`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kirie.core.scores import CountTable
from kirie.errors import UsageError

SCORES = {"iou": "iou", "dice": "dice", "boundary": "boundary_iou"}
"""What a matrix can be of, and the name of it in score files."""

_MEANS = {"iou": "miou", "dice": "dice", "boundary_iou": "boundary_iou"}


@dataclass(frozen=True, slots=True)
class Row:
    """A run's scores.

    Attributes:
        run: Its id.
        values: By label, None where the truth has none of it.
        mean: Over the labels; None if nothing is known.
        counted: Whether they were counted from a per-image table; otherwise they are as the run logged them.
    """

    run: str
    values: Mapping[str, float | None]
    mean: float | None
    counted: bool

    def to_dict(self, labels: Sequence[str]) -> dict[str, Any]:
        """For an answer: the values in the labels' order."""
        return {
            "run": self.run,
            "values": [self.values.get(label) for label in labels],
            "mean": self.mean,
            "counted": self.counted,
        }


def check_score(score: str) -> str:
    """The name of a matrix's score in score files.

    Raises:
        UsageError: There is no matrix of it.
    """
    if score not in SCORES:
        raise UsageError(f"There is no matrix of '{score}'; allowed are {', '.join(SCORES)}.")
    return SCORES[score]


def counted_row(run: str, table: CountTable, score: str) -> Row:
    """A run's row from its per-image table.

    Args:
        run: Its id.
        table: Its counts.
        score: As `check_score` gives it.
    """
    found = table.scores()
    values = {label: of[score] for label, of in found["per_label"].items()}
    return Row(run, values, found[_MEANS[score]], True)


def logged_row(run: str, summary: Mapping[str, Any], score: str, split: str) -> Row:
    """A run's row from what it logged last; the most particular name counts.

    Args:
        run: Its id.
        summary: Its summary, flat.
        score: As `check_score` gives it.
        split: The split that is asked for.
    """
    places = [f"{split}/final/", f"{split}/", ""] if split != "train" else [f"{split}/final/", f"{split}/"]
    numbers = {key: value for key, value in summary.items() if _is_number(value)}
    for place in places:
        start = f"{place}{score}/"
        values = {key.removeprefix(start): float(numbers[key]) for key in numbers if key.startswith(start)}
        values = {label: value for label, value in values.items() if "/" not in label}
        if values:
            mean = numbers.get(f"{place}{_MEANS[score]}")
            return Row(run, values, sum(values.values()) / len(values) if mean is None else float(mean), False)
    mean = next((numbers[f"{place}{_MEANS[score]}"] for place in places if f"{place}{_MEANS[score]}" in numbers), None)
    return Row(run, {}, None if mean is None else float(mean), False)


def labels_of(rows: Sequence[Row], known: Sequence[str]) -> list[str]:
    """The labels of all rows: those of the label set in its order, then others as they come."""
    there = dict.fromkeys(label for row in rows for label in row.values)
    return [label for label in known if label in there] + [label for label in there if label not in known]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
