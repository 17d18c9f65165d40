"""Recall of small parts against a flood fill in plain Python.

Shapes: L labels, H, W pixels.
"""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kirie.tasks.metrics.small_parts import small_found_total

Ids = NDArray[np.int64]


def _slow(prediction: Ids, target: Ids, labels: int) -> list[list[int]]:
    height, width = target.shape
    area = sum(int(value) != 255 for value in target.flat)
    counts = [[0, 0] for _ in range(labels)]
    seen: set[tuple[int, int]] = set()
    for start in np.ndindex(height, width):
        label = int(target[start])
        if label == 255 or start in seen:
            continue
        part, border = [], [(start[0], start[1])]
        seen.add((start[0], start[1]))
        while border:
            y, x = border.pop()
            part.append((y, x))
            for near in ((y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)):
                inside = 0 <= near[0] < height and 0 <= near[1] < width
                if inside and near not in seen and target[near] == label:
                    seen.add(near)
                    border.append(near)
        if len(part) / area < 1 / 300 and len(part) / area >= 1 / 16384:
            counts[label][1] += 1
            counts[label][0] += sum(int(prediction[at]) == label for at in part) / len(part) >= 0.5
    return counts


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), noise=st.floats(0, 0.2))
def test_counts_equal_a_flood_fill(seed: int, noise: float) -> None:
    """Found and present equal those of a flood fill over pixels."""
    random = np.random.default_rng(seed)
    target = np.zeros((40, 60), dtype=np.int64)
    for _ in range(25):
        y, x, h, w = random.integers(0, 36), random.integers(0, 56), random.integers(1, 5), random.integers(1, 5)
        target[y : y + h, x : x + w] = random.choice([1, 2, 3, 255])
    prediction = np.where(random.random(target.shape) < noise, random.integers(0, 4, target.shape), target)
    prediction[prediction == 255] = 0
    assert small_found_total(prediction, target, 4).tolist() == _slow(prediction, target, 4)


def _with_part(height: int, width: int, pixels: int) -> Ids:
    target = np.zeros((height, width), dtype=np.int64)
    target.reshape(-1)[:pixels] = 1
    return target


def test_limits_of_small() -> None:
    """In 60,000 pixels a part of 199 is small, one of 200 (1/300) is not; 4 are a part, 3 (under 1/16384) a crumb."""
    present = {n: small_found_total(t, t, 2)[1, 1] for n in (3, 4, 199, 200) for t in [_with_part(200, 300, n)]}
    assert present == {3: 0, 4: 1, 199: 1, 200: 0}
    one = _with_part(128, 128, 1)
    assert small_found_total(one, one, 2)[1, 1] == 1


def test_half_of_the_pixels_is_found() -> None:
    """A part of ten pixels is found with five of them, not with four."""
    target = _with_part(100, 100, 10)
    for right, expected in ((5, 1), (4, 0)):
        assert small_found_total(_with_part(100, 100, right), target, 2)[1].tolist() == [expected, 1]


def test_parts_touching_at_a_corner_are_one() -> None:
    """Two squares that meet at a corner are one part; apart they are two."""
    target = np.zeros((100, 100), dtype=np.int64)
    target[10:13, 10:13] = target[13:16, 13:16] = 1
    assert small_found_total(target, target, 2)[1].tolist() == [1, 1]
    target[13:16, 13:16] = 0
    target[14:17, 14:17] = 1
    assert small_found_total(target, target, 2)[1].tolist() == [2, 2]


def test_padding_does_not_move_the_limits() -> None:
    """Ignored pixels are not of the picture: the share is that of the rest."""
    target = np.full((100, 300), 255)
    target[:, :100] = _with_part(100, 100, 34)
    assert small_found_total(np.where(target == 255, 0, target), target, 2)[1, 1] == 0
    target[:, :100] = _with_part(100, 100, 33)
    assert small_found_total(np.where(target == 255, 0, target), target, 2)[1, 1] == 1
