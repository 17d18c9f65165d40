"""The card of a model of instances is true."""

from __future__ import annotations

import re

import numpy as np
import torch
from numpy.typing import NDArray

from kirie.core.bundle import INSTANCE, Manifest
from kirie.core.detections import Detections, paint, pasted
from kirie.export.instance_card import what
from kirie.tasks.metrics import InstanceScores, SegmentationCounts

from .conftest import LABELS

SIZE = (48, 64)


RULE = (
    r"those of a score of at least ([\d.]+)\. In each label, the surest first, one of which a share of ([\d.]+) or "
    r"more lies in surer ones that stand is left out; the others lose to those the pixels that they share\. What is "
    r"left of each is painted, the one with the largest mask first and of equal ones the least sure\. What then shows "
    r"less than a share of ([\d.]+) of its mask is taken away, and what lies under it shows\.$"
)
"""The card's whole rule: each of its words is carried out below."""


def by_the_card(found: Detections, words: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Label and instance map of a person who has the card alone: its numbers and its sentences, on whole masks."""
    told = re.search(RULE, words)
    assert told is not None
    least_score, most_shared, least_seen = map(float, told.groups())
    masks_NHW = np.zeros((len(found), *SIZE), dtype=np.bool_)
    for mask_HW, ((x0, y0, x1, y1), crop_hw) in zip(masks_NHW, pasted(found, *SIZE), strict=True):
        mask_HW[y0:y1, x0:x1] = crop_hw
    standing: list[int] = []
    for at in np.flatnonzero(found.scores_N >= least_score).tolist():  # they come with the surest first
        surer = [masks_NHW[other] for other in standing if found.labels_N[other] == found.labels_N[at]]
        shared = np.any([mask_HW & masks_NHW[at] for mask_HW in surer], axis=0).sum() if surer else 0
        if shared < most_shared * masks_NHW[at].sum():
            standing.append(at)
    left = {at: masks_NHW[at].copy() for at in standing}
    for at in standing:
        for other in standing[: standing.index(at)]:
            if found.labels_N[other] == found.labels_N[at]:
                left[at] &= ~masks_NHW[other]
    standing.sort(key=lambda at: (-masks_NHW[at].sum(), -at))
    for _ in range(2):
        top_HW = np.full(SIZE, -1)
        for at in standing:
            top_HW[left[at]] = at
        standing = [at for at in standing if (top_HW == at).sum() >= least_seen * masks_NHW[at].sum()]
    return np.concatenate([found.labels_N, [0]])[top_HW].astype(np.uint8), top_HW + 1


def heap(random: np.random.Generator) -> Detections:
    """Things of two labels that lie over each other in every way."""
    low_N2 = random.uniform(-5, 40, (14, 2))
    y_MM, x_MM = np.mgrid[-1:1:14j, -1:1:14j]
    return Detections(
        np.concatenate([low_N2, low_N2 + random.uniform(6, 40, (14, 2))], axis=1).astype(np.float32),
        random.integers(1, 3, 14).astype(np.uint8),
        np.sort(random.random(14).astype(np.float32))[::-1].copy(),
        np.exp(-(y_MM**2 + x_MM**2) * random.uniform(0.2, 1, (14, 1, 1))).astype(np.float32),
    )


def test_who_paints_by_the_card_gets_its_scores() -> None:
    """Both maps, and so every score by pixel, are those of evaluation."""
    random = np.random.default_rng(7)
    manifest = Manifest("a" * 64, 18, "run", "d" * 64, "small", "plain", LABELS, *SIZE, task=INSTANCE, least_score=0.3)
    heaps = [heap(random) for _ in range(40)]
    target_BHW = torch.from_numpy(random.integers(0, 3, (len(heaps), *SIZE)).astype(np.uint8))
    ids_BHW, none_BI2 = torch.zeros_like(target_BHW), torch.tensor([-1, 0]).expand(len(heaps), 1, 2)
    evaluated = InstanceScores(LABELS.names, (1, 2), 0, manifest.least_score)
    evaluated.update(heaps, ids_BHW, none_BI2, target_BHW, torch.arange(len(heaps)))
    painted = SegmentationCounts(LABELS.names)
    maps = [by_the_card(one, what(manifest)) for one in heaps]
    painted.update(torch.from_numpy(np.stack([labels_HW for labels_HW, _ in maps])), target_BHW)
    wanted, ours = evaluated.compute(), painted.compute()
    assert {name: wanted[name] for name in ours} == ours
    for one, (_, ids_HW) in zip(heaps, maps, strict=True):
        np.testing.assert_array_equal(ids_HW, paint(one, *SIZE, 0, manifest.least_score)[1])
