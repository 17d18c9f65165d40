"""From pictures of any size to the one size of a store, and exactly back.

Two ways: `fit` scales the whole picture into the frame and pads what is left (letterbox); `tiles` leaves the scale
alone and covers the picture with frames that overlap. Both are pure functions of the picture's size, so that a store
need not record them and prediction cannot disagree with preparation.

Pictures are scaled by Pillow's bilinear filter, which widens with the scale when reducing and therefore averages
every source pixel (no aliasing), and which does not ring along line art; targets by the nearest pixel centre.

Coordinates are continuous, x to the right and y down, with pixel corners at whole numbers.
Shapes: H, W the frame; h, w the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from kirie.core.labels import IGNORE
from kirie.core.sample import Image
from kirie.errors import StoreError

PADDING = 0
"""Value of picture pixels outside the picture; their target is IGNORE."""

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels of the picture, x1 and y1 exclusive."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a picture lies in its frame.

    Attributes:
        source: Height and width of the picture.
        frame: Height and width of the frame.
        top: First row of the frame that holds the picture.
        left: First column of the frame that holds the picture.
        content: Height and width of the scaled picture inside the frame.
    """

    source: tuple[int, int]
    frame: tuple[int, int]
    top: int
    left: int
    content: tuple[int, int]

    @property
    def scale(self) -> tuple[float, float]:
        """Frame pixels per picture pixel, vertically and horizontally (they differ by rounding at most)."""
        return self.content[0] / self.source[0], self.content[1] / self.source[1]

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the frame that hold the picture."""
        return (
            slice(self.top, self.top + self.content[0]),
            slice(self.left, self.left + self.content[1]),
        )

    def to_frame(self, x: float, y: float) -> tuple[float, float]:
        """A point of the picture, in the frame."""
        vertical, horizontal = self.scale
        return x * horizontal + self.left, y * vertical + self.top

    def to_source(self, x: float, y: float) -> tuple[float, float]:
        """A point of the frame, in the picture; a point on the padding falls outside the picture."""
        vertical, horizontal = self.scale
        return (x - self.left) / horizontal, (y - self.top) / vertical

    def restore(self, ids_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Ids of the frame at the picture's own size, shape (h, w): padding cut off, nearest pixel centre."""
        if ids_HW.shape != self.frame:
            raise ValueError(f"ids of shape {ids_HW.shape} for a frame of {self.frame}")
        return _resized(ids_HW[self.window], self.source, PillowImage.Resampling.NEAREST)


def placement(source: tuple[int, int], frame: tuple[int, int]) -> Placement:
    """Where `fit` puts a picture: as large as the frame allows, aspect kept, centred.

    Args:
        source: Height and width of the picture.
        frame: Height and width of the frame.
    """
    (height, width), (H, W) = source, frame
    if min(height, width, H, W) < 1:
        raise ValueError(f"a picture of {source} cannot be placed in a frame of {frame}")
    # Whole numbers, because H / h as floats may round a picture that fits exactly to one pixel less
    if H * width <= W * height:
        content = (H, min(W, max(1, (2 * width * H + height) // (2 * height))))
    else:
        content = (min(H, max(1, (2 * height * W + width) // (2 * width))), W)
    return Placement(source, frame, (H - content[0]) // 2, (W - content[1]) // 2, content)


def fit(image_HWC: Image, size: int | tuple[int, int]) -> tuple[Image, Placement]:
    """Scales a picture into a frame and pads the rest (letterbox).

    Args:
        image_HWC: uint8 picture, shape (h, w, 3).
        size: Height and width of the frame, or one number for both.

    Returns:
        The frame, uint8 of shape (H, W, 3), and where the picture lies in it.
    """
    frame = (size, size) if isinstance(size, int) else size
    place = placement((image_HWC.shape[0], image_HWC.shape[1]), frame)
    scaled_HWC = _resized(image_HWC, place.content, PillowImage.Resampling.BILINEAR)
    if place.content == frame:
        return scaled_HWC, place
    framed_HWC = np.full((*frame, 3), PADDING, dtype=np.uint8)
    framed_HWC[place.window] = scaled_HWC
    return framed_HWC, place


def fit_target(target_HW: NDArray[Any], place: Placement, fill: int = IGNORE) -> NDArray[Any]:
    """Scales a target, or a map of instances, as `fit` scaled its picture.

    Args:
        target_HW: Whole numbers of 8 bits or more, shape (h, w).
        place: What `fit` returned for the picture.
        fill: The value of padding.

    Returns:
        The same kind of numbers, shape (H, W). Every pixel comes from the same place whatever its kind.
    """
    if target_HW.shape != place.source:
        raise ValueError(f"a target of shape {target_HW.shape} for a picture of {place.source}")
    framed_HW = np.full(place.frame, fill, dtype=target_HW.dtype)
    framed_HW[place.window] = _resized(target_HW, place.content, PillowImage.Resampling.NEAREST)
    return framed_HW


def tiles(source: tuple[int, int], tile: tuple[int, int], overlap: float) -> list[Box]:
    """Boxes of one size that cover a picture, in rows from the top left.

    The last box of a row or column is moved back to end with the picture, so the real overlap is the wanted one or
    more. A picture smaller than a tile gets one box that reaches past its right or lower edge; `cut` pads there.

    Args:
        source: Height and width of the picture.
        tile: Height and width of a tile.
        overlap: Share of a tile that its neighbour repeats, 0 to below 1.

    Returns:
        Boxes of exactly the tile's size.
    """
    if not 0 <= overlap < 1:
        raise ValueError(f"overlap {overlap} is not in [0, 1)")
    rows, columns = (_starts(length, side, overlap) for length, side in zip(source, tile, strict=True))
    return [(x, y, x + tile[1], y + tile[0]) for y in rows for x in columns]


def tile_count(source: tuple[int, int], tile: tuple[int, int], overlap: float) -> int:
    """How many boxes `tiles` would give, without making them."""
    rows, columns = (
        1 if length <= side else len(range(0, length - side, _step(side, overlap))) + 1
        for length, side in zip(source, tile, strict=True)
    )
    return rows * columns


def cut(array: NDArray[Any], box: Box, fill: int) -> NDArray[Any]:
    """One tile of a picture or target, filled where the box reaches past it.

    Args:
        array: Shape (h, w) or (h, w, 3).
        box: One of `tiles`.
        fill: PADDING for pictures, IGNORE for targets.
    """
    x0, y0, x1, y1 = box
    part = array[y0:y1, x0:x1]
    if part.shape[:2] == (y1 - y0, x1 - x0):
        return part
    whole = np.full((y1 - y0, x1 - x0, *array.shape[2:]), fill, dtype=array.dtype)
    whole[: part.shape[0], : part.shape[1]] = part
    return whole


def parse_size(text: str) -> tuple[int, int]:
    """Reads a frame size as people write it: `256`, or height x width `256x384`.

    Raises:
        StoreError: It is no such size, or a side is not a positive multiple of 32.
    """
    sides = text.lower().replace("×", "x").split("x")
    if len(sides) > 2 or not all(side.isascii() and side.isdigit() and len(side) < 6 for side in sides):
        raise StoreError(f"The size '{text}' cannot be read; write one side (256) or height x width (256x384).")
    return check_size((int(sides[0]), int(sides[-1])))


def check_size(size: tuple[int, int]) -> tuple[int, int]:
    """The size itself, if models can use it.

    Raises:
        StoreError: A side is not a positive multiple of 32, or is larger than 8192.
    """
    for side in size:
        if side < 32 or side % 32 or side > 8192:
            near = min(8192, max(32, round(side / 32) * 32))
            raise StoreError(
                f"The size {size[0]}x{size[1]} cannot be used: encoders halve a picture five times, so each side must "
                f"be a multiple of 32 from 32 to 8192; the nearest to {side} is {near}."
            )
    return size


def _starts(length: int, side: int, overlap: float) -> list[int]:
    if length <= side:
        return [0]
    return [*range(0, length - side, _step(side, overlap)), length - side]


def _step(side: int, overlap: float) -> int:
    return max(1, math.floor(side * (1 - overlap)))


def _resized(array: NDArray[Any], size: tuple[int, int], how: PillowImage.Resampling) -> NDArray[Any]:
    if array.shape[:2] == size:
        return np.ascontiguousarray(array)
    # Pillow takes pixels of 16 bits from other places than those of 8 and 32
    pixels = array if array.dtype == np.uint8 else array.astype(np.int32)
    scaled = PillowImage.fromarray(np.ascontiguousarray(pixels)).resize((size[1], size[0]), how)
    return np.array(scaled, dtype=array.dtype)
