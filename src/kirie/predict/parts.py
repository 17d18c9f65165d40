"""A picture and its label map, or its map of instances, to parts, and back.

Parts share the picture's pixels out: each pixel belongs to exactly one part, which keeps its colour and alpha bit for
bit, the colour under alpha 0 included. A part is straight RGBA, 0 in all four channels wherever a pixel is not its
own; so the sum of all parts is the picture.

Shapes: H, W the picture; h, w a part's box; C channels (RGB or RGBA).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from kirie.core.detections import Box
from kirie.core.labels import IGNORE, Label, LabelSet
from kirie.core.sample import Image, Mask, Region

REST = Label(IGNORE, "unlabelled", (128, 128, 128))
"""What no thing covers, where the label set has no background: parts must make up the whole picture."""


@dataclass(frozen=True, slots=True)
class Part:
    """One label of a picture, or one thing of it, cut out.

    Attributes:
        label: The label.
        region: Where: the box, and inside it the pixels that are the part's own. Its instance is the thing's number
            among those of its label, or None.
        rgba_hwC: uint8 straight RGBA of the box.
    """

    label: Label
    region: Region
    rgba_hwC: Image

    @property
    def name(self) -> str:
        """The label's name, with the thing's number behind it: `eye.2`."""
        number = self.region.instance
        return self.label.name if number is None else f"{self.label.name}.{number}"

    def canvas(self, height: int, width: int) -> Image:
        """The part at the picture's size, uint8 of shape (H, W, 4)."""
        rgba_HWC = np.zeros((height, width, 4), dtype=np.uint8)
        x0, y0, x1, y1 = self.region.box
        rgba_HWC[y0:y1, x0:x1] = self.rgba_hwC
        return rgba_HWC


def cut_out(
    rgb_HWC: Image, alpha_HW: NDArray[np.uint8] | None, labels_HW: NDArray[np.uint8], labels: LabelSet
) -> Iterator[Part]:
    """The parts of a picture, one for each label present, in order of ids, one at a time.

    Args:
        rgb_HWC: uint8 RGB.
        alpha_HW: uint8 straight alpha, or None for a picture without.
        labels_HW: uint8 ids, each of which is in `labels`.
        labels: What the ids mean.
    """
    # find_objects counts from 1, and id 0 is a label like any other
    for label, where in zip(labels, _boxes(labels_HW, len(labels)), strict=True):
        if where is None:
            continue
        rows, columns = where
        box = (columns.start, rows.start, columns.stop, rows.stop)
        yield _part(label, box, labels_HW[where] == label.id, rgb_HWC, alpha_HW)


def cut_out_things(
    rgb_HWC: Image,
    alpha_HW: NDArray[np.uint8] | None,
    instances_HW: NDArray[np.uint16],
    things: Sequence[tuple[int, int, Box]],
    labels: LabelSet,
) -> Iterator[Part]:
    """The parts of a picture of things, one at a time: first what lies behind them all, then each thing.

    Args:
        rgb_HWC: uint8 RGB.
        alpha_HW: uint8 straight alpha, or None for a picture without.
        instances_HW: uint16: 0 none, k the k-th thing.
        things: Label id, number among those of its label, and tight box of each.
        labels: What the ids mean; what is none goes to the background, or to REST where there is none.
    """
    (where,) = ndimage.find_objects((instances_HW == 0).view(np.uint8), max_label=1)
    if where is not None:
        rows, columns = where
        behind = REST if labels.unlabelled == IGNORE else labels.labels[labels.unlabelled]
        box = (columns.start, rows.start, columns.stop, rows.stop)
        yield _part(behind, box, instances_HW[where] == 0, rgb_HWC, alpha_HW)
    for at, (label, number, box) in enumerate(things, 1):
        x0, y0, x1, y1 = box
        own_hw = instances_HW[y0:y1, x0:x1] == at
        yield _part(labels.labels[label], box, own_hw, rgb_HWC, alpha_HW, number)


def _part(
    label: Label,
    box: Box,
    own_hw: Mask,
    rgb_HWC: Image,
    alpha_HW: NDArray[np.uint8] | None,
    number: int | None = None,
) -> Part:
    x0, y0, x1, y1 = box
    where = slice(y0, y1), slice(x0, x1)
    rgba_hwC = np.empty((*own_hw.shape, 4), dtype=np.uint8)
    rgba_hwC[..., :3] = rgb_HWC[where]
    rgba_hwC[..., 3] = 255 if alpha_HW is None else alpha_HW[where]
    # A pixel at a time, as one 32-bit number: a boolean index over four channels takes four times as long
    rgba_hwC.view(np.uint32)[..., 0] *= own_hw
    return Part(label, Region(label.name, box, own_hw, instance=number), rgba_hwC)


def recompose(parts: Iterable[Part], height: int, width: int) -> Image:
    """Puts parts back together: the picture, uint8 RGBA of shape (H, W, 4), bit for bit."""
    rgba_HWC = np.zeros((height, width, 4), dtype=np.uint8)
    for part in parts:
        put_back(part, rgba_HWC)
    return rgba_HWC


def put_back(part: Part, rgba_HWC: Image) -> None:
    """Adds a part to a picture that is 0 where the part's own pixels go."""
    x0, y0, x1, y1 = part.region.box
    rgba_HWC[y0:y1, x0:x1] += part.rgba_hwC


def _boxes(labels_HW: NDArray[np.uint8], count: int) -> list[tuple[slice, slice] | None]:
    found = ndimage.find_objects(labels_HW.astype(np.int16) + 1, max_label=count)
    return list(found)
