"""Whether two lists of detections of one picture are the same: what torch found, and what the exported file did.

Rounding moves scores by a millionth, and with it the order of equals and what lies just above the threshold; so lists
are not compared place by place. Each detection, the surest first, takes the other list's detection that is nearest to
it in box, label and score; what finds no partner counts as different, unless its score is so near to the least one
that is kept that rounding alone may have dropped its partner.

Shapes: N detections of torch, K of the file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kirie.core.detections import Detections

MAX_SCORE_DIFFERENCE = 0.01
"""Largest difference of a score. Rounding gives 1e-6 to 1e-4."""

MAX_BOX_DIFFERENCE = 0.5
"""Largest difference of a box's side, in pixels. Rounding gives 1e-5 to 1e-2."""

MAX_MASK_DIFFERENCE = 0.05
"""Largest difference of a mask's probability. Rounding gives 1e-6 to 1e-3; a mask shifted by a pixel 0.2 and more."""

_LEAST_IOU = 0.5
"""Boxes that overlap less are not held against each other: they are different things."""

_ROUNDING = 1e-3
"""A score this near to the least one that is kept may be kept or not."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two lists agree.

    Attributes:
        pairs: Detections that have a partner.
        alone: Detections of either list that have none, and not by rounding.
        equal: Pairs of one label whose score, box and mask are within the bounds.
        labels: Pairs of different labels.
        score: Largest difference of a score over pairs of one label.
        box: Likewise of a side of a box, in pixels.
        mask: Likewise of a probability of a mask.
    """

    pairs: int
    alone: int
    equal: int
    labels: int
    score: float
    box: float
    mask: float


def agreement(wanted: Detections, found: Detections, least_score: float, most: int) -> Agreement:
    """Compares two lists of one picture.

    Args:
        wanted: What torch found.
        found: What the file found; looked at already (`Detections.problem`).
        least_score: Detections below it are not kept.
        most: At most so many are kept.
    """
    taken_K = np.zeros(len(found), dtype=np.bool_)
    pairs: list[tuple[int, int]] = []
    alone = 0
    near_NK = _nearness(wanted, found)
    for at, near_K in enumerate(near_NK):
        free_K = np.where(taken_K, -np.inf, near_K)
        if free_K.size and np.isfinite(free_K.max()):
            other = int(free_K.argmax())
            taken_K[other] = True
            pairs.append((at, other))
        else:
            alone += _counts(wanted, at, least_score, most)
    alone += sum(_counts(found, int(at), least_score, most) for at in np.flatnonzero(~taken_K))
    if not pairs:
        return Agreement(0, alone, 0, 0, 0.0, 0.0, 0.0)
    left, right = (np.array(side) for side in zip(*pairs, strict=True))
    return _compared(wanted.take(left), found.take(right), alone)


def _compared(wanted: Detections, found: Detections, alone: int) -> Agreement:
    same_P = wanted.labels_N == found.labels_N
    score_P = np.abs(wanted.scores_N - found.scores_N)
    box_P = np.abs(wanted.boxes_N4 - found.boxes_N4).max(axis=1)
    if wanted.masks_NMM.shape == found.masks_NMM.shape:
        mask_P = np.abs(wanted.masks_NMM - found.masks_NMM).max(axis=(1, 2))
    else:
        mask_P = np.full(len(same_P), np.inf, dtype=np.float32)
    equal_P = same_P & (score_P <= MAX_SCORE_DIFFERENCE) & (box_P <= MAX_BOX_DIFFERENCE)
    equal_P &= mask_P <= MAX_MASK_DIFFERENCE
    furthest = [float(value[same_P].max(initial=0.0)) for value in (score_P, box_P, mask_P)]
    return Agreement(len(same_P), alone, int(equal_P.sum()), int((~same_P).sum()), *furthest)


def _nearness(wanted: Detections, found: Detections) -> NDArray[np.float64]:
    """How near each is to each, float64 of shape (N, K): boxes first, then label and score; -inf is no partner."""
    one_N14, other_1K4 = (boxes.astype(np.float64) for boxes in (wanted.boxes_N4[:, None], found.boxes_N4[None]))
    corner = np.minimum(one_N14[..., 2:], other_1K4[..., 2:]) - np.maximum(one_N14[..., :2], other_1K4[..., :2])
    common_NK = corner.clip(0).prod(axis=-1)
    area_N1, area_1K = ((boxes[..., 2:] - boxes[..., :2]).prod(axis=-1) for boxes in (one_N14, other_1K4))
    # A box without area is equal to itself all the same
    union_NK = area_N1 + area_1K - common_NK
    same_NK = np.abs(one_N14 - other_1K4).max(axis=-1) <= MAX_BOX_DIFFERENCE
    iou_NK = np.where(same_NK, 1.0, np.divide(common_NK, union_NK, out=np.zeros_like(union_NK), where=union_NK > 0))
    near_NK = iou_NK + (wanted.labels_N[:, None] == found.labels_N[None])
    near_NK -= np.abs(wanted.scores_N[:, None].astype(np.float64) - found.scores_N[None])
    return np.where(iou_NK >= _LEAST_IOU, near_NK, -np.inf)


def _counts(owner: Detections, at: int, least_score: float, most: int) -> bool:
    """Whether a detection without partner is a difference."""
    score = float(owner.scores_N[at])
    near_limit = len(owner) >= most and score <= float(owner.scores_N[-1]) + _ROUNDING
    return score > least_score + _ROUNDING and not near_limit
