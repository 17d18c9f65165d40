"""Time to evaluate instances: kirie's mask and box mAP against pycocotools, from the same masks.

Both sides get each picture's detections as whole masks, with boxes, labels and scores, and the truth: pycocotools as
whole masks, kirie as the store's instance map. pycocotools encodes the masks of a picture at once and evaluates masks,
then boxes. kirie counts what overlaps and evaluates both. Then the two must say the same: all averages of precision to
1e-6. Pictures take turns, so that other work on the machine disturbs both sides. Also told: torchmetrics' class with
its faster backend (--torchmetrics), the seconds of each part, and what the whole of InstanceScores takes, which also
pastes the small masks, paints the label map, counts its pixels, and matches segments for panoptic quality.

`peak_bytes_per_image` is what one more picture adds to the peak memory of the matching (tracemalloc, all pictures
against a fifth of them); it was 20 times as much when a library held the rows.

`ratio` is pycocotools' encoding and evaluating over our counting and matching; `ratio_without_encoding` leaves its
encoding out, as if masks came run-length coded; `ratio_whole` is its encoding and evaluating over all that
InstanceScores does.

Run: python benchmarks/instance_eval.py [--images 500] [--instances 20] [--size 256] [--labels 6] [--torchmetrics]
Prints one JSON object. Run it with OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import pickle
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torchmetrics.detection import MeanAveragePrecision

from kirie.core.detections import Box, Detections, paint, pasted
from kirie.tasks.metrics import InstanceScores
from kirie.tasks.metrics.average_precision import IOU_THRESHOLDS, RECALL_THRESHOLDS, average_precision
from kirie.tasks.metrics.overlap import Overlaps, Truth

Found = TypeVar("Found")


@dataclass(frozen=True)
class Picture:
    """One picture: detections with their whole masks and the boxes these reach, and the truth in both forms."""

    found: Detections
    masks_NHW: NDArray[np.bool_]
    boxes: list[Box]
    ids_HW: NDArray[np.uint8]
    semantic_HW: NDArray[np.uint8]
    things_I2: NDArray[np.int64]
    true_THW: NDArray[np.bool_]
    true_things_T2: NDArray[np.int64]


class Clock:
    """Seconds by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def of(self, name: str, work: Callable[..., Found], *arguments: Any) -> Found:
        """What the work gives; its time is added up."""
        start = time.perf_counter()
        found = work(*arguments)
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
        return found

    def total(self, side: str) -> float:
        """Of all names that begin with it."""
        return sum(value for name, value in self.seconds.items() if name.startswith(side))


def pictures(count: int, instances: int, size: int, labels: int) -> Iterator[Picture]:
    """Blobs over one another, and detections a little beside them, some with the wrong label."""
    random = np.random.default_rng(0)
    y_MM, x_MM = np.mgrid[-1:1:28j, -1:1:28j]
    for _ in range(count):
        low_N2 = random.uniform(0, size * 0.85, (instances, 2))
        boxes_N4 = np.concatenate([low_N2, low_N2 + random.uniform(0.04, 0.3, (instances, 2)) * size], axis=1)
        squeezed_N2 = random.uniform(0.5, 1.2, (instances, 2, 1, 1))
        masks_NMM = 1 / (1 + np.exp(8 * (squeezed_N2[:, 0] * x_MM**2 + squeezed_N2[:, 1] * y_MM**2) - 5))
        kinds_N = random.integers(1, labels + 1, instances)
        scores_N = np.sort(random.random(instances).astype(np.float32))[::-1].copy()
        true = Detections(
            boxes_N4.clip(0, size).astype(np.float32), kinds_N.astype(np.uint8), scores_N, masks_NMM.astype(np.float32)
        )
        semantic_HW, instances_HW = paint(true, size, size, 0, 0.0)
        things_I2 = np.stack([kinds_N, random.random(instances) < 0.05], axis=1).astype(np.int64)
        other_N = np.where(random.random(instances) < 0.9, kinds_N, random.integers(1, labels + 1, instances))
        moved_N4 = boxes_N4 + random.normal(0, 0.008 * size, boxes_N4.shape)
        found = Detections(
            moved_N4.clip(0, size).astype(np.float32), other_N.astype(np.uint8), scores_N, true.masks_NMM
        )
        masks_NHW = np.zeros((instances, size, size), dtype=np.bool_)
        boxes = []
        for mask_HW, (box, crop) in zip(masks_NHW, pasted(found, size, size), strict=True):
            mask_HW[box[1] : box[3], box[0] : box[2]] = crop
            boxes.append(box)
        ids_HW = instances_HW.astype(np.uint8)
        seen = np.flatnonzero(np.bincount(ids_HW.ravel(), minlength=instances + 1)[1:])
        true_THW = ids_HW == (seen[:, None, None] + 1)
        yield Picture(found, masks_NHW, boxes, ids_HW, semantic_HW, things_I2, true_THW, things_I2[seen])


def overlaps(one: Picture) -> Overlaps:
    """kirie's part for one picture."""
    crops = (
        (box, mask_HW[box[1] : box[3], box[0] : box[2]]) for box, mask_HW in zip(one.boxes, one.masks_NHW, strict=True)
    )
    return Overlaps.of(one.found, crops, Truth.of(one.ids_HW, one.things_I2))


class Theirs:
    """pycocotools' side."""

    def __init__(self, labels: int, size: int) -> None:
        self.labels, self.size, self.images = labels, size, 0
        self.true: list[dict[str, Any]] = []
        self.masks: list[dict[str, Any]] = []
        self.boxes: list[dict[str, Any]] = []

    def add(self, one: Picture) -> None:
        """Encodes a picture's masks."""
        codes = coco_mask.encode(np.asfortranarray(one.true_THW.transpose(1, 2, 0)))
        areas, boxes = coco_mask.area(codes).tolist(), coco_mask.toBbox(codes).tolist()
        for code, area, box, (label, crowd) in zip(codes, areas, boxes, one.true_things_T2.tolist(), strict=True):
            row = {"id": len(self.true) + 1, "image_id": self.images, "category_id": label, "iscrowd": crowd}
            self.true.append(row | {"segmentation": code, "area": area, "bbox": box})
        codes = coco_mask.encode(np.asfortranarray(one.masks_NHW.transpose(1, 2, 0)))
        found = one.found
        rows = zip(codes, found.boxes_N4.tolist(), found.labels_N.tolist(), found.scores_N.tolist(), strict=True)
        for code, (x0, y0, x1, y1), label, score in rows:
            row = {"image_id": self.images, "category_id": label, "score": score}
            self.masks.append(row | {"segmentation": code})
            self.boxes.append(row | {"bbox": [x0, y0, x1 - x0, y1 - y0]})
        self.images += 1

    def evaluate(self) -> list[float]:
        """The averages of precision of masks, then of boxes."""
        with contextlib.redirect_stdout(io.StringIO()):
            truth = COCO()
            truth.dataset = {
                "info": {},
                "images": [{"id": at, "height": self.size, "width": self.size} for at in range(self.images)],
                "categories": [{"id": label} for label in range(1, self.labels + 1)],
                "annotations": self.true,
            }
            truth.createIndex()
            stats: list[float] = []
            for kind, rows in (("segm", self.masks), ("bbox", self.boxes)):
                evaluation = COCOeval(truth, truth.loadRes(rows), kind)
                evaluation.evaluate()
                evaluation.accumulate()
                evaluation.summarize()
                stats += evaluation.stats[:6].tolist()
        return stats


def torchmetrics_side() -> MeanAveragePrecision:
    """torchmetrics' class with the faster backend."""
    return MeanAveragePrecision(
        iou_type=("segm", "bbox"),
        iou_thresholds=IOU_THRESHOLDS.tolist(),
        rec_thresholds=RECALL_THRESHOLDS.tolist(),
        class_metrics=True,
        backend="faster_coco_eval",
    )


def add_to_torchmetrics(metric: MeanAveragePrecision, one: Picture) -> None:
    """Gives it a picture."""
    places = [np.nonzero(mask_HW) for mask_HW in one.true_THW]
    true_T4 = [[x.min(), y.min(), x.max() + 1, y.max() + 1] for y, x in places]
    found = {
        "masks": torch.from_numpy(one.masks_NHW),
        "boxes": torch.from_numpy(one.found.boxes_N4),
        "scores": torch.from_numpy(one.found.scores_N),
        "labels": torch.from_numpy(one.found.labels_N).long(),
    }
    true = {
        "masks": torch.from_numpy(one.true_THW),
        "boxes": torch.tensor(true_T4, dtype=torch.float32),
        "labels": torch.from_numpy(one.true_things_T2[:, 0]),
        "iscrowd": torch.from_numpy(one.true_things_T2[:, 1]),
    }
    metric.update([found], [true])


def peak_of(found: list[Overlaps], things: tuple[int, ...]) -> int:
    """Bytes at the peak of matching masks."""
    tracemalloc.start()
    average_precision(found, things, "mask")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main() -> None:
    """Times and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--instances", type=int, default=20)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--labels", type=int, default=6)
    parser.add_argument("--torchmetrics", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    things = tuple(range(1, options.labels + 1))
    clock, theirs, other, ours = Clock(), Theirs(options.labels, options.size), torchmetrics_side(), list[Overlaps]()
    names = ["background", *map(str, things)]
    whole = InstanceScores(names, things, 0, 0.5)
    for at, one in enumerate(pictures(options.images, options.instances, options.size, options.labels)):
        ours.append(clock.of("kirie overlaps", overlaps, one))
        clock.of("pycocotools encoding", theirs.add, one)
        if options.torchmetrics:
            clock.of("torchmetrics encoding", add_to_torchmetrics, other, one)
        batch = [torch.from_numpy(values)[None] for values in (one.ids_HW, one.things_I2, one.semantic_HW)]
        clock.of("whole update", whole.update, [one.found], *batch, torch.tensor([at]))
    mask, _ = clock.of("kirie masks", average_precision, ours, things, "mask")
    box, _ = clock.of("kirie boxes", average_precision, ours, things, "box")
    said = clock.of("pycocotools evaluation", theirs.evaluate)
    if options.torchmetrics:
        clock.of("torchmetrics evaluation", other.compute)
    scores = clock.of("whole compute", whole.compute)
    numbers = [-1.0 if value is None else value for value in (*mask.values(), *box.values())]
    difference = float(np.abs(np.array(numbers) - said).max())
    if difference > 1e-6 or scores["map"]["mask"] != mask:
        raise SystemExit("The sides do not say the same; their times mean nothing.")
    few = options.images // 5
    found = {
        "benchmark": "instance_eval",
        **{key: getattr(options, key) for key in ("images", "instances", "size", "labels")},
        "seconds": {name: round(value, 3) for name, value in clock.seconds.items()},
        "map": mask["map"],
        "box_map": box["map"],
        "largest_difference": difference,
        "kept_bytes_per_image": len(pickle.dumps(whole.pictures)) // options.images,
        "peak_bytes_per_image": (peak_of(ours, things) - peak_of(ours[:few], things)) // (options.images - few),
        "ratio": round(clock.total("pycocotools") / clock.total("kirie"), 2),
        "ratio_without_encoding": round(clock.total("pycocotools evaluation") / clock.total("kirie"), 2),
        "ratio_whole": round(clock.total("pycocotools") / clock.total("whole"), 2),
    }
    if options.torchmetrics:
        found["ratio_torchmetrics"] = round(clock.total("torchmetrics") / clock.total("kirie"), 1)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
