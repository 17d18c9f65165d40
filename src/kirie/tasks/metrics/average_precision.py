"""Mean average precision of masks and boxes as COCO defines it, from the overlaps of each picture.

Source: Lin et al., "Microsoft COCO", ECCV 2014, and its reference code, pycocotools. The matching and the curves are
those of faster-coco-eval, the backend that torchmetrics uses, too (docs/decisions/0006: why not torchmetrics' class).

Shapes: N detections, T true instances of one picture, n and t those of one label; X thresholds of IoU, R of recall,
L labels, A ranges of area.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster
from numpy.typing import NDArray

from kirie.core.scores import PRECISION
from kirie.tasks.metrics.overlap import Overlaps, box_area

Kind = Literal["mask", "box"]

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALL_THRESHOLDS = np.linspace(0, 1, 101)
"""In 64 bits: 32 would move the result by up to 0.001."""

AREAS = {"small": [0, 32**2], "medium": [32**2, 96**2], "large": [96**2, 1e5**2]}
"""COCO's limits, in pixels of the stored picture. A true instance's area is that of its mask, for boxes as well."""

MOST = 100
"""Detections of one label in one picture that count, the surest first; COCO's limit."""

_Row = dict[str, float]


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
    evaluation: Any = COCOeval_faster(
        _dataset(map(_true_rows, pictures), things),
        _dataset((_found_rows(one, kind) for one in pictures), things),
        # Masks are not handed over, only what they overlap with
        iouType="bbox",
        ranges=AREAS,
    )
    evaluation.params.iouThrs, evaluation.params.recThrs = IOU_THRESHOLDS, RECALL_THRESHOLDS
    evaluation.params.maxDets = [MOST]
    iou = [_iou(one, kind) for one in pictures]
    evaluation.computeIoU = lambda picture, label: _of_label(pictures[picture], iou[picture], label)
    evaluation.evaluate()
    evaluation.accumulate()
    precision_XRLA: NDArray[np.float64] = np.asarray(evaluation.eval["precision"])[..., 0]
    whole_XRL = precision_XRLA[..., 0]
    found = [whole_XRL, whole_XRL[:1], whole_XRL[5:6], *np.moveaxis(precision_XRLA[..., 1:], -1, 0)]
    order = {label: at for at, label in enumerate(sorted(things))}
    each = [_mean(whole_XRL[..., order[label]]) for label in things]
    return dict(zip(PRECISION, map(_mean, found), strict=True)), each


def _dataset(rows: Iterable[Iterator[_Row]], things: Sequence[int]) -> Any:
    """Annotations as COCO's classes want them, but for masks and boxes; numbers from 1, because 0 means no match."""
    pictures: list[_Row] = []
    annotations: list[_Row] = []
    for picture, of_picture in enumerate(rows):
        pictures.append({"id": picture})
        annotations += (
            {"id": number, "image_id": picture, **row} for number, row in enumerate(of_picture, len(annotations) + 1)
        )
    labels = [{"id": label} for label in sorted(things)]
    return COCO({"images": pictures, "categories": labels, "annotations": annotations})


def _true_rows(one: Overlaps) -> Iterator[_Row]:
    held = zip(one.true_labels_T.tolist(), one.true_area_T.tolist(), one.crowd_T.tolist(), strict=True)
    for label, area, crowd in held:
        yield {"category_id": label, "area": area, "iscrowd": int(crowd)}
    # What lies on an ignored area counts neither way: a crowd of every label, where anything was found
    for label in np.unique(one.labels_N).tolist() if one.ignored else ():
        yield {"category_id": label, "area": one.ignored, "iscrowd": 1}


def _found_rows(one: Overlaps, kind: Kind) -> Iterator[_Row]:
    areas = one.area_N if kind == "mask" else box_area(one.boxes_N4.astype(np.float64))
    for label, area, score in zip(one.labels_N.tolist(), areas.tolist(), one.scores_N.tolist(), strict=True):
        yield {"category_id": label, "area": area, "score": score}


def _iou(one: Overlaps, kind: Kind) -> NDArray[np.float64]:
    """All pairs, and the ignored area as the last true instance."""
    if kind == "mask":
        return np.column_stack([one.mask_iou(), one.ignored_N / np.maximum(one.area_N, 1)])
    return np.column_stack([one.box_iou(), one.box_ignored_N])


def _of_label(one: Overlaps, iou_NT: NDArray[np.float64], label: int) -> list[list[float]]:
    """The pairs of one label, the surest detections first, as the evaluation orders them."""
    chosen_n = np.flatnonzero(one.labels_N == label)
    chosen_n = chosen_n[np.argsort(-one.scores_N[chosen_n], kind="stable")[:MOST]]
    held_t = np.flatnonzero(one.true_labels_T == label).tolist() + [-1] * (one.ignored > 0)
    found: list[list[float]] = iou_NT[chosen_n][:, held_t].tolist()
    return found


def _mean(precision: NDArray[np.float64]) -> float | None:
    """Mean over what is defined; the evaluation writes -1 elsewhere."""
    held = precision[precision > -1]
    return float(held.mean()) if held.size else None
