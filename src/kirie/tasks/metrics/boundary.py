"""Boundary bands of all labels at once, and their counts.

Source: Cheng, Girshick, Dollár, Berg and Kirillov, "Boundary IoU: improving object-centric image segmentation
evaluation", CVPR 2021: the band of a mask is the mask without its erosion by d pixels, and boundary IoU is the IoU of
two bands. d is 2 % of the picture's diagonal, at least 1; the erosion takes d steps of a 3x3 square; outside the
picture lies nothing, so that the picture's edge bounds a mask.

Ignored pixels count as outside, in the prediction as in the truth: the edge of an ignored area bounds both alike, and
padding behaves as if it were not there.

The labels of an id map do not overlap, so a pixel lies in its label's band exactly when its window of 2 * d + 1 pixels
holds anything else: one look at the lowest and the highest id of each window serves every label.

Shapes: B batch, L labels, H, W picture size in pixels.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from kirie.core.labels import IGNORE
from kirie.tasks.window import highest, lowest

DIAGONAL_SHARE = 0.02
"""Width of the band as a share of the picture's diagonal, as in the paper for large pictures."""

_OUTSIDE = -1


def band_width(height: int, width: int) -> int:
    """d: the width of the band in pixels."""
    return max(1, round(DIAGONAL_SHARE * math.hypot(height, width)))


def band(ids_BHW: Tensor, valid_BHW: Tensor, distance: int) -> Tensor:
    """Whether a valid pixel has another label, an ignored pixel or the picture's edge within `distance` steps."""
    # 16 bits hold any id and the outside
    ids_BHW = torch.where(valid_BHW, ids_BHW.to(torch.int16), _OUTSIDE)
    return (lowest(ids_BHW, distance, _OUTSIDE) != highest(ids_BHW, distance, _OUTSIDE)) & valid_BHW


def boundary_tp_fp_fn(prediction_BHW: Tensor, target_BHW: Tensor, n_labels: int) -> Tensor:
    """Pixels of the bands by image and label.

    Args:
        prediction_BHW: Predicted ids below `n_labels`, integers.
        target_BHW: True ids below `n_labels`, or 255 where a pixel is ignored, integers.
        n_labels: L.

    Returns:
        int64 counts of shape (B, L, 3): in both bands, in the predicted one only, in the true one only.
    """
    distance = band_width(*target_BHW.shape[-2:])
    valid_BHW = target_BHW != IGNORE
    true_BHW = band(target_BHW, valid_BHW, distance)
    found_BHW = band(prediction_BHW, valid_BHW, distance)
    tp_BL = _by_label(target_BHW, true_BHW & found_BHW & (prediction_BHW == target_BHW), n_labels)
    fp_BL = _by_label(prediction_BHW, found_BHW, n_labels) - tp_BL
    fn_BL = _by_label(target_BHW, true_BHW, n_labels) - tp_BL
    return torch.stack([tp_BL, fp_BL, fn_BL], dim=-1)


def _by_label(ids_BHW: Tensor, counted_BHW: Tensor, n_labels: int) -> Tensor:
    batch = len(ids_BHW)
    cell_BHW = torch.where(counted_BHW, ids_BHW.long(), n_labels)
    first_B11 = torch.arange(batch, device=ids_BHW.device).view(-1, 1, 1) * (n_labels + 1)
    counts = torch.bincount((cell_BHW + first_B11).flatten(), minlength=batch * (n_labels + 1))
    return counts.view(batch, n_labels + 1)[:, :n_labels]
