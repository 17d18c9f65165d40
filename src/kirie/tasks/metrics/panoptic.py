"""Segments of one picture matched for panoptic quality; `core.scores.panoptic` makes the scores of the counts.

Source: Kirillov, He, Girshick, Rother and Dollár, "Panoptic segmentation", CVPR 2019. A segment is an instance, or all
pixels of a label that has none (the background too). Two of one label match if their IoU is above a half. Ignored
pixels and crowds are void: they are in no IoU, and what was found counts as wrong only if at most half of it is void.

Shapes: L labels; P segments found, T kinds of true pixels; K instance ids 0 to 255; H, W the picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kirie.core.labels import IGNORE
from kirie.tasks.metrics.overlap import Truth

_KINDS = 256
_VOID = -1


def panoptic_counts(
    labels_HW: NDArray[np.uint8],
    instances_HW: NDArray[np.uint16],
    truth: Truth,
    semantic_HW: NDArray[np.uint8],
    things: Sequence[int],
    n_labels: int,
) -> NDArray[np.float64]:
    """What one picture adds to panoptic quality.

    Args:
        labels_HW: Painted label ids; `n_labels` where no label stands for nothing.
        instances_HW: Painted instances: 0 none.
        truth: The true instances.
        semantic_HW: True label ids, 255 where a pixel is ignored; asked where there is no true instance.
        things: The label ids that have instances.
        n_labels: L.

    Returns:
        Shape (L, 4): the sum of the IoU of matched segments, their number, wrongly found, missed.
    """
    # Columns are instance ids, then labels
    kind_HW = np.where(truth.ids_HW == 0, semantic_HW.astype(np.int64) + _KINDS, truth.ids_HW)
    pair_HW = instances_HW.astype(np.int64) * (2 * _KINDS) + kind_HW
    pixels_PT = np.bincount(pair_HW.ravel(), minlength=(int(instances_HW.max(initial=0)) + 1) * 2 * _KINDS)
    pixels_PT = pixels_PT.reshape(-1, 2 * _KINDS)
    true_T = _label_of_kind(truth, things, n_labels)
    found_P = np.full(len(pixels_PT), _VOID)
    found_P[instances_HW] = np.where(labels_HW < n_labels, labels_HW.astype(np.int64), _VOID)

    area_P, area_T = pixels_PT.sum(axis=1), pixels_PT.sum(axis=0)
    void_P = pixels_PT[:, true_T == _VOID].sum(axis=1)
    union_PT = (area_P - void_P)[:, None] + area_T - pixels_PT
    iou_PT = pixels_PT / np.maximum(union_PT, 1)
    match_PT = (iou_PT > 0.5) & (found_P[:, None] == true_T) & (true_T != _VOID)
    wrong_P = (found_P != _VOID) & (area_P > 0) & ~match_PT.any(axis=1) & (2 * void_P <= area_P)
    missed_T = (true_T != _VOID) & (area_T > 0) & ~match_PT.any(axis=0)
    of_match = found_P[match_PT.nonzero()[0]]
    return np.stack(
        [
            np.bincount(of_match, weights=iou_PT[match_PT], minlength=n_labels),
            np.bincount(of_match, minlength=n_labels),
            np.bincount(found_P[wrong_P], minlength=n_labels),
            np.bincount(true_T[missed_T], minlength=n_labels),
        ],
        axis=1,
    )


def _label_of_kind(truth: Truth, things: Sequence[int], n_labels: int) -> NDArray[np.int64]:
    """The label of each column, shape (T,); a pixel of a thing without an instance is void as well."""
    instances_K = np.where(truth.crowd_K, _VOID, truth.labels_K)
    instances_K[[0, IGNORE]] = _VOID
    stuff_K = np.where(np.arange(_KINDS) < n_labels, np.arange(_KINDS), _VOID)
    stuff_K[list(things)] = _VOID
    return np.concatenate([instances_K, stuff_K])
