"""Small random pictures with true instances and detections, and what pycocotools says of them.

Shapes: N detections, I instance ids, H, W pixels.
"""

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

from kirie.core.detections import Detections
from kirie.core.sample import Mask, Region
from kirie.tasks.metrics.overlap import Overlaps, Truth

SIZE = 40, 48
THINGS = (1, 2, 3)


@dataclass(frozen=True)
class Scene:
    """One picture: the truth, and detections whose masks are whole pictures."""

    ids_HW: NDArray[np.uint8]
    things_I2: NDArray[np.int64]
    detections: Detections
    masks_NHW: Mask

    def overlaps(self) -> Overlaps:
        """What is kept of it."""
        regions = [Region.from_mask("", mask_HW) for mask_HW in self.masks_NHW]
        return Overlaps.of(
            self.detections, [(one.box, one.crop) for one in regions], Truth.of(self.ids_HW, self.things_I2)
        )


def scene(random: np.random.Generator, *, crowds: float = 0.2, ignored: bool = False, size: Any = SIZE) -> Scene:
    """Up to seven true ellipses over one another, and detections near some of them, with tied scores."""
    height, width = size
    ids_HW = np.zeros(size, dtype=np.uint8)
    places = [(random.uniform(0, (height, width)), random.uniform(2, 14, 2)) for _ in range(random.integers(0, 8))]
    for number, (middle, half) in enumerate(places, 1):
        ids_HW[_ellipse(size, middle, half)] = number
    things_I2 = np.full((254, 2), (-1, 0), dtype=np.int64)
    things_I2[: len(places), 0] = random.choice(THINGS, len(places))
    things_I2[: len(places), 1] = random.random(len(places)) < crowds
    if ignored:
        ids_HW[:, : random.integers(1, 12)] = 255
        ids_HW[_ellipse(size, random.uniform(0, (height, width)), random.uniform(2, 14, 2))] = 255
    near = [at for at in range(len(places)) for _ in range(random.integers(0, 3))]
    found = [(places[at][0] + random.normal(0, 1.5, 2), places[at][1] * random.uniform(0.8, 1.2, 2)) for at in near]
    found += [(random.uniform(0, (height, width)), random.uniform(0, 14, 2)) for _ in range(random.integers(0, 3))]
    masks_NHW = np.array([_ellipse(size, *one) for one in found], dtype=np.bool_).reshape(-1, *size)
    right = [things_I2[at, 0] if random.random() < 0.8 else random.choice(THINGS) for at in near]
    labels = [*right, *random.choice(THINGS, len(found) - len(near))]
    return Scene(ids_HW, things_I2, _detections(random, masks_NHW, labels), masks_NHW)


def enlarged(one: Scene, times: int) -> Scene:
    """The same with each pixel as a square of several."""
    found = one.detections
    return Scene(
        one.ids_HW.repeat(times, 0).repeat(times, 1),
        one.things_I2,
        Detections(found.boxes_N4 * np.float32(times), found.labels_N, found.scores_N, found.masks_NMM),
        one.masks_NHW.repeat(times, 1).repeat(times, 2),
    )


def _ellipse(size: Any, middle: NDArray[np.float64], half: NDArray[np.float64]) -> Mask:
    y_HW, x_HW = np.mgrid[: size[0], : size[1]]
    found: Mask = ((y_HW - middle[0]) / (half[0] + 1e-9)) ** 2 + ((x_HW - middle[1]) / (half[1] + 1e-9)) ** 2 <= 1
    return found


def _detections(random: np.random.Generator, masks_NHW: Mask, labels: Sequence[int]) -> Detections:
    boxes_N4 = np.array([Region.from_mask("", one).box for one in masks_NHW], dtype=np.float32).reshape(-1, 4)
    boxes_N4 += random.uniform(0, 1.5, boxes_N4.shape).astype(np.float32) * (-1, -1, 1, 1)
    scores_N = np.sort(random.integers(1, 8, len(labels)) / 8)[::-1].astype(np.float32)
    small_NMM = np.ones((len(labels), 14, 14), dtype=np.float32)
    return Detections(boxes_N4.astype(np.float32), np.array(labels, dtype=np.uint8), scores_N, small_NMM)


def coco_says(scenes: Sequence[Scene], kind: str, things: Sequence[int] = THINGS) -> list[float | None]:
    """pycocotools' six averages of precision, and that of each label; `kind` is segm or bbox.

    An ignored area is a crowd of every label; its box is not, so `bbox` is for scenes without one.
    """
    found: list[dict[str, Any]] = []
    for picture, one in enumerate(scenes):
        boxes, scores = one.detections.boxes_N4.tolist(), one.detections.scores_N.tolist()
        for mask, box, label, score in zip(one.masks_NHW, boxes, one.detections.labels_N.tolist(), scores, strict=True):
            row = _annotation(picture, mask, label) | {"score": score}
            if kind == "bbox":
                row["bbox"] = [box[0], box[1], box[2] - box[0], box[3] - box[1]]
                row["area"] = row["bbox"][2] * row["bbox"][3]
            found.append(row)
    return judged(truth_of(scenes, things), _dataset(scenes, found, things), kind)


def truth_of(scenes: Sequence[Scene], things: Sequence[int] = THINGS) -> COCO:
    """The truth as pycocotools has it, pictures numbered from 0."""
    truth: list[dict[str, Any]] = []
    for picture, one in enumerate(scenes):
        marked = [
            (one.ids_HW == number, int(label), int(crowd))
            for number, (label, crowd) in enumerate(one.things_I2, 1)
            if (one.ids_HW == number).any()
        ]
        if (one.ids_HW == 255).any():
            marked += [(one.ids_HW == 255, label, 1) for label in things]
        truth += [_annotation(picture, mask, label) | {"iscrowd": crowd} for mask, label, crowd in marked]
    return _dataset(scenes, truth, things)


def judged(truth: COCO, found: COCO, kind: str) -> list[float | None]:
    """pycocotools' six averages of precision, and that of each label."""
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(truth, found, kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    each = [precision[:, :, at] for at in range(precision.shape[2])]
    values = [*evaluation.stats[:6], *(one[one > -1].mean() if (one > -1).any() else -1 for one in each)]
    return [None if value == -1 else float(value) for value in values]


def _annotation(picture: int, mask_HW: Mask, label: int) -> dict[str, Any]:
    code = coco_mask.encode(np.asfortranarray(mask_HW))
    row = {"image_id": picture, "category_id": label, "segmentation": code, "iscrowd": 0}
    return row | {"area": float(coco_mask.area(code)), "bbox": coco_mask.toBbox(code).tolist()}


def _dataset(scenes: Sequence[Scene], rows: list[dict[str, Any]], things: Sequence[int]) -> Any:
    content = COCO()
    content.dataset = {
        "info": {},
        "images": [
            {"id": at, "height": one.ids_HW.shape[0], "width": one.ids_HW.shape[1]} for at, one in enumerate(scenes)
        ],
        "categories": [{"id": label} for label in things],
        "annotations": [row | {"id": number} for number, row in enumerate(rows, 1)],
    }
    content.createIndex()
    return content
