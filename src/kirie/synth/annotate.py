"""A drawing's annotation in labelme's JSON: polygons in paint order, as an annotator leaves them.

Neighbouring layers of one label are one area. Where that lies complete under others, its polygon is complete too: paint
order says what is visible, as for somebody who draws the hair first and the face over it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kirie.core.sample import Mask
from kirie.synth.draw import Drawing, group_name
from kirie.synth.trace import outlines

TOLERANCE = 0.75
"""Pixels that a polygon may leave the exact boundary, in a picture of 256; grows with the picture."""


def areas(drawing: Drawing) -> list[tuple[str, Mask]]:
    """Labels and masks in paint order; layers behind every labelled one are left out, being background anyhow."""
    found: list[tuple[str, Mask]] = []
    for layer in drawing.layers:
        if layer.label is None or (not found and layer.label == "background"):
            continue
        mask_HW = layer.mask_at(drawing.size)
        if not mask_HW.any():
            continue
        if found and found[-1][0] == layer.label:
            found[-1] = (layer.label, found[-1][1] | mask_HW)
        else:
            found.append((layer.label, mask_HW))
    return found


def labelme_record(drawing: Drawing, picture_name: str) -> dict[str, Any]:
    """The labelme JSON for a drawing, with the character as its `group`.

    Args:
        drawing: The drawing.
        picture_name: The picture's file name, beside which the JSON will lie.
    """
    height, width = drawing.size
    tolerance = TOLERANCE * max(1.0, max(height, width) / 256)
    shapes: list[dict[str, Any]] = [
        {
            "label": label,
            "points": [[_short(x), _short(y)] for x, y in ring],
            "group_id": None,
            "description": "",
            "shape_type": "polygon",
            "flags": {},
        }
        for label, mask_HW in areas(drawing)
        for ring in outlines(mask_HW, tolerance)
    ]
    return {
        "version": "5.5.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": picture_name,
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
        "group": group_name(drawing.character.index),
    }


def _short(value: np.float64) -> float | int:
    number = round(float(value), 1)
    return int(number) if number.is_integer() else number
