"""Scores by name, for many resamples at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kirie.core.metric import check_metric, is_reported, metric_names, statistic
from kirie.core.scores import COLUMNS, scores
from kirie.errors import UsageError

LABELS = ("bg", "eye", "hair")


@given(st.lists(st.integers(0, 50), min_size=3 * len(COLUMNS), max_size=3 * len(COLUMNS)))
def test_every_name_means_what_the_definition_says(numbers: list[int]) -> None:
    """Each metric equals `core.scores.scores`, absent labels and all-zero counts included."""
    counts_LK = np.array(numbers, dtype=np.int64).reshape(3, len(COLUMNS))
    defined = scores(counts_LK, LABELS)
    for name in metric_names(LABELS):
        key, _, label = name.partition("/")
        wanted = defined["per_label"][label][key] if label else defined[key]
        found = float(statistic(name, LABELS)(counts_LK.astype(np.float64)))
        assert (wanted is None) == np.isnan(found), name
        assert wanted is None or found == pytest.approx(wanted, abs=1e-12), name


def test_leading_axes_are_kept() -> None:
    """Resamples of shape (R, L, K) give R scores, each the score of its own counts."""
    counts_RLK = np.random.default_rng(0).integers(0, 9, (5, 3, len(COLUMNS))).astype(np.float64)
    for name in metric_names(LABELS):
        each = [float(statistic(name, LABELS)(counts)) for counts in counts_RLK]
        assert statistic(name, LABELS)(counts_RLK) == pytest.approx(each, nan_ok=True), name


@pytest.mark.parametrize("name", ["map", "box_map_75", "pq", "map/eye", "box_map/bg", "rq/hair"])
def test_scores_of_instances_are_reported_not_counted(name: str) -> None:
    """mAP and panoptic quality are metrics to choose by, but none that counts give."""
    check_metric(name, LABELS)
    assert is_reported(name, LABELS)
    assert name not in metric_names(LABELS)
    with pytest.raises(UsageError):
        statistic(name, LABELS)


@pytest.mark.parametrize("name", ["mIoU", "map/nose", "map_50/eye", "box_pq", "iou", "iou/nose", "/eye", "image_miou"])
def test_an_unknown_name_lists_the_known(name: str) -> None:
    """A metric that does not exist ends in a sentence with those that do, and the labels."""
    with pytest.raises(UsageError, match=r"allowed are miou, .* map, .* one of bg, eye, hair"):
        check_metric(name, LABELS)
    assert not is_reported(name, LABELS)
