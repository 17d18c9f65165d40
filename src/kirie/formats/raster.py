"""The mask of an annotated shape, drawn as labelme draws it.

labelme's rule is Pillow's: outline and filling of a polygon, an inclusive rectangle, an ellipse from a circle's centre
and rim, lines 10 pixels wide, points as discs of radius 5. Other rules (OpenCV, pycocotools) differ along every edge.
The drawing happens on a canvas that is cut to the shape: shifting coordinates by whole pixels is exact as long as they
stay positive, because Pillow rounds towards zero. Slanted edges are shifted in y only: where they cross a row is
computed in single precision from x, and would round otherwise.

Shapes: H, W picture size in pixels; h, w size of the box.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Box = tuple[int, int, int, int]
Points = Sequence[tuple[float, float]]

LINE_WIDTH = 10
POINT_RADIUS = 5

MAX_COORDINATE = 1_000_000
"""Beyond it Pillow's integers overflow sooner or later; no picture is that large."""

MAX_RADIUS = 200_000
"""Of a circle: Pillow draws an ellipse in time proportional to its radius, and overflows beyond."""

# shape -> least and greatest number of points
POINT_COUNTS: dict[str, tuple[int, int | None]] = {
    "polygon": (3, None),
    "rectangle": (2, 2),
    "oriented_rectangle": (4, 4),
    "circle": (2, 2),
    "line": (2, 2),
    "linestrip": (1, None),
    "point": (1, 1),
}

_SLANTED = {"polygon", "oriented_rectangle", "line", "linestrip"}


def unfit(shape: str, points: Points) -> str | None:
    """Why the points do not make the shape, as the rest of a sentence; None if they do."""
    if shape not in POINT_COUNTS:
        return f"has the shape type '{shape}'; known are {', '.join(POINT_COUNTS)} and mask"
    least, most = POINT_COUNTS[shape]
    if not least <= len(points) <= (most or len(points)):
        allowed = f"at least {least}" if most is None else f"exactly {least}"
        return f"is a {shape.replace('_', ' ')} of {len(points)} point(s), and needs {allowed}"
    if not all(math.isfinite(x) and math.isfinite(y) for x, y in points):
        return "has a coordinate that is no number (NaN or infinite)"
    if max(max(abs(x), abs(y)) for x, y in points) > MAX_COORDINATE:
        return f"has a coordinate beyond {MAX_COORDINATE:,} pixels"
    if shape == "circle" and _radius(points) > MAX_RADIUS:
        return f"is a circle of a radius beyond {MAX_RADIUS:,} pixels"
    return None


def draw(shape: str, points: Points, height: int, width: int) -> tuple[Box, NDArray[np.bool_]]:
    """Draws one shape.

    Args:
        shape: A key of POINT_COUNTS.
        points: x, y in pixels; `unfit` has nothing against them. They may lie outside the picture.
        height: H of the picture.
        width: W of the picture.

    Returns:
        The mask's bounding box x0, y0, x1, y1 inside the picture (x1, y1 exclusive), and its bool crop of shape (h, w).
    """
    drawn = _ellipse_box(shape, points) if shape in {"circle", "point"} else list(points)
    if shape == "rectangle":
        drawn = [
            (min(x for x, _ in drawn), min(y for _, y in drawn)),
            (max(x for x, _ in drawn), max(y for _, y in drawn)),
        ]
    left, right = _window([x for x, _ in drawn], width)
    top, bottom = _window([y for _, y in drawn], height)
    if right <= left or bottom <= top:
        return _empty()
    if shape in _SLANTED:
        left = 0
    canvas = Image.new("L", (right - left, bottom - top))
    _stroke(ImageDraw.Draw(canvas), shape, [(x - left, y - top) for x, y in drawn])
    return crop_of(np.asarray(canvas).astype(np.bool_), left, top)


def crop_of(mask_hw: NDArray[np.bool_], left: int, top: int) -> tuple[Box, NDArray[np.bool_]]:
    """The bounding box, in picture pixels, and the crop of a mask whose corner lies at (left, top)."""
    rows, cols = np.flatnonzero(mask_hw.any(axis=1)), np.flatnonzero(mask_hw.any(axis=0))
    if rows.size == 0:
        return _empty()
    y0, y1, x0, x1 = int(rows[0]), int(rows[-1]) + 1, int(cols[0]), int(cols[-1]) + 1
    return (left + x0, top + y0, left + x1, top + y1), mask_hw[y0:y1, x0:x1].copy()


def outside(points: Points, height: int, width: int) -> int:
    """How many points lie outside the picture; its edge belongs to it."""
    return sum(not (0 <= x <= width and 0 <= y <= height) for x, y in points)


def _stroke(pen: ImageDraw.ImageDraw, shape: str, points: list[tuple[float, float]]) -> None:
    if shape in {"circle", "point"}:
        pen.ellipse(points, outline=1, fill=1)
    elif shape == "rectangle":
        pen.rectangle(points, outline=1, fill=1)
    elif shape in {"line", "linestrip"}:
        pen.line(points, fill=1, width=LINE_WIDTH)
    else:
        pen.polygon(points, outline=1, fill=1)


def _ellipse_box(shape: str, points: Points) -> list[tuple[float, float]]:
    x, y = points[0]
    radius = _radius(points) if shape == "circle" else POINT_RADIUS
    return [(x - radius, y - radius), (x + radius, y + radius)]


def _radius(points: Points) -> float:
    (x0, y0), (x1, y1) = points
    # labelme's own expression: hypot may differ from it in the last bit
    return math.sqrt((x0 - x1) ** 2 + (y0 - y1) ** 2)


def _window(values: list[float], size: int) -> tuple[int, int]:
    """The stretch of one axis that the shape can touch; its start is 0 when a value is negative."""
    start = max(0, math.floor(min(values)) - LINE_WIDTH)
    return start, min(size, math.ceil(max(values)) + LINE_WIDTH + 1)


def _empty() -> tuple[Box, NDArray[np.bool_]]:
    return (0, 0, 0, 0), np.zeros((0, 0), dtype=np.bool_)
