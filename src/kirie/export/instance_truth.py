"""The instances that are really in the gate's pictures, and mAP against them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy import ndimage

from kirie.core.detections import Detections, pasted
from kirie.core.labels import IGNORE
from kirie.prepare.store import Split

Bytes = NDArray[np.uint8]

_EIGHT = np.ones((3, 3), dtype=np.bool_)
_MOST = 254


@dataclass(frozen=True, slots=True)
class Truth:
    """The instances of one picture.

    Attributes:
        ids_HW: uint8: 0 none, k the k-th instance, 255 ignored.
        labels: The label id of each instance.
        crowds: Whether it is several that nobody told apart.
    """

    ids_HW: Bytes
    labels: tuple[int, ...]
    crowds: tuple[bool, ...]


def truth_of(split: Split, chosen: NDArray[np.int64], things: Sequence[int]) -> list[Truth]:
    """The truth of some pictures: the connected parts of each thing's label.

    Args:
        split: The pictures' split.
        chosen: Their numbers in it.
        things: The label ids that have instances.
    """
    _, target_NHW = split.read(chosen)
    return [_connected(target_HW, things) for target_HW in target_NHW]


def _connected(target_HW: Bytes, things: Sequence[int]) -> Truth:
    ids_HW = np.where(target_HW == IGNORE, IGNORE, 0).astype(np.uint8)
    labels: list[int] = []
    for label in things:
        parts_HW, count = ndimage.label(target_HW == label, _EIGHT)
        for part in range(1, min(count, _MOST - len(labels)) + 1):
            labels.append(label)
            ids_HW[parts_HW == part] = len(labels)
    return Truth(ids_HW, tuple(labels), (False,) * len(labels))


def map_of(found: Sequence[Detections], truths: Sequence[Truth], things: Sequence[int]) -> float | None:
    """Mask mAP over pictures (COCO's, IoU 0.50 to 0.95), or None where the truth has no instance."""
    truth, answers = _true_rows(truths), _found_rows(found, truths)
    if not any(not row["iscrowd"] for row in truth):
        return None
    if not answers:
        return 0.0
    with contextlib.redirect_stdout(io.StringIO()):
        ground = COCO()
        ground.dataset = {
            "images": [
                dict(zip(("id", "height", "width"), (at, *truth.ids_HW.shape), strict=True))
                for at, truth in enumerate(truths)
            ],
            "categories": [{"id": label} for label in things],
            "annotations": truth,
        }
        ground.createIndex()
        evaluation = COCOeval(ground, ground.loadRes(answers), "segm")
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    return float(precision[precision > -1].mean())


def _true_rows(truths: Sequence[Truth]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for picture, truth in enumerate(truths):
        for at, (label, crowd) in enumerate(zip(truth.labels, truth.crowds, strict=True), 1):
            mask_HW = np.asfortranarray(truth.ids_HW == at, dtype=np.uint8)
            row = {"id": len(rows) + 1, "image_id": picture, "category_id": label, "iscrowd": int(crowd)}
            rows.append(row | {"segmentation": coco_mask.encode(mask_HW), "area": int(mask_HW.sum())})
    # Instances that a smaller size leaves no pixel of are not there
    return [row for row in rows if row["area"]]


def _found_rows(found: Sequence[Detections], truths: Sequence[Truth]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for picture, (detections, truth) in enumerate(zip(found, truths, strict=True)):
        height, width = truth.ids_HW.shape
        for at, ((x0, y0, x1, y1), crop_hw) in enumerate(pasted(detections, height, width)):
            mask_HW = np.zeros((height, width), dtype=np.uint8, order="F")
            mask_HW[y0:y1, x0:x1] = crop_hw
            row = {"image_id": picture, "category_id": int(detections.labels_N[at])}
            score = float(detections.scores_N[at])
            rows.append(row | {"score": score, "segmentation": coco_mask.encode(mask_HW)})
    return rows
