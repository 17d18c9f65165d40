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
from kirie.core.sample import Image
from kirie.predict.render import draw_outlines, tint
from kirie.predict.thing import shared_box

_LETTERS_PER_SIDE = 34
"""A letter is as high as the shorter side divided by this."""

_SMALLEST, _LARGEST = 9, 64
"""Bounds of that height in pixels."""

_BRIGHT = 140
"""Of 255: plates brighter than this have black letters."""

_OPACITY = 225
"""Of a plate, of 255."""


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
    _write_tags(image, tags, labels)
    return np.array(image)


def _write_tags(image: PIL.Image.Image, tags: Sequence[Tag], labels: LabelSet) -> None:
    """A coloured plate with name and score at each thing, where no other plate is; the surest choose first."""
    letter = min(_LARGEST, max(_SMALLEST, round(min(image.size) / _LETTERS_PER_SIDE)))
    font = ImageFont.load_default(letter)
    pen = ImageDraw.Draw(image, "RGBA")
    margin = max(1, letter // 5)
    taken: list[Box] = []
    for tag in sorted(tags, key=lambda tag: -tag.score):
        label = labels.labels[tag.label]
        text = f"{_name(label.name, tag.label)}.{tag.number} {tag.score:.2f}"
        width = round(font.getlength(text)) + 2 * margin
        plate = _free_place(tag.box, (width, letter + 2 * margin), image.size, taken)
        taken.append(plate)
        red, green, blue = label.color
        # Rec. 601's weights: letters are black on bright plates and white on dark ones
        bright = 0.299 * red + 0.587 * green + 0.114 * blue > _BRIGHT
        last = (plate[2] - 1, plate[3] - 1)
        pen.rounded_rectangle((*plate[:2], *last), radius=margin, fill=(*label.color, _OPACITY))
        middle = (plate[1] + plate[3]) / 2
        pen.text((plate[0] + margin, middle), text, fill="#000000" if bright else "#ffffff", font=font, anchor="lm")


def _name(name: str, label: int) -> str:
    """The name if the font has its letters, else the label's id."""
    return name if name.isascii() and name.isprintable() else str(label)


def _free_place(box: Box, size: tuple[int, int], picture: tuple[int, int], taken: Sequence[Box]) -> Box:
    """A plate's place: above the thing, below it, or from its top downwards, the first that is free."""
    (width, height), (whole_width, whole_height) = size, picture
    left = max(0, min((box[0] + box[2] - width) // 2, whole_width - width))
    tops = [box[1] - height, box[3], *range(box[1], box[3], height)]
    places = [
        (left, top, left + width, top + height) for top in (max(0, min(top, whole_height - height)) for top in tops)
    ]
    free = (place for place in places if all(shared_box(place, other) is None for other in taken))
    return next(free, places[0])
