"""Scoring a model on a split by the counting of its task."""

from __future__ import annotations

from typing import Any

from kirie.core.labels import LabelSet
from kirie.core.scores import CountTable
from kirie.models import Detector, Segmenter
from kirie.prepare.store import Split
from kirie.tasks.instance_scoring import score_instances
from kirie.tasks.scoring import score_split


def score(model: Segmenter | Detector, split: Split, labels: LabelSet, **how: Any) -> tuple[CountTable, dict[str, Any]]:
    """The per-image table, and the scores that a label map has not.

    Args:
        model: A model in eval mode.
        split: The split of a store.
        labels: The label set of both.
        how: As `score_split` takes it.
    """
    if isinstance(model, Detector):
        return score_instances(model, split, labels, **how)
    return score_split(model, split, labels, **how), {}
