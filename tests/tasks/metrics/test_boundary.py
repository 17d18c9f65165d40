"""Boundary bands against erosion of each label by scipy.

Shapes: B batch, L labels, H, W pixels.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from kirie.tasks.metrics.boundary import band, band_width, boundary_tp_fp_fn

Ids = NDArray[np.int64]


def _slow_band(mask_HW: NDArray[np.bool_], distance: int) -> NDArray[np.bool_]:
    """The paper's definition: a mask without its erosion by `distance` steps of a 3x3 square, nothing outside."""
    eroded: NDArray[np.bool_] = ndimage.binary_erosion(mask_HW, np.ones((3, 3)), iterations=distance, border_value=0)
    return mask_HW & ~eroded


def _slow_counts(prediction_HW: Ids, target_HW: Ids, labels: int, distance: int) -> list[list[int]]:
    valid = target_HW != 255
    rows = []
    for label in range(labels):
        truth = _slow_band((target_HW == label) & valid, distance)
        found = _slow_band((prediction_HW == label) & valid, distance)
        rows.append([int((truth & found).sum()), int((found & ~truth).sum()), int((truth & ~found).sum())])
    return rows


def _blobs(seed: int, labels: int, height: int, width: int) -> Ids:
    """Ids of smooth areas, with some ignored."""
    random = np.random.default_rng(seed)
    fields = ndimage.gaussian_filter(random.standard_normal((labels + 1, height, width)), (0, 4, 4))
    fields[-1] *= 0.7
    ids = fields.argmax(axis=0)
    return np.where(ids == labels, 255, ids)


def _no_ignore(ids: Ids) -> Ids:
    return np.where(ids == 255, 0, ids)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    labels=st.integers(1, 6),
    height=st.integers(1, 90),
    width=st.integers(1, 140),
)
def test_counts_equal_erosion_of_each_label(seed: int, labels: int, height: int, width: int) -> None:
    """All counts equal those of the definition, for any shape, number of labels and ignored area."""
    target = np.stack([_blobs(seed, labels, height, width), _blobs(seed + 1, labels, height, width)])
    prediction = _no_ignore(np.stack([_blobs(seed + 2, labels, height, width), target[1]]))
    found = boundary_tp_fp_fn(torch.from_numpy(prediction), torch.from_numpy(target), labels)
    distance = band_width(height, width)
    expected = [_slow_counts(*pair, labels, distance) for pair in zip(prediction, target, strict=True)]
    assert found.tolist() == expected


@pytest.mark.parametrize("distance", [1, 2, 5, 40])
def test_band_is_the_mask_without_its_erosion(distance: int) -> None:
    """The one band of all labels is the union of every label's own."""
    ids = _blobs(3, 4, 50, 70)
    valid = ids != 255
    expected = np.zeros(ids.shape, dtype=bool)
    for label in range(4):
        expected |= _slow_band(ids == label, distance)
    found = band(torch.from_numpy(ids)[None], torch.from_numpy(valid)[None], distance)
    np.testing.assert_array_equal(found[0].numpy(), expected)


@pytest.mark.parametrize(
    ("height", "width", "expected"), [(256, 256, 7), (1, 1, 1), (30, 30, 1), (480, 640, 16), (1024, 2048, 46)]
)
def test_width_is_two_percent_of_the_diagonal(height: int, width: int, expected: int) -> None:
    """d is rounded and never under 1."""
    assert band_width(height, width) == expected


def test_a_square_by_hand() -> None:
    """An 8x8 square moved by one pixel in a 60x60 picture (d = 2): bands of 48 pixels, 20 of them apart."""
    target = np.zeros((1, 60, 60), dtype=np.int64)
    prediction = target.copy()
    target[0, 20:28, 20:28] = 1
    prediction[0, 20:28, 21:29] = 1
    assert band_width(60, 60) == 2
    tp, fp, fn = boundary_tp_fp_fn(torch.from_numpy(prediction), torch.from_numpy(target), 2)[0, 1].tolist()
    assert tp + fn == tp + fp == 64 - 16
    assert fn == 12


def test_padding_behaves_as_if_it_were_not_there() -> None:
    """A picture padded with ignored pixels has the band of the picture itself, whatever is predicted there."""
    target, prediction = _no_ignore(_blobs(1, 3, 40, 40)), _no_ignore(_blobs(2, 3, 40, 40))
    padded = np.full((40, 60), 255)
    padded[:, 10:50] = target
    spilled = np.zeros((40, 60), dtype=np.int64)
    spilled[:, 10:50] = prediction
    assert band_width(40, 60) == band_width(40, 40) == 1
    inner = boundary_tp_fp_fn(torch.from_numpy(prediction)[None], torch.from_numpy(target)[None], 3)
    outer = boundary_tp_fp_fn(torch.from_numpy(spilled)[None], torch.from_numpy(padded)[None], 3)
    assert inner.tolist() == outer.tolist()


def test_a_perfect_prediction_has_no_errors() -> None:
    """Truth against itself has boundary IoU 1 for each label, also beside ignored pixels."""
    target = _blobs(9, 4, 64, 64)[None]
    counts = boundary_tp_fp_fn(torch.from_numpy(_no_ignore(target)), torch.from_numpy(target), 4)[0]
    assert (target == 255).any()
    assert counts[:, 0].min() > 0
    assert counts[:, 1:].sum() == 0
