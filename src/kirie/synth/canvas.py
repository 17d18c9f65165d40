"""One layer of a drawing: shapes recorded in picture pixels, then rasterised at four times the size and reduced.

A cel (animators' word for one transparent sheet) remembers what is drawn on it. What covers it becomes its alpha;
everything else drawn on it (shadows, patterns, strands) is clipped to that cover for free. Alpha is the layer's own,
complete under whatever will lie over it.

Shapes: H, W picture size; h, w size of a layer's box; all in pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from kirie.core.sample import Mask
from kirie.synth.curves import Floats, Points, as_points, band, taper
from kirie.synth.palette import Color

SUPERSAMPLING = 4
"""Drawn this many times as large in each direction and averaged: 17 steps at every edge."""

Rgb = NDArray[np.float32]
Alpha = NDArray[np.float32]
Paint = Callable[[Image.Image, tuple[int, int]], Image.Image]


@dataclass(slots=True)
class Layer:
    """One rasterised layer.

    Attributes:
        name: What it is: "hair_back", "iris_left".
        label: The name an annotator gives it, or None for what takes the label of whatever lies under it.
        origin: x, y of its box's upper left corner in the picture.
        rgb_hwC: float32 colours in 0 to 255, shape (h, w, 3), not premultiplied.
        alpha_hw: float32 cover in 0 to 1, shape (h, w).
    """

    name: str
    label: str | None
    origin: tuple[int, int]
    rgb_hwC: Rgb
    alpha_hw: Alpha

    def alpha_at(self, size: tuple[int, int]) -> Alpha:
        """Cover at picture size, shape (H, W)."""
        full = np.zeros(size, dtype=np.float32)
        (x, y), (h, w) = self.origin, self.alpha_hw.shape
        full[y : y + h, x : x + w] = self.alpha_hw
        return full

    def mask_at(self, size: tuple[int, int]) -> Mask:
        """Pixels that the layer covers by half or more, at picture size, whether or not another layer hides them."""
        return np.asarray(self.alpha_at(size) >= 0.5, dtype=np.bool_)

    def over(self, picture_HWC: Rgb) -> None:
        """Lays the layer over a picture, in place."""
        (x, y), (h, w) = self.origin, self.alpha_hw.shape
        under = picture_HWC[y : y + h, x : x + w]
        under += (self.rgb_hwC - under) * self.alpha_hw[..., None]

    def darken(self, cover_HW: Alpha, color: Color) -> None:
        """Multiplies by a colour where another layer casts its shadow."""
        (x, y), (h, w) = self.origin, self.alpha_hw.shape
        tint = 1 - np.asarray(color, dtype=np.float32) / 255
        self.rgb_hwC *= 1 - cover_HW[y : y + h, x : x + w, None] * tint


@dataclass(slots=True)
class _Mark:
    points: Points
    color: Color
    covers: bool
    opacity: float = 1.0
    other: Color | None = None
    along: tuple[float, float, float, float] | None = None
    paint: Paint | None = None
    pieces: Floats | None = None


@dataclass(slots=True)
class Cel:
    """A layer being drawn. Points are in picture pixels.

    Attributes:
        name: As in Layer.
        label: As in Layer.
        ink: Line-art colour.
        pen: Line width in pixels.
    """

    name: str
    label: str | None
    ink: Color
    pen: float
    _marks: list[_Mark] = field(default_factory=list)

    def cover(self, points: ArrayLike, color: Color) -> None:
        """A filled shape that belongs to the layer."""
        self._marks.append(_Mark(as_points(points), color, covers=True))

    def fill(self, points: ArrayLike, color: Color, opacity: float = 1.0) -> None:
        """A filled shape inside the layer's cover: shadow, pattern, highlight."""
        self._marks.append(_Mark(as_points(points), color, covers=False, opacity=opacity))

    def ramp(
        self, points: ArrayLike, start: Color, end: Color, along: Sequence[float], *, covers: bool = False
    ) -> None:
        """A shape filled with a gradient from x0, y0 to x1, y1 (`along`)."""
        x0, y0, x1, y1 = along
        self._marks.append(_Mark(as_points(points), start, covers, other=end, along=(x0, y0, x1, y1)))

    def tint(self, points: ArrayLike, color: Color, opacity: float, along: Sequence[float]) -> None:
        """A shape washed with a colour that fades in from x0, y0 (nothing) to x1, y1 (`opacity`)."""
        x0, y0, x1, y1 = along
        self._marks.append(_Mark(as_points(points), color, covers=False, opacity=opacity, along=(x0, y0, x1, y1)))

    def texture(self, points: ArrayLike, paint: Paint) -> None:
        """A shape filled by a function of (image of the whole box, origin of the box at drawing size)."""
        self._marks.append(_Mark(as_points(points), self.ink, covers=False, paint=paint))

    def stroke(
        self,
        points: ArrayLike,
        width: float = 1.0,
        *,
        color: Color | None = None,
        start: float = 1.0,
        end: float = 1.0,
        covers: bool = True,
        opacity: float = 1.0,
    ) -> None:
        """A line of `width` pens, thinning to `start` and `end` of that at its ends."""
        path = as_points(points)
        if len(path) < 2:
            return
        ink = self.ink if color is None else color
        widths = self.pen * width * taper(len(path), start, end)
        edge = band(path, widths)
        if opacity < 1.0:
            # one polygon, or overlapping pieces would show twice
            self._marks.append(_Mark(edge, ink, covers, opacity=opacity))
            return
        left, right = edge[: len(path)], edge[len(path) :][::-1]
        pieces = np.stack([left[:-1], left[1:], right[1:], right[:-1]], axis=1)
        self._marks.append(_Mark(edge, ink, covers, pieces=pieces))
        if len(corners := _corners(path)):
            round_ = path[corners, None, :] + _DISC * (widths[corners] / 2)[:, None, None]
            self._marks.append(_Mark(round_.reshape(-1, 2), ink, covers, pieces=round_))

    def outline(self, points: ArrayLike, width: float = 1.0, color: Color | None = None) -> None:
        """A closed line around a shape. Drawn before fills, only its outer half stays."""
        ring = as_points(points)
        self.stroke(np.concatenate([ring, ring[:2]]), width, color=color)

    def body(self, shapes: Sequence[ArrayLike], color: Color, width: float = 1.0) -> None:
        """Shapes as one body: a line around all of them together, none between them."""
        for shape in shapes:
            self.outline(shape, 2 * width)
        for shape in shapes:
            self.cover(shape, color)

    def rasterise(self, size: tuple[int, int]) -> Layer | None:
        """Draws the layer, or None if nothing of it lies in a picture of height, width `size`."""
        box = self._box(size)
        if box is None:
            return None
        x0, y0, x1, y1 = box
        s = SUPERSAMPLING
        wide, high = (x1 - x0) * s, (y1 - y0) * s
        first = next(mark for mark in self._marks if mark.covers)
        color = Image.new("RGB", (wide, high), first.color)
        cover = Image.new("L", (wide, high), 0)
        on_color, on_cover = ImageDraw.Draw(color), ImageDraw.Draw(cover)
        for mark in self._marks:
            if mark.pieces is not None:
                for flat in ((mark.pieces - (x0, y0)) * s - 0.5).reshape(len(mark.pieces), -1).tolist():
                    on_color.polygon(flat, fill=mark.color)
                    if mark.covers:
                        on_cover.polygon(flat, fill=255)
                continue
            shape = (mark.points - (x0, y0)) * s - 0.5
            flat = shape.ravel().tolist()
            if mark.opacity >= 1 and mark.along is None and mark.paint is None:
                on_color.polygon(flat, fill=mark.color)
            else:
                _blend(color, shape, mark, (x0, y0))
            if mark.covers:
                on_cover.polygon(flat, fill=255)
        alpha = np.asarray(cover.reduce(s), dtype=np.float32) / 255
        black = Image.new("RGB", (wide, high))
        black.paste(color, mask=cover)
        straight = np.asarray(black.reduce(s), dtype=np.float32) / np.maximum(alpha, 1 / 255)[..., None]
        paint: Rgb = np.minimum(straight, 255).astype(np.float32)
        return Layer(self.name, self.label, (x0, y0), paint, alpha.astype(np.float32))

    def _box(self, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
        covering = [mark.points for mark in self._marks if mark.covers]
        if not covering:
            return None
        every = np.concatenate(covering)
        low, high = np.floor(every.min(axis=0)) - 1, np.ceil(every.max(axis=0)) + 2
        x0, y0 = max(0, int(low[0])), max(0, int(low[1]))
        x1, y1 = min(size[1], int(high[0])), min(size[0], int(high[1]))
        return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


_DISC = np.stack([np.cos(np.arange(10) * np.pi / 5), np.sin(np.arange(10) * np.pi / 5)], axis=1)


def _corners(path: Points) -> NDArray[np.intp]:
    """Where a line turns so sharply that its pieces would leave a notch: more than 40 degrees."""
    step = np.diff(path, axis=0)
    cross = step[:-1, 0] * step[1:, 1] - step[:-1, 1] * step[1:, 0]
    dot = (step[:-1] * step[1:]).sum(axis=1)
    return np.flatnonzero(np.abs(np.arctan2(cross, dot)) > np.radians(40)) + 1


def _blend(color: Image.Image, shape: Points, mark: _Mark, origin: tuple[int, int]) -> None:
    """Washes, gradients and textures: through a mask, inside the shape's own box."""
    low = np.maximum(np.floor(shape.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(shape.max(axis=0)) + 1, color.size).astype(int)
    if (high <= low).any():
        return
    x0, y0, x1, y1 = int(low[0]), int(low[1]), int(high[0]), int(high[1])
    stencil = Image.new("L", (x1 - x0, y1 - y0), 0)
    ImageDraw.Draw(stencil).polygon((shape - low).ravel().tolist(), fill=round(255 * mark.opacity))
    if mark.paint is not None:
        whole = mark.paint(color, origin)
        color.paste(whole.crop((x0, y0, x1, y1)), (x0, y0), stencil)
        return
    if mark.along is None:
        color.paste(mark.color, (x0, y0, x1, y1), stencil)
        return
    share = _share(mark.along, origin, (x0, y0, x1, y1))
    if mark.other is None:
        faded = np.asarray(stencil, dtype=np.float32) * share
        color.paste(mark.color, (x0, y0, x1, y1), Image.fromarray(faded.astype(np.uint8)))
        return
    start, end = np.asarray(mark.color, np.float32), np.asarray(mark.other, np.float32)
    mixed = start + (end - start) * share[..., None]
    color.paste(Image.fromarray(mixed.astype(np.uint8)), (x0, y0), stencil)


def _share(along: Sequence[float], origin: tuple[int, int], box: tuple[int, int, int, int]) -> Alpha:
    """How far each pixel lies along a gradient, 0 to 1."""
    s = SUPERSAMPLING
    ax, ay, bx, by = ((along[k] - origin[k % 2]) * s for k in range(4))
    x = np.arange(box[0], box[2], dtype=np.float32)[None, :]
    y = np.arange(box[1], box[3], dtype=np.float32)[:, None]
    dx, dy = bx - ax, by - ay
    t = ((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-6)
    return np.clip(t, 0.0, 1.0).astype(np.float32)
