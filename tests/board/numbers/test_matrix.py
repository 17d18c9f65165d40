"""Runs by labels."""

from __future__ import annotations

import numpy as np
import pytest

from kirie.board.numbers.matrix import check_score, counted_row, labels_of, logged_row
from kirie.core.scores import COLUMNS, CountTable
from kirie.errors import UsageError


def test_a_counted_row_has_the_defined_scores() -> None:
    """Values and mean are those of `core.scores`; a label that the truth lacks has none."""
    counts = np.zeros((3, 2, len(COLUMNS)), dtype=np.int64)
    counts[:, 0, :3] = (8, 1, 1)
    counts[:, 0, 3:6] = (2, 1, 1)
    table = CountTable(("a", "b", "c"), ("eye", "nose"), counts)
    found = {word: counted_row("x", table, check_score(word)).to_dict(["nose", "eye"]) for word in ("iou", "dice")}
    assert found["iou"] == {"run": "x", "values": [None, 0.8], "mean": 0.8, "counted": True}
    assert found["dice"]["values"][1] == pytest.approx(16 / 18)
    assert counted_row("x", table, check_score("boundary")).values["eye"] == 0.5


def test_a_logged_row_takes_the_most_particular_names() -> None:
    """Final scores come before those of the last validation, and names without a split before nothing."""
    summary = {"val/iou/eye": 0.1, "val/final/iou/eye": 0.2, "val/final/iou/hair": 0.4, "val/final/miou": 0.3, "x": "y"}
    found = logged_row("x", summary, "iou", "val")
    assert (found.values, found.mean, found.counted) == ({"eye": 0.2, "hair": 0.4}, 0.3, False)
    assert logged_row("x", {"iou/a": 0.5, "iou/b": 0.7, "iou/a/b": 9}, "iou", "val").mean == pytest.approx(0.6)
    assert logged_row("x", {"val/miou": 0.5}, "iou", "val").mean == 0.5
    assert logged_row("x", {"val/miou": float("nan"), "iou/a": True}, "iou", "val").mean is None


def test_labels_keep_the_label_sets_order() -> None:
    """Labels of the set come in its order, unknown ones after them."""
    rows = [logged_row("x", {"iou/new": 1.0, "iou/b": 0.5, "iou/a": 0.5}, "iou", "val")]
    assert labels_of(rows, ["a", "b", "c"]) == ["a", "b", "new"]


def test_unknown_matrices_are_named() -> None:
    """A matrix that there is not lists those that there are."""
    with pytest.raises(UsageError, match="allowed are iou, dice, boundary"):
        check_score("miou")
