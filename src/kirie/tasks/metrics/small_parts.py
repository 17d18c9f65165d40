"""Recall of small parts: eyes, mouths, loose strands, which areas and even boundaries hardly weigh.

A part is a connected area of one label in the truth (8 neighbours). It is small if it covers less than 1/300 of the
picture, the share that COCO's limit of 32 x 32 pixels has of its usual picture of 640 x 480 (Lin et al., "Microsoft
COCO", ECCV 2014), and at least 1/16384 (4 pixels of 256 x 256): less is a crumb that an occlusion left. The picture is
what is not ignored, so that padding does not move the limits. A small part is found if at least half of its pixels are
predicted as its label.

This runs on the CPU: connected parts do not pay on the device, and only evaluation asks for them.

Shapes: L labels, H, W picture size in pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from kirie.core.labels import IGNORE

SMALL_SHARE = 300
"""A small part covers less than one of this many parts of the picture."""

CRUMB_SHARE = 16384
"""And at least one of this many."""

_NEIGHBOURS = np.ones((3, 3), dtype=np.int8)


def small_found_total(
    prediction_HW: NDArray[np.integer], target_HW: NDArray[np.integer], n_labels: int
) -> NDArray[np.int64]:
    """Small parts of one image by label.

    Args:
        prediction_HW: Predicted ids.
        target_HW: True ids, 255 where a pixel is ignored.
        n_labels: L.

    Returns:
        Counts of shape (L, 2): found, and present.
    """
    area = np.count_nonzero(target_HW != IGNORE)
    counts_L2 = np.zeros((n_labels, 2), dtype=np.int64)
    for label in np.unique(target_HW):
        if label == IGNORE:
            continue
        part_HW, n_parts = ndimage.label(target_HW == label, structure=_NEIGHBOURS)
        size = np.bincount(part_HW.ravel(), minlength=n_parts + 1)[1:]
        hit = np.bincount(part_HW[prediction_HW == label], minlength=n_parts + 1)[1:]
        # In whole numbers: size < area / 300, at least area / 16384; half of the pixels
        small = (size * SMALL_SHARE < area) & (size * CRUMB_SHARE >= area)
        counts_L2[label] = np.count_nonzero(small & (2 * hit >= size)), np.count_nonzero(small)
    return counts_L2
