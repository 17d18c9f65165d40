"""One picture with its regions in paint order: the type that every format reads and every task consumes.

A region's mask is kept as its bounding box's crop, because fifty regions of a 4,000-pixel picture would not fit
otherwise; `mask_at` gives the mask at image size.

Shapes: H, W picture size in pixels; h, w size of a region's box.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kirie.core.labels import LabelSet

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_AREAS = {"polygon", "rectangle", "oriented_rectangle"}
_THIN = 0.01
"""Pixels from a line within which points lie on it: files round coordinates."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What an annotator drew, so that an untouched region goes back to its format unchanged.

    Attributes:
        shape: The kind of shape in the field's words: polygon, rectangle, circle, line, linestrip, point, mask.
        points: x, y pairs in pixels of the upright picture.
        raw: The format's own record of the shape, untouched.
    """

    shape: str
    points: tuple[tuple[float, float], ...]
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def flat(self) -> bool:
        """Whether it encloses nothing: a polygon on one line, a rectangle without height or width.

        Formats draw its edge all the same, a pixel wide. Where a bow tie's halves cancel, points still span an area.
        """
        if self.shape not in _AREAS or len(self.points) < 2:
            return False
        if self.shape == "rectangle":
            return any(first == last for first, last in zip(self.points[0], self.points[-1], strict=True))
        third = len(self.points) // 3
        if _height(self.points[0], self.points[third], self.points[2 * third]) > 2 * _THIN:
            # Points that lie on one line span no such triangle; nearly every outline ends here
            return False
        points_P2 = np.asarray(self.points, dtype=np.float64) - self.points[0]
        far_2 = points_P2[np.argmax((points_P2**2).sum(axis=1))]
        length = float(np.hypot(*far_2))
        across_P = points_P2[:, 0] * far_2[1] - points_P2[:, 1] * far_2[0]
        return length == 0 or float(np.abs(across_P).max()) / length < _THIN


@dataclass(frozen=True, slots=True)
class Region:
    """One marked area.

    Attributes:
        label: The name that the annotator used; a LabelSet says which label it means.
        box: x0, y0, x1, y1 in pixels, x1 and y1 exclusive, inside the picture.
        crop: Bool mask of shape (y1 - y0, x1 - x0).
        outline: What it came from, if it was drawn as an outline.
        instance: Regions of one label and one instance id are one thing; None where the source does not say.
        crowd: It holds several things of its label that nobody told apart.
    """

    label: str
    box: tuple[int, int, int, int]
    crop: Mask
    outline: Outline | None = None
    instance: int | None = None
    crowd: bool = False

    @classmethod
    def from_mask(
        cls,
        label: str,
        mask_HW: Mask,
        outline: Outline | None = None,
        instance: int | None = None,
        crowd: bool = False,
    ) -> Region:
        """Crops a mask at image size to its bounding box (an empty mask gives an empty box at 0, 0)."""
        rows = np.flatnonzero(mask_HW.any(axis=1))
        cols = np.flatnonzero(mask_HW.any(axis=0))
        if rows.size == 0:
            return cls(label, (0, 0, 0, 0), np.zeros((0, 0), dtype=np.bool_), outline, instance, crowd)
        y0, y1, x0, x1 = int(rows[0]), int(rows[-1]) + 1, int(cols[0]), int(cols[-1]) + 1
        return cls(label, (x0, y0, x1, y1), mask_HW[y0:y1, x0:x1].copy(), outline, instance, crowd)

    def mask_at(self, height: int, width: int) -> Mask:
        """The mask at image size, shape (height, width)."""
        full = np.zeros((height, width), dtype=np.bool_)
        x0, y0, x1, y1 = self.box
        full[y0:y1, x0:x1] = self.crop
        return full

    @property
    def area(self) -> int:
        """Pixels in the mask."""
        return int(np.count_nonzero(self.crop))


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture with its regions in paint order: later regions lie over earlier ones.

    Attributes:
        name: Stable key inside its source: a relative path with `/`, without ending.
        image_HWC: uint8 RGB, upright (EXIF orientation applied).
        regions: In paint order.
        group: Samples of one group never lie in different splits (one character, one scene); None: on its own.
        split: The split that the source gives, or None.
        notes: What reading mended, counted: {"points clipped": 3}.
    """

    name: str
    image_HWC: Image
    regions: tuple[Region, ...]
    group: str | None = None
    split: str | None = None
    notes: Mapping[str, int] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return int(self.image_HWC.shape[0]), int(self.image_HWC.shape[1])

    def paint(self, labels: LabelSet) -> NDArray[np.uint8]:
        """The semantic target: ids at image size, shape (H, W), regions painted in order.

        Raises:
            SourceError: A region's label is not in the set.
        """
        target_HW = np.full(self.size, labels.unlabelled, dtype=np.uint8)
        for region in self.regions:
            value = labels.id_of(region.label)
            if value is not None:
                x0, y0, x1, y1 = region.box
                target_HW[y0:y1, x0:x1][region.crop] = value
        return target_HW

    def with_notes(self, **found: int) -> Sample:
        """A copy with counts added to its notes."""
        notes = dict(self.notes)
        for key, count in found.items():
            if count:
                notes[key.replace("_", " ")] = notes.get(key.replace("_", " "), 0) + count
        return replace(self, notes=notes)


def _height(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    """The least height of a triangle; 0 if all corners are one point."""
    longest = max(math.dist(a, b), math.dist(b, c), math.dist(c, a))
    across = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return abs(across) / longest if longest else 0.0
