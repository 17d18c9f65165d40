"""The instances that are really in the gate's pictures, and mAP against them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kirie.core.detections import Detections, pasted
from kirie.prepare.store import Split
from kirie.tasks.metrics.average_precision import average_precision
from kirie.tasks.metrics.overlap import Overlaps, Truth


def truth_of(split: Split, chosen: NDArray[np.int64]) -> list[Truth]:
    """The truth of some pictures.

    Args:
        split: The pictures' split.
        chosen: Their numbers in it.
    """
    _, ids_NHW, instances = split.read_instances(chosen)
    rows = (np.array([(one.label, one.crowd) for one in of_one], np.int64).reshape(-1, 2) for of_one in instances)
    return [Truth.of(ids_HW, things_I2) for ids_HW, things_I2 in zip(ids_NHW, rows, strict=True)]


def no_truth(height: int, width: int) -> Truth:
    """That of a picture without instances."""
    return Truth.of(np.zeros((height, width), dtype=np.uint8), np.zeros((0, 2), dtype=np.int64))


def map_of(found: Sequence[Detections], truths: Sequence[Truth], things: Sequence[int]) -> float | None:
    """Mask mAP over pictures, as training scores it, or None where the truth has no instance."""
    overlaps = [
        Overlaps.of(one, list(pasted(one, *truth.ids_HW.shape)), truth)
        for one, truth in zip(found, truths, strict=True)
    ]
    return average_precision(overlaps, things, "mask")[0]["map"]
