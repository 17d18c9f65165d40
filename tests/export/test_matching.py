"""Lists of detections are compared by what they mean, not place by place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kirie.core.detections import Detections
from kirie.export.matching import Agreement, agreement

LEAST, MOST = 0.05, 100


def some(seed: int = 0, count: int = 12) -> Detections:
    """Detections here and there, some of one box with two labels, as suppression by label leaves them."""
    random = np.random.default_rng(seed)
    corner_N2 = random.uniform(0, 60, (count, 2))
    boxes_N4 = np.concatenate([corner_N2, corner_N2 + random.uniform(8, 40, (count, 2))], axis=1).astype(np.float32)
    boxes_N4[1::3] = boxes_N4[::3][: len(boxes_N4[1::3])] + np.float32(0.4)
    labels_N = np.arange(count, dtype=np.uint8) % 3 + 1
    scores_N = np.sort(random.uniform(0.1, 1, count).astype(np.float32))[::-1].copy()
    return Detections(boxes_N4, labels_N.astype(np.uint8), scores_N, random.random((count, 14, 14), dtype=np.float32))


def agree(wanted: Detections, found: Detections, most: int = MOST) -> Agreement:
    """At the usual threshold."""
    return agreement(wanted, found, LEAST, most)


def changed(found: Detections, **values: Any) -> Detections:
    """With other values."""
    fields = {name: getattr(found, name) for name in ("boxes_N4", "labels_N", "scores_N", "masks_NMM")}
    return Detections(**{**fields, **{name: np.asarray(value) for name, value in values.items()}})


def test_a_list_agrees_with_itself_in_any_order() -> None:
    """All are pairs and equal; also where the order differs, as rounding makes it."""
    found = some()
    assert agree(found, found) == Agreement(12, 0, 12, 0, 0.0, 0.0, 0.0)
    order = np.random.default_rng(1).permutation(12)
    assert agree(found, found.take(order)).equal == 12


def test_rounding_agrees() -> None:
    """Scores, boxes and masks that differ as two runtimes do are equal, and how far is told."""
    found = some()
    near = changed(
        found,
        scores_N=found.scores_N - np.float32(1e-4),
        boxes_N4=found.boxes_N4 + np.float32(0.01),
        masks_NMM=found.masks_NMM * np.float32(0.999),
    )
    seen = agree(found, near)
    assert seen.equal == 12
    assert seen.score == pytest.approx(1e-4, rel=0.1)
    assert seen.box == pytest.approx(0.01, rel=0.1)
    assert 0 < seen.mask <= 1e-3


@pytest.mark.parametrize(
    ("name", "change", "equal"),
    [
        ("labels_N", lambda labels: (labels % 3 + 1).astype(np.uint8), 0),
        ("scores_N", lambda scores: scores * np.float32(0.8), 0),
        ("scores_N", lambda scores: scores[::-1].copy(), 2),
        ("boxes_N4", lambda boxes: boxes + np.float32(1.0), 0),
        ("masks_NMM", lambda masks: np.roll(masks, 1, axis=2), 0),
        ("masks_NMM", lambda masks: masks[:, :7, :7], 0),
    ],
)
def test_what_is_different_is_not_equal(name: str, change: Any, equal: int) -> None:
    """Other labels, scores, an order of scores, shifted boxes and masks are each seen."""
    found = some()
    assert agree(found, changed(found, **{name: change(getattr(found, name))})).equal <= equal


def test_labels_of_pairs_are_counted() -> None:
    """A wrong label is told as such, and not as two things without a partner."""
    found = some(count=3)
    apart = changed(found, boxes_N4=np.array([[0, 0, 9, 9], [20, 0, 29, 9], [40, 0, 49, 9]], np.float32))
    seen = agree(apart, changed(apart, labels_N=apart.labels_N + np.uint8(1)))
    assert (seen.pairs, seen.labels, seen.alone, seen.equal) == (3, 3, 0, 0)


def test_what_has_no_partner_counts() -> None:
    """On either side."""
    found = some()
    assert agree(found, found.take(slice(2, 12))).alone == 2
    assert agree(found.take(slice(2, 12)), found).alone == 2
    none = found.take(slice(0, 0))
    assert agree(found, none) == Agreement(0, 12, 0, 0, 0.0, 0.0, 0.0)
    assert agree(none, none) == Agreement(0, 0, 0, 0, 0.0, 0.0, 0.0)


def test_what_rounding_may_have_dropped_does_not_count() -> None:
    """A score at the threshold, or the last of a full list, may be on one side alone."""
    found = some()
    at_threshold = changed(found, scores_N=np.r_[found.scores_N[:-1], np.float32(LEAST + 5e-4)].astype(np.float32))
    assert agree(at_threshold, found.take(slice(0, 11))).alone == 0
    assert agree(found, found.take(slice(0, 11)), most=12).alone == 0
    assert agree(found, found.take(slice(0, 11)), most=13).alone == 1


def test_a_box_without_area_is_equal_to_itself() -> None:
    """Its IoU is not defined."""
    flat = changed(some(count=1), boxes_N4=np.array([[5, 5, 5, 9]], np.float32))
    assert agree(flat, flat).equal == 1
