"""Bands: they cover every row once, and say what the model would say of the whole picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kirie.predict.bands import bands, tile_weights
from kirie.predict.segment import segment
from kirie.predict.session import Session

SIZES = [(64, 96), (1, 1), (20, 3000), (3000, 20), (65, 97), (63, 95), (200, 300), (640, 96), (64, 97)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["fit", "tile"])
def test_bands_cover_every_row_once(make_bundle: Any, mode: str, size: tuple[int, int]) -> None:
    """Bands follow each other from the first row to the last, and their probabilities add up to 1."""
    session = Session(make_bundle(mode=mode))
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    at = 0
    for top, band_LhW in bands(session, picture):
        assert top == at
        assert band_LhW.dtype == np.float32
        assert band_LhW.shape == (4, band_LhW.shape[1], size[1])
        np.testing.assert_allclose(band_LhW.sum(axis=0), 1, atol=1e-4)
        at += band_LhW.shape[1]
    assert at == size[0]


@pytest.mark.parametrize("size", SIZES)
def test_tiles_are_exact_for_a_model_that_sees_pixels_alone(
    tile_bundle: Path, draw: Any, size: tuple[int, int]
) -> None:
    """Where tiles do not matter to the model, their average is its answer, at any size of picture."""
    picture, ids_HW = draw(*size)
    np.testing.assert_array_equal(segment(Session(tile_bundle), picture).labels_HW, ids_HW)


@pytest.mark.parametrize("overlap", [0.0, 0.5, 0.9])
def test_tiles_at_any_overlap(make_bundle: Any, draw: Any, overlap: float) -> None:
    """No overlap and the largest one give the same labels for such a model."""
    picture, ids_HW = draw(150, 150)
    session = Session(make_bundle(mode="tile", overlap=overlap))
    np.testing.assert_array_equal(segment(session, picture).labels_HW, ids_HW)


def test_tiles_equal_the_slow_way(tile_bundle: Path) -> None:
    """Streaming by rows of tiles equals a sum over the whole picture, tile by tile."""
    from kirie.prepare.resize import PADDING, cut, tiles

    session = Session(tile_bundle)
    picture = np.random.default_rng(1).integers(0, 256, (190, 250, 3), dtype=np.uint8)
    total = np.zeros((4, 190, 250))
    weights = np.zeros((190, 250))
    for box in tiles((190, 250), session.size, 0.25):
        x0, y0, x1, y1 = box
        tile = session.predict_probabilities(cut(picture, box, PADDING)[None])[0]
        total[:, y0:y1, x0:x1] += tile * tile_weights(session.size)
        weights[y0:y1, x0:x1] += tile_weights(session.size)
    found = np.concatenate([band for _, band in bands(session, picture)], axis=1)
    np.testing.assert_allclose(found, total / weights, atol=1e-5)


def test_fit_is_exact_where_nothing_is_scaled(color_bundle: Path, draw: Any) -> None:
    """A picture of the model's size keeps the model's labels bit for bit."""
    picture, ids_HW = draw(64, 96)
    np.testing.assert_array_equal(segment(Session(color_bundle), picture).labels_HW, ids_HW)


@pytest.mark.parametrize("size", [(640, 960), (300, 200), (300, 960), (33, 47)])
def test_fit_is_right_away_from_edges(color_bundle: Path, draw: Any, size: tuple[int, int]) -> None:
    """A picture that is scaled has the right label wherever no edge is near, in the right place."""
    from scipy import ndimage

    picture, ids_HW = draw(*size)
    found = segment(Session(color_bundle), picture).labels_HW
    # Scaled down and up again, an edge may move by two pixels of the model's input
    reach = 2 * max(1, round(2 * max(size[0] / 64, size[1] / 96))) + 1
    calm = ndimage.maximum_filter(ids_HW, reach) == ndimage.minimum_filter(ids_HW, reach)
    assert calm.mean() > 0.5
    np.testing.assert_array_equal(found[calm], ids_HW[calm])


def test_tile_weights_are_largest_in_the_middle() -> None:
    """Weights fall from the centre to the border, alike on both sides, and never reach 0."""
    weights = tile_weights((64, 96))
    np.testing.assert_array_equal(weights, weights[::-1, ::-1])
    assert weights[32, 48] == weights.max() > 0.99
    assert weights[0, 0] == weights.min() > 0
