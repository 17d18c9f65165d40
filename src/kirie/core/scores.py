"""The definition of every score over pixels and panoptic segments, once, from counts per image and label.

Counts are added over the whole set before any ratio is taken; nothing is averaged over batches. A label that the
truth of the set does not hold has no score (None), and macro averages leave it out. Pixels of the ignore index have
never been counted. The device side (`tasks.metrics`) only counts; these functions decide what the counts mean.

Shapes: N images, L labels, K columns (`COLUMNS`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kirie.core import files
from kirie.errors import RunError

COLUMNS = (
    "tp",
    "fp",
    "fn",
    "boundary_tp",
    "boundary_fp",
    "boundary_fn",
    "small_found",
    "small_total",
)
"""Columns of a count table: pixels; pixels of the boundary bands; small parts found and present."""

PRECISION = ("map", "map_50", "map_75", "map_small", "map_medium", "map_large")
"""The averages of precision of a run that finds instances: by IoU from 0.5 to 0.95, at 0.5, at 0.75, by area."""

INSTANCE = (*PRECISION, *(f"box_{key}" for key in PRECISION), "pq", "sq", "rq")
"""Flat names of all scores of instances; no function of COLUMNS gives them."""

INSTANCE_PER_LABEL = ("map", "box_map", "pq", "sq", "rq")
"""Those of them that a label has, too: `map/eye`."""

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CountTable:
    """Counts per image and label of one evaluated split.

    Attributes:
        images: Sample names, N of them, without duplicates.
        labels: Label names, L of them, in order of their ids.
        counts_NLK: int64 counts in the order of COLUMNS.
    """

    images: tuple[str, ...]
    labels: tuple[str, ...]
    counts_NLK: Counts

    def __post_init__(self) -> None:
        if self.counts_NLK.shape != (len(self.images), len(self.labels), len(COLUMNS)):
            raise ValueError(f"counts of shape {self.counts_NLK.shape} for {len(self.images)} images")

    def scores(self) -> dict[str, Any]:
        """All scores of the table; see `scores`."""
        return scores(self.counts_NLK.sum(axis=0), self.labels) | {"image_miou": image_miou(self.counts_NLK)}

    def write(self, path: Path) -> None:
        """Writes the table as CSV, one row per image and label."""
        text = io.StringIO()
        # Names in quotes always: the csv module leaves a carriage return bare and then cannot read it
        writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(("image", "label", *COLUMNS))
        for image, counts_LK in zip(self.images, self.counts_NLK.tolist(), strict=True):
            writer.writerows((image, label, *row) for label, row in zip(self.labels, counts_LK, strict=True))
        files.write_text(path, text.getvalue())

    @classmethod
    def read(cls, path: Path) -> CountTable:
        """Reads what `write` wrote.

        Raises:
            RunError: The file is missing, or is no such table.
        """
        try:
            with path.open(encoding="utf-8", newline="") as stream:
                rows = list(csv.reader(stream))
            if tuple(rows[0]) != ("image", "label", *COLUMNS):
                raise ValueError(f"its columns are {', '.join(rows[0])}")
            images = tuple(dict.fromkeys(row[0] for row in rows[1:]))
            labels = tuple(dict.fromkeys(row[1] for row in rows[1:]))
            if [(row[0], row[1]) for row in rows[1:]] != [(image, label) for image in images for label in labels]:
                raise ValueError("its rows are not one per image and label")
            counts = np.array([[int(cell) for cell in row[2:]] for row in rows[1:]], dtype=np.int64)
            if (counts < 0).any():
                raise ValueError("a count is below 0")
            return cls(images, labels, counts.reshape(len(images), len(labels), len(COLUMNS)))
        except FileNotFoundError:
            raise RunError(f"The per-image table {path} is not there; `kirie evaluate` writes it.") from None
        except (ValueError, IndexError, OverflowError, csv.Error) as error:
            raise RunError(f"{path} is not a per-image table ({error}); write it anew with `kirie evaluate`.") from None


def scores(counts_LK: Counts, labels: Sequence[str]) -> dict[str, Any]:
    """Scores of a set from its summed counts.

    Args:
        counts_LK: Counts summed over the set, shape (L, K).
        labels: The labels' names, L of them.

    Returns:
        `miou`, `dice`, `boundary_iou` (macro over the labels present in the truth), `micro_iou`, `micro_dice`,
        `accuracy` (over all pixels), `small_recall` (over all small parts; None if there are none), and
        `per_label`: name -> `iou`, `dice`, `boundary_iou`, `small_recall` (None where the truth has nothing).
    """
    tp, fp, fn, b_tp, b_fp, b_fn, found, total = np.asarray(counts_LK, dtype=np.float64).T
    present = tp + fn > 0
    iou_L = ratio(tp, tp + fp + fn, present)
    dice_L = ratio(2 * tp, 2 * tp + fp + fn, present)
    boundary_L = ratio(b_tp, b_tp + b_fp + b_fn, b_tp + b_fn > 0)
    small_L = ratio(found, total, total > 0)
    return {
        "miou": _mean(iou_L),
        "dice": _mean(dice_L),
        "boundary_iou": _mean(boundary_L),
        "micro_iou": _total(tp.sum(), (tp + fp + fn).sum()),
        "micro_dice": _total(2 * tp.sum(), (2 * tp + fp + fn).sum()),
        "accuracy": _total(tp.sum(), (tp + fn).sum()),
        "small_recall": _total(found.sum(), total.sum()),
        "per_label": {
            name: {
                "iou": _number(iou_L[at]),
                "dice": _number(dice_L[at]),
                "boundary_iou": _number(boundary_L[at]),
                "small_recall": _number(small_L[at]),
            }
            for at, name in enumerate(labels)
        },
    }


def miou(counts_XLK: Counts | NDArray[np.float64]) -> NDArray[np.float64]:
    """mIoU for any leading axes of summed counts, shape (..., L, K) -> (...); NaN where no label is present."""
    tp, fp, fn = np.moveaxis(np.asarray(counts_XLK, dtype=np.float64)[..., :3], -1, 0)
    present = tp + fn > 0
    iou = np.where(present, ratio(tp, tp + fp + fn, present), 0.0)
    held = present.sum(axis=-1)
    found: NDArray[np.float64] = np.divide(iou.sum(axis=-1), held, out=np.full(held.shape, np.nan), where=held > 0)
    return found


def image_miou(counts_NLK: Counts) -> float | None:
    """The mean over images of each image's own mIoU, over the labels in its own truth."""
    each_N = miou(counts_NLK)
    return _number(np.nanmean(each_N)) if np.isfinite(each_N).any() else None


def ratio(top: NDArray[np.float64], bottom: NDArray[np.float64], where: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Element by element, NaN where it is not defined."""
    found: NDArray[np.float64] = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=where & (bottom > 0))
    return found


def panoptic(counts_L4: NDArray[np.float64], labels: Sequence[str]) -> dict[str, Any]:
    """Panoptic quality (Kirillov, He, Girshick, Rother and Dollár, "Panoptic segmentation", CVPR 2019) of a set.

    Args:
        counts_L4: By label: the sum of the IoU of matched segments, their number, segments wrongly found, segments
            missed; summed over the set.
        labels: The labels' names, L of them.

    Returns:
        `pq`, `sq` (how well what was found fits) and `rq` (whether it was found), each the mean over the labels that
        the truth has, and `per_label`: name -> the same three, None where the truth has none.
    """
    overlap, tp, fp, fn = np.asarray(counts_L4, dtype=np.float64).T
    present = tp + fn > 0
    # 0 also where nothing was matched
    quality = {
        "pq": ratio(overlap, tp + fp / 2 + fn / 2, present),
        "sq": np.where(present, overlap / np.maximum(tp, 1), np.nan),
        "rq": ratio(tp, tp + fp / 2 + fn / 2, present),
    }
    return {key: _mean(value_L) for key, value_L in quality.items()} | {
        "per_label": {
            name: {key: _number(value_L[at]) for key, value_L in quality.items()} for at, name in enumerate(labels)
        }
    }


def flat(found: Mapping[str, Any]) -> dict[str, float]:
    """Scores as one level of names for a logger (`iou/eye`), without those that are None."""
    # Those of an instance run: `map` and `map/eye` of masks, `box_map` of boxes, `pq`
    precision, quality = found.get("map", {}), found.get("pq", {})
    box = {f"box_{key}": value for key, value in precision.get("box", {}).items()}
    top = {**found, **precision.get("mask", {}), **box, **quality}
    rows = [
        *found.get("per_label", {}).items(),
        *((name, {"map": row["mask"], "box_map": row["box"]}) for name, row in precision.get("per_label", {}).items()),
        *quality.get("per_label", {}).items(),
    ]
    each = {f"{key}/{name}": value for name, row in rows for key, value in row.items()}
    return {key: value for key, value in {**top, **each}.items() if isinstance(value, float)}


def _mean(values: NDArray[np.float64]) -> float | None:
    held = values[np.isfinite(values)]
    return float(held.mean()) if held.size else None


def _total(top: float, bottom: float) -> float | None:
    return float(top / bottom) if bottom > 0 else None


def _number(value: float | np.floating[Any]) -> float | None:
    return float(value) if np.isfinite(value) else None
