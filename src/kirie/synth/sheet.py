"""A contact sheet: pictures, and under each its labels laid over it."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image as Pictures

from kirie.core.labels import IGNORE, LabelSet
from kirie.core.sample import Image
from kirie.synth.draw import Drawing


def overlay(picture_HWC: Image, target_HW: Image, labels: LabelSet, strength: float = 0.62) -> Image:
    """The picture tinted with its labels' colours; labels meet at a thin white line."""
    colors = np.array([label.color for label in labels], dtype=np.float32)
    known = target_HW != IGNORE
    tint = colors[np.where(known, target_HW, 0)]
    mixed = picture_HWC * (1 - strength) + tint * strength
    edge = np.zeros(target_HW.shape, dtype=np.bool_)
    edge[:, 1:] |= target_HW[:, 1:] != target_HW[:, :-1]
    edge[1:] |= target_HW[1:] != target_HW[:-1]
    mixed[edge] = mixed[edge] * 0.4 + 255 * 0.6
    return np.rint(mixed).astype(np.uint8)


def contact_sheet(drawings: Sequence[Drawing], labels: LabelSet, columns: int = 6, *, small: bool = False) -> bytes:
    """A PNG with rows of pictures, each row followed by the same pictures' labels.

    Args:
        drawings: At least one, all of one size.
        labels: The label set to paint.
        columns: Pictures in a row.
        small: 256 colours instead of all: half the bytes, for documents.
    """
    if not drawings:
        raise ValueError("a contact sheet needs at least one drawing")
    height, width = drawings[0].size
    columns = min(columns, len(drawings))
    rows = -(-len(drawings) // columns)
    sheet = np.full((rows * 2 * height, columns * width, 3), 255, dtype=np.uint8)
    for k, drawing in enumerate(drawings):
        y, x = k // columns * 2 * height, k % columns * width
        sheet[y : y + height, x : x + width] = drawing.picture_HWC
        sheet[y + height : y + 2 * height, x : x + width] = overlay(drawing.picture_HWC, drawing.target(labels), labels)
    stream = io.BytesIO()
    picture = Pictures.fromarray(sheet)
    (picture.quantize(256) if small else picture).save(stream, "PNG", optimize=True)
    return stream.getvalue()
