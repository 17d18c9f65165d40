"""How much the detections of one picture overlap with its truth: all that average precision needs of their masks.

True instances are visible masks, of which no two overlap, so one count of the true ids under a detection's mask gives
its overlap with all of them. What is kept of a picture is a number for each pair: no mask, not even run-length coded.

Shapes: N detections; T true instances, those with pixels; K instance ids 0 to 255; H, W the picture.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from kirie.core.detections import Box, Detections
from kirie.core.labels import IGNORE
from kirie.core.sample import Mask

Ids = NDArray[np.uint8]

_KINDS = 256


@dataclass(frozen=True, slots=True)
class Truth:
    """The true instances of one picture.

    Attributes:
        ids_HW: uint8 instance ids: 0 none, 255 ignored.
        labels_K: int64 label ids by instance id; -1 where there is no such instance.
        crowd_K: Whether it is a crowd: several things marked as one.
    """

    ids_HW: Ids
    labels_K: NDArray[np.int64]
    crowd_K: NDArray[np.bool_]

    @classmethod
    def of(cls, ids_HW: Ids, things_I2: NDArray[np.int64]) -> Truth:
        """The truth as a batch has it.

        Args:
            ids_HW: uint8 instance ids.
            things_I2: Label and crowd (0 or 1) of the ids from 1; label -1 where there is none.
        """
        labels_K, crowd_K = np.full(_KINDS, -1, dtype=np.int64), np.zeros(_KINDS, dtype=np.bool_)
        labels_K[1 : len(things_I2) + 1], crowd_K[1 : len(things_I2) + 1] = things_I2[:, 0], things_I2[:, 1] == 1
        return cls(ids_HW, labels_K, crowd_K)


@dataclass(frozen=True, slots=True)
class Overlaps:
    """One picture: what was found, what is there, and the pixels that both have.

    Attributes:
        labels_N: uint8 label ids of the detections.
        scores_N: float32.
        boxes_N4: float32 x0, y0, x1, y1.
        area_N: int32 pixels of their masks.
        ignored_N: int32 pixels of their masks that are ignored.
        box_ignored_N: float32 share of their boxes' pixels that are ignored.
        true_labels_T: uint8 label ids of the true instances.
        crowd_T: Which of them are crowds.
        true_boxes_T4: int32 tight boxes, the ends exclusive.
        true_area_T: int32 pixels.
        both_NT: int32 pixels in both masks.
        ignored: Ignored pixels of the picture.
    """

    labels_N: NDArray[np.uint8]
    scores_N: NDArray[np.float32]
    boxes_N4: NDArray[np.float32]
    area_N: NDArray[np.int32]
    ignored_N: NDArray[np.int32]
    box_ignored_N: NDArray[np.float32]
    true_labels_T: NDArray[np.uint8]
    crowd_T: NDArray[np.bool_]
    true_boxes_T4: NDArray[np.int32]
    true_area_T: NDArray[np.int32]
    both_NT: NDArray[np.int32]
    ignored: int

    @classmethod
    def of(cls, detections: Detections, masks: Iterable[tuple[Box, Mask]], truth: Truth) -> Overlaps:
        """The overlaps of a picture.

        Args:
            detections: What was found.
            masks: The detections' masks as crops at picture size, in their order.
            truth: What is there.
        """
        ids_HW = truth.ids_HW
        under_NK = np.empty((len(detections), _KINDS), dtype=np.int32)
        for count_K, ((x0, y0, x1, y1), crop) in zip(under_NK, masks, strict=True):
            count_K[:] = np.bincount(ids_HW[y0:y1, x0:x1][crop], minlength=_KINDS)
        area_K = np.bincount(ids_HW.ravel(), minlength=_KINDS).astype(np.int32)
        held_T = np.flatnonzero((truth.labels_K >= 0) & (area_K > 0))
        ignored = int(area_K[IGNORE])
        return cls(
            detections.labels_N,
            detections.scores_N,
            detections.boxes_N4,
            under_NK.sum(axis=1, dtype=np.int32),
            under_NK[:, IGNORE].copy(),
            _ignored_share(ids_HW, detections.boxes_N4) if ignored else np.zeros(len(detections), dtype=np.float32),
            truth.labels_K[held_T].astype(np.uint8),
            truth.crowd_K[held_T],
            _boxes(ids_HW, held_T),
            area_K[held_T],
            under_NK[:, held_T],
            ignored,
        )

    def mask_iou(self) -> NDArray[np.float64]:
        """IoU of masks, shape (N, T); with a crowd, the share of the detection that lies in it."""
        union_NT = self.area_N[:, None] + np.where(self.crowd_T, 0, self.true_area_T - self.both_NT)
        # A mask may have no pixel
        found: NDArray[np.float64] = self.both_NT / np.maximum(union_NT, 1)
        return found

    def box_iou(self) -> NDArray[np.float64]:
        """The same of boxes."""
        box_N4, true_T4 = self.boxes_N4.astype(np.float64), self.true_boxes_T4.astype(np.float64)
        low_NT2 = np.maximum(box_N4[:, None, :2], true_T4[None, :, :2])
        high_NT2 = np.minimum(box_N4[:, None, 2:], true_T4[None, :, 2:])
        both_NT = (high_NT2 - low_NT2).clip(min=0).prod(axis=-1)
        union_NT = box_area(box_N4)[:, None] + np.where(self.crowd_T, 0.0, box_area(true_T4) - both_NT)
        found: NDArray[np.float64] = np.divide(both_NT, union_NT, out=np.zeros_like(both_NT), where=both_NT > 0)
        return found


def box_area(boxes_X4: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pixels of boxes x0, y0, x1, y1."""
    found: NDArray[np.float64] = (boxes_X4[:, 2] - boxes_X4[:, 0]) * (boxes_X4[:, 3] - boxes_X4[:, 1])
    return found


def _boxes(ids_HW: Ids, held_T: NDArray[np.intp]) -> NDArray[np.int32]:
    places = ndimage.find_objects(ids_HW, max_label=int(held_T.max(initial=1)))
    corners = [(x.start, y.start, x.stop, y.stop) for y, x in (places[at - 1] for at in held_T)]
    return np.array(corners, dtype=np.int32).reshape(-1, 4)


def _ignored_share(ids_HW: Ids, boxes_N4: NDArray[np.float32]) -> NDArray[np.float32]:
    """By pixels, for one box round all ignored areas would hold what lies between them, too."""
    shares = []
    for x0, y0, x1, y1 in np.rint(boxes_N4.clip(min=0)).astype(np.int64).tolist():
        inside = ids_HW[y0:y1, x0:x1]
        shares.append(np.count_nonzero(inside == IGNORE) / max(inside.size, 1))
    return np.array(shares, dtype=np.float32)
