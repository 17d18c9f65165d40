"""Probabilities of a picture of any size, from top to bottom in bands of rows, so that memory stays bounded.

fit: the picture goes into the model's input once, and its probabilities are interpolated back to the picture's size.
tile: the input slides over the picture; where tiles overlap their probabilities are averaged with Gaussian weights,
because a tile knows least at its border (Isensee et al., "nnU-Net", Nature Methods 2021; MONAI's sliding window). Rows
leave as soon as no later tile can change them.

Shapes: H, W the picture; h, w the model's input or a band's rows; C RGB; L labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from kirie.core.sample import Image
from kirie.predict.interpolate import interpolate
from kirie.predict.session import Session
from kirie.prepare.resize import PADDING, Box, cut, fit, tiles

Band = tuple[int, NDArray[np.float32]]
"""First row, and float32 probabilities of shape (L, rows, W)."""

_BAND_VALUES = 1 << 22
"""Probabilities in one band of mode fit: 16 MiB."""

_TILES_AT_ONCE = 4
_SIGMA = 1 / 8
"""Standard deviation of the tile weights as a share of the tile's side, as in nnU-Net."""

_LEAST_WEIGHT = 1e-3
"""The corner of a tile must still count, or a pixel that only a corner covers would divide by nothing."""


def bands(session: Session, image_HWC: Image) -> Iterator[Band]:
    """Probabilities of a picture in consecutive bands that cover its rows once.

    Args:
        session: The model.
        image_HWC: uint8 RGB of any size.
    """
    return _fitted(session, image_HWC) if session.manifest.mode == "fit" else _tiled(session, image_HWC)


def _fitted(session: Session, image_HWC: Image) -> Iterator[Band]:
    height, width = image_HWC.shape[:2]
    framed_hwC, place = fit(image_HWC, session.size)
    rows, columns = place.window
    frame_Lhw = session.predict_probabilities(framed_hwC[None])[0][:, rows, columns]
    step = max(1, _BAND_VALUES // (len(session.labels) * width))
    for top in range(0, height, step):
        stop = min(height, top + step)
        band_LhW = interpolate(frame_Lhw, 1, height, top, stop)
        yield top, interpolate(band_LhW, 2, width)


def _tiled(session: Session, image_HWC: Image) -> Iterator[Band]:
    height, width = image_HWC.shape[:2]
    tile_height, _ = session.size
    boxes = tiles((height, width), session.size, session.manifest.overlap)
    rows = [(top, list(row)) for top, row in groupby(boxes, key=lambda box: box[1])]
    weight_hw = tile_weights(session.size)
    # Rows of the picture that are not finished: those of the current row of tiles
    sum_LhW = np.zeros((len(session.labels), min(tile_height, height), width), dtype=np.float32)
    total_hW = np.zeros(sum_LhW.shape[1:], dtype=np.float32)
    for number, (top, row) in enumerate(rows):
        for box, tile_Lhw in _predicted(session, image_HWC, row):
            x0, x1 = box[0], min(box[2], width)
            size = slice(0, sum_LhW.shape[1]), slice(0, x1 - x0)
            sum_LhW[:, :, x0:x1] += tile_Lhw[:, size[0], size[1]] * weight_hw[size]
            total_hW[:, x0:x1] += weight_hw[size]
        done = (rows[number + 1][0] - top) if number + 1 < len(rows) else height - top
        yield top, np.divide(sum_LhW[:, :done], total_hW[:done], dtype=np.float32)
        for waiting in (sum_LhW, total_hW):
            kept = waiting[..., done:, :].copy()
            waiting[..., : kept.shape[-2], :] = kept
            waiting[..., kept.shape[-2] :, :] = 0


def _predicted(session: Session, image_HWC: Image, row: list[Box]) -> Iterator[tuple[Box, NDArray[np.float32]]]:
    for first in range(0, len(row), _TILES_AT_ONCE):
        group = row[first : first + _TILES_AT_ONCE]
        image_BhwC = np.stack([cut(image_HWC, box, PADDING) for box in group])
        yield from zip(group, session.predict_probabilities(image_BhwC), strict=True)


def tile_weights(size: tuple[int, int]) -> NDArray[np.float32]:
    """Gaussian weights of a tile, 1 at its centre; float32 of shape (h, w)."""
    down, across = (np.exp(-0.5 * (((np.arange(side) + 0.5) / side - 0.5) / _SIGMA) ** 2) for side in size)
    return np.asarray(np.maximum(np.outer(down, across), _LEAST_WEIGHT), dtype=np.float32)
