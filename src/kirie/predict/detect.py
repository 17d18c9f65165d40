"""A picture of any size to the things in it, at the picture's own size.

fit: the picture goes into the model's input once; boxes are mapped back to the picture, and masks are pasted there, so
that their edges are as fine as the picture and not as the input.
tile: the input slides over the picture, and what tiles found of the same thing is put together (`merge`).

Shapes: H, W the picture; C RGB; N detections.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kirie.core.detections import Box, Detections, pasted
from kirie.core.sample import Image
from kirie.predict.merge import Piece, merge
from kirie.predict.session import Session
from kirie.predict.thing import Thing
from kirie.prepare.resize import PADDING, Placement, cut, fit, tiles


def detect(session: Session, image_HWC: Image) -> list[Thing]:
    """Runs a model of instances on a picture of any size.

    Args:
        session: The model.
        image_HWC: uint8 RGB.

    Returns:
        What has at least one pixel in the picture, best score first; masks may overlap.

    Raises:
        BundleError: The model fails, answers with what cannot be used, or finds more than tiles are put together of.
        DeviceError: The device's memory does not suffice.
    """
    size = (image_HWC.shape[0], image_HWC.shape[1])
    if session.manifest.mode == "fit":
        framed_hwC, place = fit(image_HWC, session.size)
        return list(_things(to_source(session.predict_detections(framed_hwC), place), size, (0, 0)))
    return merge(_pieces(session, image_HWC), size)


def _pieces(session: Session, image_HWC: Image) -> Iterator[Piece]:
    """What each tile holds, one tile after the other."""
    size = (image_HWC.shape[0], image_HWC.shape[1])
    for tile in tiles(size, session.size, session.manifest.overlap):
        found = session.predict_detections(cut(image_HWC, tile, PADDING))
        held: Box = (tile[0], tile[1], min(tile[2], size[1]), min(tile[3], size[0]))
        inside = (held[3] - held[1], held[2] - held[0])
        yield from (Piece(thing, held) for thing in _things(found, inside, (held[0], held[1])))


def to_source(found: Detections, place: Placement) -> Detections:
    """Detections of a letterboxed frame, their boxes in pixels of the picture; those on the padding lie outside it."""
    vertical, horizontal = place.scale
    offset_4 = np.array([place.left, place.top] * 2, dtype=np.float32)
    scale_4 = np.array([horizontal, vertical] * 2, dtype=np.float32)
    boxes_N4 = ((found.boxes_N4 - offset_4) / scale_4).astype(np.float32)
    return Detections(boxes_N4, found.labels_N, found.scores_N, found.masks_NMM)


def _things(found: Detections, size: tuple[int, int], corner: tuple[int, int]) -> Iterator[Thing]:
    """Detections of a picture or tile that starts at `corner` (x, y), as things of the whole picture."""
    height, width = size
    limit_4 = np.array([width, height] * 2, dtype=np.float32)
    boxes_N4: NDArray[np.float32] = found.boxes_N4.clip(0, limit_4) + np.array(corner * 2, dtype=np.float32)
    for at, (box, crop_hw) in enumerate(pasted(found, height, width)):
        x, y = corner
        place = (box[0] + x, box[1] + y, box[2] + x, box[3] + y)
        thing = Thing.of(int(found.labels_N[at]), float(found.scores_N[at]), boxes_N4[at], place, crop_hw)
        if thing is not None:
            yield thing
