"""Mean average precision of masks and boxes as COCO defines it, from the overlaps of each picture.

Source: Lin et al., "Microsoft COCO", ECCV 2014, and its reference code, pycocotools. Pictures are judged one after the
other, and what is kept of each detection is its score and one byte for each threshold and range of area: memory does
not follow the number of pairs (docs/decisions/0006: why no library evaluates).

Shapes: N detections, T true instances of one picture; n the detections that count, D those of all pictures; K label
ids; X thresholds of IoU, R of recall, A ranges of area.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kirie.core.scores import PRECISION
from kirie.tasks.metrics.overlap import Overlaps, box_area

Kind = Literal["mask", "box"]

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALL_THRESHOLDS = np.linspace(0, 1, 101)
"""In 64 bits: 32 would move the result by up to 0.001."""

AREAS = {"all": (0, 1e5**2), "small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 1e5**2)}
"""COCO's limits, in pixels of the stored picture. A true instance's area is that of its mask, for boxes as well."""

MOST = 100
"""Detections of one label in one picture that count, the surest first; COCO's limit."""

_LOW_A1, _HIGH_A1 = np.array(list(AREAS.values())).T[..., None]
_KINDS = 256
_RIGHT, _WRONG, _PASSED = 1, 0, -1
"""What a detection is at one threshold in one range; passed over is what counts neither way."""


def average_precision(
    pictures: Sequence[Overlaps], things: Sequence[int], kind: Kind
) -> tuple[dict[str, float | None], list[float | None]]:
    """Average precision over a set.

    Args:
        pictures: The overlaps of each picture; of equal scores, that of the earlier picture comes first.
        things: The label ids that have instances.
        kind: Whether masks or boxes are compared.

    Returns:
        The means over the labels that the truth has, by PRECISION, and the average precision of each label in the order
        of `things`; None where the truth has nothing.
    """
    if not pictures or not things:
        return dict.fromkeys(PRECISION), [None] * len(things)
    true_AK = sum(map(_to_find, pictures), np.zeros((len(AREAS), _KINDS), dtype=np.int64))
    labels, scores, states = zip(*(_judged(one, kind) for one in pictures), strict=True)
    labels_D, scores_D, states_AXD = np.concatenate(labels), np.concatenate(scores), np.concatenate(states, axis=-1)
    of_label = {}
    # Added up in order of the ids, so that the order of `things` moves no last digit
    for label in sorted(things):
        of_label_d = np.flatnonzero(labels_D == label)
        of_label_d = of_label_d[np.argsort(-scores_D[of_label_d], kind="stable")]
        of_label[label] = _precision(states_AXD[..., of_label_d], true_AK[:, label])
    precision_AXRL = np.stack(list(of_label.values()), axis=-1)
    whole_XRL = precision_AXRL[0]
    found = [whole_XRL, whole_XRL[:1], whole_XRL[5:6], *precision_AXRL[1:]]
    return dict(zip(PRECISION, map(_mean, found), strict=True)), [_mean(of_label[label][0]) for label in things]


def _to_find(one: Overlaps) -> NDArray[np.int64]:
    """How many true instances of each label count in each range, shape (A, K)."""
    counted = (one.true_labels_T[counted_T] for counted_T in _counted(one))
    return np.stack([np.bincount(labels, minlength=_KINDS) for labels in counted])


def _counted(one: Overlaps) -> NDArray[np.bool_]:
    """Which true instances count in which range, shape (A, T)."""
    return ~one.crowd_T & _within(one.true_area_T)


def _judged(one: Overlaps, kind: Kind) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int8]]:
    """Labels and scores of the detections of a picture that count, the surest first, and their states (A, X, n)."""
    area_N: NDArray[Any]
    ignored_N: NDArray[Any]
    if kind == "mask":
        area_N, iou_NT, ignored_N = one.area_N, one.mask_iou(), one.ignored_N / np.maximum(one.area_N, 1)
    else:
        area_N, iou_NT, ignored_N = box_area(one.boxes_N4.astype(np.float64)), one.box_iou(), one.box_ignored_N
    # Labels are matched apart; ignored pixels are a crowd of all labels, and crowds may be found again and again
    iou_NT = np.column_stack([np.where(one.labels_N[:, None] == one.true_labels_T, iou_NT, 0), ignored_N])
    crowd_T, counted_AT = np.append(one.crowd_T, True), np.pad(_counted(one), ((0, 0), (0, 1)))
    kept_n = _surest(one)
    iou_nT = iou_NT[kept_n]
    state_An = np.where(_within(area_N[kept_n]), _WRONG, _PASSED).astype(np.int8)
    state_AXn = np.repeat(state_An[:, None], len(IOU_THRESHOLDS), axis=1)
    near_nT = iou_nT >= IOU_THRESHOLDS[0]
    # Most pairs have no rival, and are judged at once
    paired_n = (near_nT.sum(axis=1) == 1) & ~near_nT[:, near_nT.sum(axis=0) > 1].any(axis=1)
    pair_n = near_nT[paired_n].argmax(axis=1)
    reached_Xn = iou_nT[paired_n, pair_n] >= IOU_THRESHOLDS[:, None]
    verdict_An = np.where(counted_AT[:, pair_n], _RIGHT, _PASSED)
    state_AXn[..., paired_n] = np.where(reached_Xn, verdict_An[:, None], state_AXn[..., paired_n])
    free_AXT = np.ones((*state_AXn.shape[:2], len(crowd_T)), dtype=np.bool_)
    for place in np.flatnonzero(near_nT.any(axis=1) & ~paired_n):
        iou_T = iou_nT[place]
        fits_AXT = (iou_T >= IOU_THRESHOLDS[:, None]) & (free_AXT | crowd_T)
        # One that counts before any that does not; the most overlap, and of equals the last
        better_AXT = fits_AXT & counted_AT[:, None]
        fits_AXT = np.where(better_AXT.any(axis=-1, keepdims=True), better_AXT, fits_AXT)
        best_AX = len(iou_T) - 1 - np.where(fits_AXT, iou_T, -1)[..., ::-1].argmax(axis=-1)
        area, threshold = fits_AXT.any(axis=-1).nonzero()
        best = best_AX[area, threshold]
        free_AXT[area, threshold, best] = False
        state_AXn[area, threshold, place] = np.where(counted_AT[area, best], _RIGHT, _PASSED)
    return one.labels_N[kept_n], one.scores_N[kept_n], state_AXn


def _within(area_X: NDArray[Any]) -> NDArray[np.bool_]:
    """Which areas lie in which range; both limits belong to it."""
    found: NDArray[np.bool_] = (area_X >= _LOW_A1) & (area_X <= _HIGH_A1)
    return found


def _surest(one: Overlaps) -> NDArray[np.intp]:
    """The places of the detections that count, the surest first."""
    order_N = np.argsort(-one.scores_N, kind="stable")
    if len(order_N) <= MOST:
        return order_N
    of_label = [order_N[one.labels_N[order_N] == label][:MOST] for label in np.unique(one.labels_N)]
    return order_N[np.isin(order_N, np.concatenate(of_label))]


def _precision(state_AXd: NDArray[np.int8], true_A: NDArray[np.int64]) -> NDArray[np.float64]:
    """Precision by recall of one label, shape (A, X, R), the surest detections first; NaN where nothing is true."""
    found_AXR = np.full((*state_AXd.shape[:2], len(RECALL_THRESHOLDS)), np.nan)
    for at in np.ndindex(state_AXd.shape[:2]):
        if total := true_A[at[0]]:
            right_d, wrong_d = (state_AXd[at] == _RIGHT).cumsum(), (state_AXd[at] == _WRONG).cumsum()
            precision_d = right_d / np.maximum(right_d + wrong_d, 1)
            # At a recall counts the best precision that is reached there or further on
            best_d = np.maximum.accumulate(precision_d[::-1])[::-1]
            found_AXR[at] = np.append(best_d, 0.0)[np.searchsorted(right_d / total, RECALL_THRESHOLDS)]
    return found_AXR


def _mean(precision: NDArray[np.float64]) -> float | None:
    """Mean over what is defined."""
    held = precision[~np.isnan(precision)]
    return float(held.mean()) if held.size else None
