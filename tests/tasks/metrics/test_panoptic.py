"""Panoptic quality against torchmetrics and by hand.

Shapes: H, W pixels, L labels.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.detection import PanopticQuality

from kirie.core.scores import panoptic
from kirie.tasks.metrics.overlap import Truth
from kirie.tasks.metrics.panoptic import panoptic_counts

NAMES = ("back", "eye", "hair", "sky")
THINGS = (1, 2)
SIZE = 24, 30
VOID = 99

Picture = tuple[np.ndarray, np.ndarray, Truth, np.ndarray]


def _picture(random: np.random.Generator) -> Picture:
    """Truth of blocks, and what was found: the same moved a little, some of it with another label."""
    ids = random.integers(0, 6, (4, 5)).repeat(6, 0).repeat(6, 1)
    labels_K = np.concatenate([[0], random.choice(THINGS, 5)])
    semantic_HW = np.where(ids > 0, labels_K[ids], random.choice([0, 3], SIZE).astype(np.int64))
    ignored = np.zeros(SIZE, dtype=np.bool_)
    ignored[:, : random.integers(0, 8)] = True
    moved = np.roll(ids, random.integers(0, 3, 2), (0, 1))
    found_K = np.where(random.random(6) < 0.8, labels_K, random.choice(THINGS, 6))
    labels_HW = np.where(moved > 0, found_K[moved], 0).astype(np.uint8)
    things_I2 = np.stack([labels_K[1:], random.random(5) < 0.2], axis=1).astype(np.int64)
    ids_HW = np.where(ignored, 255, ids).astype(np.uint8)
    semantic_HW = np.where(ignored, 255, semantic_HW).astype(np.uint8)
    return labels_HW, moved.astype(np.uint16), Truth.of(ids_HW, things_I2), semantic_HW


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 4))
def test_equal_to_torchmetrics(seed: int, count: int) -> None:
    """Quality, fit and recognition of every label that the truth has, with crowds and ignored pixels void."""
    random = np.random.default_rng(seed)
    pictures = [_picture(random) for _ in range(count)]
    theirs = PanopticQuality(things=set(THINGS), stuffs={0, 3}, return_sq_and_rq=True, return_per_class=True)
    for labels_HW, instances_HW, truth, semantic_HW in pictures:
        crowd = truth.crowd_K[truth.ids_HW] | (truth.ids_HW == 255)
        kinds = np.stack([np.where(crowd, VOID, semantic_HW), np.where(truth.ids_HW == 255, 0, truth.ids_HW)], axis=-1)
        found = np.stack([labels_HW, instances_HW], axis=-1).astype(np.int64)
        theirs.update(torch.from_numpy(found)[None], torch.from_numpy(kinds.astype(np.int64))[None])
    counts_L4 = sum((panoptic_counts(*one, THINGS, len(NAMES)) for one in pictures), np.zeros((4, 4)))
    said = panoptic(counts_L4, NAMES)["per_label"]
    # Their order of labels is that of the things, then the others
    expected = dict(zip((1, 2, 0, 3), theirs.compute().tolist(), strict=True))
    for label, name in enumerate(NAMES):
        present = counts_L4[label, 1] + counts_L4[label, 3] > 0
        wanted = [pytest.approx(value, abs=1e-6) for value in expected[label]] if present else [None] * 3
        assert list(said[name].values()) == wanted


def _blocks(*places: tuple[slice, slice, int]) -> np.ndarray:
    found = np.zeros(SIZE, dtype=np.uint8)
    for rows, columns, value in places:
        found[rows, columns] = value
    return found


LEFT, RIGHT, ALL = slice(0, 10), slice(20, 30), slice(0, 24)


def test_counts_by_hand() -> None:
    """One instance found with IoU 0.8, one missed, one invented; the background keeps the IoU of what is left."""
    ids_HW = _blocks((slice(0, 10), LEFT, 1), (slice(0, 10), RIGHT, 2))
    semantic_HW = _blocks((slice(0, 10), LEFT, 1), (slice(0, 10), RIGHT, 2))
    truth = Truth.of(ids_HW, np.array([[1, 0], [2, 0]]))
    labels_HW = _blocks((slice(0, 8), LEFT, 1), (slice(12, 16), RIGHT, 2))
    instances_HW = _blocks((slice(0, 8), LEFT, 1), (slice(12, 16), RIGHT, 2)).astype(np.uint16)
    counts_L4 = panoptic_counts(labels_HW, instances_HW, truth, semantic_HW, THINGS, len(NAMES))
    rest = (720 - 200 - 40) / (720 - 80)
    assert counts_L4.tolist() == [[rest, 1, 0, 0], [0.8, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0]]
    found = panoptic(counts_L4, NAMES)
    assert found["per_label"]["eye"] == {"pq": 0.8, "sq": 0.8, "rq": 1.0}
    assert found["per_label"]["hair"] == {"pq": 0.0, "sq": 0.0, "rq": 0.0}
    assert found["per_label"]["sky"] == {"pq": None, "sq": None, "rq": None}
    assert found["pq"] == pytest.approx((rest + 0.8 + 0) / 3)


def test_void_is_forgiven_and_in_no_iou() -> None:
    """What lies mostly on ignored pixels or a crowd is not wrong; the part of a match that does is not in its IoU."""
    ids_HW = _blocks((ALL, LEFT, 255), (slice(0, 10), slice(10, 20), 1), (ALL, RIGHT, 2))
    semantic_HW = _blocks((ALL, LEFT, 255), (slice(0, 10), slice(10, 20), 1), (ALL, RIGHT, 2))
    truth = Truth.of(ids_HW, np.array([[1, 0], [2, 1]]))
    # The first reaches over ignored pixels, the others lie on ignored ones and on the crowd
    parts = (slice(0, 10), slice(5, 20), 1), (slice(12, 20), slice(0, 9), 2), (slice(12, 20), slice(21, 30), 3)
    instances_HW = _blocks(*parts).astype(np.uint16)
    labels_HW = np.array([0, 1, 1, 1], dtype=np.uint8)[instances_HW]
    counts_L4 = panoptic_counts(labels_HW, instances_HW, truth, semantic_HW, THINGS, len(NAMES))
    assert counts_L4[1].tolist() == [1.0, 1, 0, 0]
    assert counts_L4[2].tolist() == [0, 0, 0, 0]


def test_half_void_is_forgiven_and_half_counts() -> None:
    """What is void by exactly a half and matches nothing still counts as wrong; a pixel more of it, and it does not."""
    for void, wrong in ((4, 1), (5, 0)):
        labels_HW, instances_HW = np.zeros((4, 8), dtype=np.uint8), np.zeros((4, 8), dtype=np.uint16)
        labels_HW[0], instances_HW[0] = 1, 1
        semantic_HW, ids_HW = np.zeros((4, 8), dtype=np.uint8), np.zeros((4, 8), dtype=np.uint8)
        semantic_HW[0, :void] = ids_HW[0, :void] = 255
        truth = Truth.of(ids_HW, np.array([[-1, 0]]))
        assert panoptic_counts(labels_HW, instances_HW, truth, semantic_HW, THINGS, len(NAMES))[1, 2] == wrong


def test_where_nothing_may_be_found() -> None:
    """Pixels that were given no label are no segment; true ones there are missed."""
    ids_HW, semantic_HW = _blocks((ALL, LEFT, 1)), _blocks((ALL, LEFT, 1), (ALL, RIGHT, 3))
    truth = Truth.of(ids_HW, np.array([[1, 0]]))
    nothing_HW = np.full(SIZE, len(NAMES), dtype=np.uint8)
    counts_L4 = panoptic_counts(nothing_HW, np.zeros(SIZE, np.uint16), truth, semantic_HW, THINGS, len(NAMES))
    assert counts_L4.tolist() == [[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 1]]


def test_a_segment_of_exactly_a_half_is_no_match() -> None:
    """An IoU of 0.5 is one missed and one wrong."""
    ids_HW = semantic_HW = _blocks((slice(0, 10), LEFT, 1))
    truth = Truth.of(ids_HW, np.array([[1, 0]]))
    labels_HW = _blocks((slice(0, 5), LEFT, 1))
    counts_L4 = panoptic_counts(labels_HW, labels_HW.astype(np.uint16), truth, semantic_HW, THINGS, len(NAMES))
    assert counts_L4[1].tolist() == [0, 0, 1, 1]
