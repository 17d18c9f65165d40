"""The overlay of a picture of things: colours, an outline around each thing, and its name and score beside it.

Shapes: H, W the picture; C RGB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageDraw, ImageFont

from kirie.core.detections import Box
from kirie.core.labels import LabelSet
from kirie.core.sample import Image, Mask
from kirie.predict.render import draw_outlines, tint

_LETTERS_PER_SIDE = 36
"""A letter is as high as the shorter side divided by this."""

_SMALLEST, _LARGEST = 9, 64
"""Bounds of that height in pixels."""

_BRIGHT = 140
"""Of 255: plates brighter than this have black letters."""

_HIDING = 14.0
"""What it costs a plate to lie on things, in letters of distance: it would rather stand this far away."""

_MEETING = 1000.0
"""What it costs to lie on another plate."""

_STEPS = 160
"""Places along the longer side, at most."""

_MOST_TAGS = 100
"""So many of the surest things get a tag; more would hide the picture."""

Color = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Tag:
    """What is written beside a thing.

    Attributes:
        label: Its label's id.
        number: Its number among those of its label.
        score: 0 to 1.
        box: Tight box of what can be seen of it.
    """

    label: int
    number: int
    score: float
    box: Box


def overlay_things(
    rgb_HWC: Image,
    labels_HW: NDArray[np.uint8],
    instances_HW: NDArray[np.uint16],
    tags: Sequence[Tag],
    labels: LabelSet,
) -> Image:
    """The things' colours over a picture, each with an outline of its own and a tag with its score.

    Args:
        rgb_HWC: uint8 RGB, alpha already laid over white.
        labels_HW: uint8 ids.
        instances_HW: uint16: 0 none, k the k-th tag's thing.
        tags: In order of the ids.
        labels: Their colours; `labels.unlabelled` is what lies behind and is faded instead.

    Returns:
        uint8 RGB, shape (H, W, 3).
    """
    mixed_HWC = tint(rgb_HWC, labels_HW, labels)
    draw_outlines(mixed_HWC, instances_HW, labels_HW, labels)
    image = PIL.Image.fromarray(mixed_HWC)
    _write_tags(image, instances_HW == 0, instances_HW, tags, labels)
    return np.array(image)


def _write_tags(
    image: PIL.Image.Image, behind_HW: Mask, instances_HW: NDArray[np.uint16], tags: Sequence[Tag], labels: LabelSet
) -> None:
    """A coloured plate with name and score for each thing, with a line to it; the surest choose their places first."""
    letter = min(_LARGEST, max(_SMALLEST, round(min(image.size) / _LETTERS_PER_SIDE)))
    font = ImageFont.load_default(letter)
    margin = max(1, letter // 5)
    places = _Places(behind_HW, letter)
    plates: list[tuple[Box, str, Color]] = []
    pen = ImageDraw.Draw(image, "RGBA")
    for number, tag in sorted(enumerate(tags, 1), key=lambda pair: -pair[1].score)[:_MOST_TAGS]:
        label = labels.labels[tag.label]
        text = f"{_name(label.name, tag.label)}.{tag.number}  {tag.score:.0%}"
        x0, y0, x1, y1 = tag.box
        own_hw = instances_HW[y0:y1, x0:x1] == number
        middle = _nearest(own_hw, tag.box, ((x0 + x1) / 2, (y0 + y1) / 2))
        plate = places.take((round(font.getlength(text)) + 2 * margin, letter + 2 * margin), middle)
        plates.append((plate, text, label.color))
        near = (min(max(middle[0], plate[0]), plate[2] - 1), min(max(middle[1], plate[1]), plate[3] - 1))
        # As short a line as shows which thing is meant: a little inside, and not across what lies before its middle
        spot = _nearest(own_hw, tag.box, (near[0] + (middle[0] - near[0]) / 3, near[1] + (middle[1] - near[1]) / 3))
        line = max(1, letter // 9)
        pen.line((near, spot), fill="#ffffff", width=line + 2)
        pen.line((near, spot), fill=label.color, width=line)
        pen.circle(spot, line + 1, fill=label.color, outline="#ffffff")
    # After all lines, so that no line crosses letters
    for plate, text, color in plates:
        # Rec. 601's weights: letters are black on bright plates and white on dark ones
        bright = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2] > _BRIGHT
        pen.rounded_rectangle((*plate[:2], plate[2] - 1, plate[3] - 1), radius=margin, fill=color)
        start = (plate[0] + margin, (plate[1] + plate[3]) / 2)
        pen.text(start, text, fill="#000000" if bright else "#ffffff", font=font, anchor="lm")


def _name(name: str, label: int) -> str:
    """The name if the font has its letters, else the label's id."""
    return name if name.isascii() and name.isprintable() else str(label)


def _nearest(own_hw: Mask, box: Box, point: tuple[float, float]) -> tuple[int, int]:
    """x, y of the pixel of a thing that lies nearest to a point."""
    rows, columns = np.nonzero(own_hw)
    at = int(((rows + box[1] - point[1]) ** 2 + (columns + box[0] - point[0]) ** 2).argmin())
    return box[0] + int(columns[at]), box[1] + int(rows[at])


class _Places:
    """Where plates may stand: near their things, on the background if there is room, and not on each other.

    Args:
        behind_HW: Pixels of the background.
        letter: Height of a letter; places are tried at steps of half of it, wider ones in very large pictures.
    """

    def __init__(self, behind_HW: Mask, letter: int) -> None:
        self.letter = letter
        self.size = behind_HW.shape
        self.step = max(1, letter // 2, max(self.size) // _STEPS)
        # One pixel of each few, and sums over all above and to the left: a plate's share is four look-ups
        self.every = max(1, self.step // 4)
        things = ~behind_HW[:: self.every, :: self.every]
        self.sums = np.pad(things.cumsum(axis=0, dtype=np.int32).cumsum(axis=1, dtype=np.int32), ((1, 0), (1, 0)))
        self.taken: list[Box] = []

    def take(self, size: tuple[int, int], spot: tuple[int, int]) -> Box:
        """The best place for a plate of some width and height, for a thing at `spot`."""
        width, height = size
        left_X = np.arange(0, max(1, self.size[1] - width + 1), self.step)
        top_Y = np.arange(0, max(1, self.size[0] - height + 1), self.step)[:, None]
        right_X, bottom_Y = np.minimum(left_X + width, self.size[1]), np.minimum(top_Y + height, self.size[0])
        x0, x1, y0, y1 = (value // self.every for value in (left_X, right_X, top_Y, bottom_Y))
        hidden = self.sums[y1, x1] - self.sums[y0, x1] - self.sums[y1, x0] + self.sums[y0, x0]
        across = np.maximum(0, np.maximum(left_X - spot[0], spot[0] - right_X))
        down = np.maximum(0, np.maximum(top_Y - spot[1], spot[1] - bottom_Y))
        cost = np.hypot(across, down) / self.letter + _HIDING * hidden * self.every**2 / (width * height)
        for left, top, right, bottom in self.taken:
            cost += _MEETING * ((left_X < right) & (right_X > left) & (top_Y < bottom) & (bottom_Y > top))
        y, x = divmod(int(cost.argmin()), len(left_X))
        corner = int(left_X[x]), int(top_Y[y, 0])
        plate = (*corner, corner[0] + width, corner[1] + height)
        self.taken.append(plate)
        return plate
