"""One thing found in a picture, its mask packed: a hundred masks of a large picture would not fit as they are.

Shapes: H, W the picture; h, w the tight box of a mask.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kirie.core.detections import Box
from kirie.core.sample import Mask

_LEVEL = 1
"""Of zlib's 1 to 9: a smooth mask shrinks a hundred times already."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing of a picture, before anything is said of what hides what.

    Attributes:
        label: Its label's id.
        score: How sure the model is, 0 to 1.
        box: x0, y0, x1, y1 as the model gave it, in pixels of the picture, cut at the picture's edge.
        place: Tight box of the mask's pixels.
        area: Pixels in the mask.
        packed: The mask inside `place`.
    """

    label: int
    score: float
    box: tuple[float, float, float, float]
    place: Box
    area: int
    packed: bytes

    @classmethod
    def of(
        cls, label: int, score: float, box: NDArray[np.float32] | tuple[float, ...], place: Box, crop_hw: Mask
    ) -> Thing | None:
        """Packs a mask.

        Args:
            label: The label's id.
            score: The score.
            box: As the model gave it, in pixels of the picture.
            place: Where the crop lies.
            crop_hw: The mask there.

        Returns:
            The thing, or None if the mask has no pixel.
        """
        rows, columns = np.flatnonzero(crop_hw.any(axis=1)), np.flatnonzero(crop_hw.any(axis=0))
        if not rows.size:
            return None
        top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
        tight_hw = crop_hw[top:bottom, left:right]
        tight = (place[0] + left, place[1] + top, place[0] + right, place[1] + bottom)
        x0, y0, x1, y1 = (float(value) for value in box)
        packed = zlib.compress(np.packbits(tight_hw).tobytes(), _LEVEL)
        return cls(label, score, (x0, y0, x1, y1), tight, int(np.count_nonzero(tight_hw)), packed)

    def crop(self) -> Mask:
        """The mask inside `place`, bool of shape (h, w)."""
        x0, y0, x1, y1 = self.place
        bits = np.frombuffer(zlib.decompress(self.packed), dtype=np.uint8)
        found: Mask = np.unpackbits(bits, count=(y1 - y0) * (x1 - x0)).view(np.bool_).reshape(y1 - y0, x1 - x0)
        return found

    def within(self, window: Box) -> Mask:
        """The mask inside a box, bool of the box's shape."""
        x0, y0, x1, y1 = window
        whole_hw = np.zeros((max(0, y1 - y0), max(0, x1 - x0)), dtype=np.bool_)
        shared = shared_box(self.place, window)
        if shared is not None:
            left, top, right, bottom = shared
            crop_hw = self.crop()[top - self.place[1] : bottom - self.place[1], left - self.place[0] :]
            whole_hw[top - y0 : bottom - y0, left - x0 : right - x0] = crop_hw[:, : right - left]
        return whole_hw


def shared_box(one: Box, other: Box) -> Box | None:
    """What two boxes have in common, or None."""
    x0, y0, x1, y1 = max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def shared_pixels(one: Thing, other: Thing) -> int:
    """Pixels that lie in both masks."""
    window = shared_box(one.place, other.place)
    return 0 if window is None else int(np.count_nonzero(one.within(window) & other.within(window)))
