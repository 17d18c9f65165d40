"""Scoring a detector on a split.

Shapes: B batch, C channels, H, W pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kirie.core.detections import Detections, paint
from kirie.core.labels import LabelSet
from kirie.errors import RunError
from kirie.tasks.instance_scoring import score_instances
from kirie.tasks.metrics import InstanceScores

LABELS = LabelSet.from_dict({"labels": ["back", "eye", "hair"]})
SIZE = 24, 32


@dataclass(frozen=True)
class _Instance:
    label: int
    crowd: bool = False


class _Split:
    """Five pictures of one colour each; the third is empty."""

    names = tuple("abcde")

    def __init__(self) -> None:
        self.true = [_boxes(at, 0 if at == 2 else at + 1) for at in range(5)]

    def __len__(self) -> int:
        return 5

    def read_targets(self, indices: Sequence[int]) -> np.ndarray:
        return np.stack([paint(self.true[at], *SIZE, 0, 0.0)[0] for at in indices])

    def read_instances(self, indices: Sequence[int]) -> tuple[np.ndarray, np.ndarray, list[list[_Instance]]]:
        images = np.stack([np.full((*SIZE, 3), at, dtype=np.uint8) for at in indices])
        ids = np.stack([paint(self.true[at], *SIZE, 0, 0.0)[1].astype(np.uint8) for at in indices])
        return images, ids, [[_Instance(int(label)) for label in self.true[at].labels_N] for at in indices]


def _boxes(seed: int, count: int) -> Detections:
    random = np.random.default_rng(seed)
    low_N2 = random.uniform(0, (20, 14), (count, 2))
    return Detections(
        np.concatenate([low_N2, low_N2 + random.uniform(4, 10, (count, 2))], axis=1).astype(np.float32),
        random.choice((1, 2), count).astype(np.uint8),
        np.sort(random.random(count).astype(np.float32))[::-1].copy(),
        np.ones((count, 14, 14), dtype=np.float32),
    )


@dataclass(frozen=True)
class _Found:
    there: Detections

    def to_numpy(self) -> Detections:
        return self.there


class _Model(nn.Module):
    """Knows each picture by its colour, and finds what is there, a little aside."""

    things = (1, 2)
    options = MappingProxyType({"paint_score": 0.2})

    def find(self, image_BCHW: Tensor) -> list[_Found]:
        assert not self.training
        return [_Found(_aside(int(value))) for value in (image_BCHW[:, 0, 0, 0] * 255).round().tolist()]


def _aside(at: int) -> Detections:
    true = _Split().true[at]
    return Detections(true.boxes_N4 + np.float32(0.7), true.labels_N, true.scores_N, true.masks_NMM)


def _score(**how: Any) -> Any:
    return score_instances(_Model(), _Split(), LABELS, device=torch.device("cpu"), **how)


def test_every_picture_is_scored_once() -> None:
    """Table and scores are those of the pictures given to InstanceScores by hand, an empty one too."""
    split, done = _Split(), list[int]()
    table, more = _score(batch_size=2, advance=done.append)
    metric = InstanceScores(LABELS.names, (1, 2), 0, 0.2, split.names)
    for at in range(5):
        _, ids, (instances,) = split.read_instances([at])
        things = torch.tensor([[one.label, one.crowd] for one in instances]).view(1, -1, 2)
        target = torch.from_numpy(split.read_targets([at]))
        metric.update([_aside(at)], torch.from_numpy(ids), things, target, torch.tensor([at]))
    assert table.images == split.names
    np.testing.assert_array_equal(table.counts_NLK, metric.table().counts_NLK)
    assert table.scores() | more == metric.compute()
    assert done == [2, 2, 1]
    assert 0 < more["map"]["mask"]["map"] <= 1


def test_the_size_of_batches_does_not_matter() -> None:
    """Batches of one and of all give the same table and scores."""
    (one, of_one), (whole, of_whole) = _score(batch_size=1), _score(batch_size=5)
    np.testing.assert_array_equal(one.counts_NLK, whole.counts_NLK)
    assert of_one == of_whole


def test_a_share_alone_is_no_table() -> None:
    """A process that has scored every second batch, and hears of no other, does not make a table of it."""
    with pytest.raises(RunError, match="2 of 5 images were evaluated not at all"):
        _score(batch_size=1, rank=0, world=2)
