"""labelme's `mask` shapes: a small PNG, and two points that are its first and last pixel in the picture.

Tools that write the last pixel exclusive, and boxes that were moved by hand, leave a PNG of another size than the
points say. The PNG is what somebody painted, so it counts, from the first pixel on.

Shapes: H, W picture size in pixels; h, w size of a box.
"""

from __future__ import annotations

import base64
import io
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kirie.errors import SourceError
from kirie.formats import labelme_json, raster
from kirie.formats.picture import read_values

_GREY_MODES = {"1", "L", "P", "I", "I;16"}


class Placed(NamedTuple):
    """A mask shape in its place.

    Attributes:
        box: The bounding box of its set pixels inside the picture.
        crop: Its bool crop of shape (h, w).
        agrees: Whether its size is what its points say.
    """

    box: raster.Box
    crop: NDArray[np.bool_]
    agrees: bool


def read_mask(mask: object, points: raster.Points, height: int, width: int, at: str) -> Placed:
    """Decodes a mask shape and puts it in its place; what lies outside the picture is cut off.

    Args:
        mask: The record's `mask`: a PNG in base64, 0 outside.
        points: The record's points.
        height: H of the picture.
        width: W of the picture.
        at: How messages name the shape.

    Raises:
        SourceError: The mask is no grey PNG, or there are not two points.
    """
    if len(points) != 2 or not all(abs(value) <= raster.MAX_COORDINATE for point in points for value in point):
        raise SourceError(f"{at} is a mask and needs exactly 2 points, its first and last pixel; found {points}.")
    (x0, x1), (y0, y1) = (sorted(int(point[axis]) for point in points) for axis in (0, 1))
    image = read_values(labelme_json.decoded(mask, f"{at}: `mask`"), name=f"{at}: the mask")
    if image.mode not in _GREY_MODES:
        raise SourceError(f"{at} has a mask in the colour mode {image.mode}; a mask is a grey PNG, 0 outside.")
    agrees = (x0, y0) == (int(points[0][0]), int(points[0][1])) and image.size == (x1 - x0 + 1, y1 - y0 + 1)
    crop = np.asarray(image).astype(np.bool_)
    left, top = max(0, x0), max(0, y0)
    inside = crop[top - y0 : max(0, height - y0), left - x0 : max(0, width - x0)]
    return Placed(*raster.crop_of(inside, left, top), agrees)


def mask_text(crop_hw: NDArray[np.bool_]) -> str:
    """The record's `mask` for a crop: a one-bit PNG in base64."""
    stream = io.BytesIO()
    Image.fromarray(crop_hw).save(stream, format="PNG", optimize=True)
    return base64.b64encode(stream.getvalue()).decode("ascii")
