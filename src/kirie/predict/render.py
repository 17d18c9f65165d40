"""Pictures for people: the label map with its palette, and the overlay.

Shapes: H, W the picture; C RGB.
"""

from __future__ import annotations

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from scipy import ndimage

from kirie.core.labels import LabelSet
from kirie.core.sample import Image

_TINT = 0.45
"""Share of the label's colour inside a region: enough to tell labels apart, little enough to see the drawing."""

_FADE = 0.35
"""Share of white over the background, so that the parts stand out."""

_BAND_PIXELS = 1 << 20

_PIXELS_PER_LINE = 320
"""An outline is one pixel thick for every so many pixels of the picture's shorter side."""


def label_map(labels_HW: NDArray[np.uint8], labels: LabelSet) -> PIL.Image.Image:
    """The ids as an index PNG: the values are the ids, the palette shows the labels' colours."""
    image = PIL.Image.fromarray(labels_HW)
    image.putpalette(labels.palette())
    return image


def overlay(rgb_HWC: Image, labels_HW: NDArray[np.uint8], labels: LabelSet) -> Image:
    """The labels' colours over a picture, each region with an outline in its full colour.

    Args:
        rgb_HWC: uint8 RGB, alpha already laid over white.
        labels_HW: uint8 ids.
        labels: Their colours; `labels.unlabelled` is what lies behind and is faded instead.

    Returns:
        uint8 RGB, shape (H, W, 3).
    """
    mixed_HWC = tint(rgb_HWC, labels_HW, labels)
    draw_outlines(mixed_HWC, labels_HW, labels_HW, labels)
    return mixed_HWC


def tint(rgb_HWC: Image, labels_HW: NDArray[np.uint8], labels: LabelSet) -> Image:
    """A picture with the labels' colours laid over it, uint8 of shape (H, W, 3)."""
    # A table for all 256 values of each channel and label: exact, and no picture-sized floats
    values = np.arange(256, dtype=np.float32)
    colors = _colors(labels).astype(np.float32)
    share = np.full((256, 1), _TINT, dtype=np.float32)
    behind = labels.unlabelled
    colors[behind], share[behind] = 255, _FADE
    mixed_HWC = np.empty_like(rgb_HWC)
    step = max(1, _BAND_PIXELS // labels_HW.shape[1])
    for channel in range(3):
        table = np.rint(values[None, :] * (1 - share) + colors[:, channel, None] * share).astype(np.uint8)
        # In bands, because numpy turns each index into eight bytes
        for top in range(0, len(labels_HW), step):
            rows = slice(top, top + step)
            mixed_HWC[rows, :, channel] = table[labels_HW[rows], rgb_HWC[rows, :, channel]]
    return mixed_HWC


def draw_outlines(
    mixed_HWC: Image, ids_HW: NDArray[np.uint8] | NDArray[np.uint16], labels_HW: NDArray[np.uint8], labels: LabelSet
) -> None:
    """Draws the edges of areas of one id into a picture, in their labels' colours; the background has none."""
    line_HW = _outlines(ids_HW) & (labels_HW != labels.unlabelled)
    mixed_HWC[line_HW] = _colors(labels)[labels_HW[line_HW]]


def _colors(labels: LabelSet) -> NDArray[np.uint8]:
    """RGB of every 8-bit id, shape (256, 3)."""
    found: NDArray[np.uint8] = np.array(labels.palette(), dtype=np.uint8).reshape(256, 3)
    return found


def _outlines(ids_HW: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Pixels whose neighbourhood holds another id; the picture's own edge is no outline."""
    thickness = max(1, round(min(ids_HW.shape) / _PIXELS_PER_LINE))
    side = 2 * thickness + 1
    highest = ndimage.maximum_filter(ids_HW, side, mode="nearest")
    lowest = ndimage.minimum_filter(ids_HW, side, mode="nearest")
    found: NDArray[np.bool_] = highest != lowest
    return found
