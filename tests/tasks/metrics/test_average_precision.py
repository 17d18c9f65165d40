"""Average precision against pycocotools.

Shapes: N detections, H, W pixels.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torchmetrics.detection import MeanAveragePrecision

from kirie.core.detections import Detections
from kirie.core.scores import PRECISION
from kirie.tasks.metrics.average_precision import (
    IOU_THRESHOLDS,
    MOST,
    RECALL_THRESHOLDS,
    Kind,
    average_precision,
)
from kirie.tasks.metrics.overlap import Overlaps

from .scenes import SIZE, THINGS, Scene, coco_says, enlarged, scene


def _ours(scenes: Sequence[Scene], kind: Kind, things: Sequence[int] = THINGS) -> list[float | None]:
    found, each = average_precision([one.overlaps() for one in scenes], things, kind)
    assert tuple(found) == PRECISION
    return [*found.values(), *each]


def _close(expected: Sequence[float | None]) -> list[object]:
    return [None if value is None else pytest.approx(value, abs=1e-6) for value in expected]


def _scenes(seed: int, count: int, *, ignored: bool = False, crowds: float = 0.2) -> list[Scene]:
    random = np.random.default_rng(seed)
    return [scene(random, ignored=ignored, crowds=crowds) for _ in range(count)]


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 6), crowds=st.sampled_from([0.0, 0.3, 1.0]))
@example(seed=0, count=30, crowds=0.2)
def test_equal_to_pycocotools(seed: int, count: int, crowds: float) -> None:
    """Masks and boxes, all averages and each label, with crowds, ties, empty pictures and empty masks."""
    scenes = _scenes(seed, count, crowds=crowds)
    assert _ours(scenes, "mask") == _close(coco_says(scenes, "segm"))
    assert _ours(scenes, "box") == _close(coco_says(scenes, "bbox"))


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 5))
def test_ignored_pixels_are_a_crowd_of_every_label(seed: int, count: int) -> None:
    """Masks are judged as if pycocotools had been given the ignored area as a crowd of each label."""
    scenes = _scenes(seed, count, ignored=True)
    assert _ours(scenes, "mask") == _close(coco_says(scenes, "segm"))


def test_a_detection_on_ignored_pixels_costs_nothing() -> None:
    """A mask and a box that lie on the ignored area leave precision as it was; the same on free ground lowers it."""
    size = 32, 40
    ids_HW = np.zeros(size, dtype=np.uint8)
    ids_HW[4:12, 4:12] = 1
    ids_HW[20:, :] = 255
    things_I2 = np.array([[1, 0]])

    def judged(rows: slice, columns: slice) -> list[float | None]:
        masks_NHW = np.zeros((2, *size), dtype=np.bool_)
        masks_NHW[0, rows, columns] = masks_NHW[1, 4:12, 4:12] = True
        other = [columns.start, rows.start, columns.stop, rows.stop]
        found = Detections(
            np.array([other, [4, 4, 12, 12]], dtype=np.float32),
            np.array([1, 1], dtype=np.uint8),
            np.array([0.9, 0.8], dtype=np.float32),
            np.ones((2, 14, 14), dtype=np.float32),
        )
        held = [Scene(ids_HW, things_I2, found, masks_NHW).overlaps()]
        return [average_precision(held, [1], "mask")[0]["map"], average_precision(held, [1], "box")[0]["map"]]

    assert judged(slice(22, 30), slice(10, 20)) == [pytest.approx(1.0)] * 2
    assert judged(slice(4, 12), slice(20, 30)) == [pytest.approx(0.5)] * 2


def test_ignored_pixels_of_a_box_are_counted_from_its_nearest_pixels() -> None:
    """A box from 10.6 to 20.4 is the columns 11 to 19, all of which are ignored; one from 10.4 has column 10, too."""
    ids_HW = np.zeros((20, 40), dtype=np.uint8)
    ids_HW[:, 11:20] = 255
    boxes_N4 = np.array([[10.6, 3, 20.4, 9], [10.4, 3, 20.4, 9]], dtype=np.float32)
    found = Detections(
        boxes_N4,
        np.ones(2, dtype=np.uint8),
        np.array([0.9, 0.8], dtype=np.float32),
        np.ones((2, 14, 14), dtype=np.float32),
    )
    masks_NHW = np.zeros((2, 20, 40), dtype=np.bool_)
    share_N = Scene(ids_HW, np.array([[1, 0]]), found, masks_NHW).overlaps().box_ignored_N
    assert share_N.tolist() == [pytest.approx(1.0), pytest.approx(0.9)]


def test_limits_of_areas_belong_to_both_ranges() -> None:
    """A thing of exactly 32 x 32 pixels is small and medium, as pycocotools has it, and so is what finds it."""
    ids_HW = np.zeros((64, 96), dtype=np.uint8)
    ids_HW[4:36, 4:36] = 1
    masks_NHW = np.zeros((2, 64, 96), dtype=np.bool_)
    masks_NHW[0, 20:52, 60:92] = masks_NHW[1, 4:36, 4:36] = True
    found = Detections(
        np.array([[60, 20, 92, 52], [4, 4, 36, 36]], dtype=np.float32),
        np.ones(2, dtype=np.uint8),
        np.array([0.9, 0.8], dtype=np.float32),
        np.ones((2, 14, 14), dtype=np.float32),
    )
    scenes = [Scene(ids_HW, np.array([[1, 0]]), found, masks_NHW)]
    half = pytest.approx(0.5)
    assert _ours(scenes, "mask", [1]) == [half, half, half, half, half, None, half]
    assert _ours(scenes, "mask", [1]) == _close(coco_says(scenes, "segm", [1]))


@pytest.mark.parametrize(("before", "expected"), [(MOST - 1, 1 / MOST), (MOST, 0.0)])
def test_only_the_surest_hundred_count(before: int, expected: float) -> None:
    """The right detection counts as the hundredth of its label in a picture, and not as the one after that."""
    masks_NHW = np.zeros((before + 1, *SIZE), dtype=np.bool_)
    masks_NHW[:-1, 20:30, 20:30] = masks_NHW[-1, 2:12, 2:12] = True
    boxes_N4 = np.array([[20, 20, 30, 30]] * before + [[2, 2, 12, 12]], dtype=np.float32)
    found = Detections(
        boxes_N4,
        np.ones(before + 1, dtype=np.uint8),
        np.linspace(0.9, 0.1, before + 1, dtype=np.float32),
        np.ones((before + 1, 14, 14), dtype=np.float32),
    )
    scenes = [Scene(masks_NHW[-1].astype(np.uint8), np.array([[1, 0]]), found, masks_NHW)]
    mask = _ours(scenes, "mask", [1])
    assert mask[0] == pytest.approx(expected)
    assert mask == _close(coco_says(scenes, "segm", [1]))


def test_large_medium_and_small_are_told_apart() -> None:
    """Instances on all sides of COCO's limits give all three averages, equal to pycocotools."""
    random = np.random.default_rng(3)
    scenes = []
    for _ in range(4):
        small = scene(random, size=(40, 40), crowds=0.0)
        scenes += [enlarged(small, times) for times in (1, 3, 9)]
    expected = coco_says(scenes, "segm")
    assert None not in expected
    assert _ours(scenes, "mask") == _close(expected)
    assert _ours(scenes, "box") == _close(coco_says(scenes, "bbox"))


def _crowded(random: np.random.Generator, found: int, true: int) -> Overlaps:
    """A picture as a detector leaves it that gives all it has: many detections, few of them near anything true."""
    low_N2, low_T2 = random.uniform(0, 200, (found, 2)), random.integers(0, 200, (true, 2))
    return Overlaps(
        random.integers(1, 4, found).astype(np.uint8),
        np.sort(random.random(found).astype(np.float32))[::-1].copy(),
        np.concatenate([low_N2, low_N2 + 40], axis=1).astype(np.float32),
        np.full(found, 1600, dtype=np.int32),
        np.zeros(found, dtype=np.int32),
        np.zeros(found, dtype=np.float32),
        random.integers(1, 4, true).astype(np.uint8),
        np.zeros(true, dtype=np.bool_),
        np.concatenate([low_T2, low_T2 + 40], axis=1).astype(np.int32),
        np.full(true, 1600, dtype=np.int32),
        random.integers(0, 1600, (found, true)).astype(np.int32),
        0,
    )


def test_memory_of_a_picture_is_small() -> None:
    """One more picture of 100 detections and 20 true instances costs less than 16 KB at the peak."""
    random = np.random.default_rng(0)
    pictures = [_crowded(random, MOST, 20) for _ in range(240)]

    def peak(count: int, kind: Kind) -> int:
        tracemalloc.start()
        try:
            average_precision(pictures[:count], THINGS, kind)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    kinds: tuple[Kind, ...] = ("mask", "box")
    for kind in kinds:
        assert (peak(240, kind) - peak(40, kind)) / 200 < 16_000


def test_without_truth_there_is_no_score() -> None:
    """No pictures, no labels, or nothing true at all: every average is None, whatever was found."""
    one = scene(np.random.default_rng(1))
    empty = Scene(np.zeros_like(one.ids_HW), np.full((1, 2), -1), one.detections, one.masks_NHW)
    assert len(one.detections)
    for pictures, things in (([], THINGS), ([one], ()), ([empty], THINGS)):
        assert set(_ours(pictures, "mask", things)) == {None}


def test_missing_all_is_zero() -> None:
    """True instances without a detection give 0, not None."""
    one = next(one for one in _scenes(2, 9, crowds=0.0) if one.ids_HW.any())
    label = int(one.things_I2[one.ids_HW.max() - 1, 0])
    none = one.detections.take(slice(0))
    found, each = average_precision(
        [Scene(one.ids_HW, one.things_I2, none, one.masks_NHW[:0]).overlaps()], [label], "mask"
    )
    assert (found["map"], each) == (0.0, [0.0])


def test_labels_keep_their_order() -> None:
    """Labels in another order give the same averages, each label in its place."""
    overlaps = [one.overlaps() for one in _scenes(7, 20)]
    forth, of_forth = average_precision(overlaps, (1, 2, 3), "mask")
    back, of_back = average_precision(overlaps, (3, 1, 2), "mask")
    assert forth == back
    assert of_back == [of_forth[2], of_forth[0], of_forth[1]]
    assert len(set(of_forth)) == 3


def test_equal_to_torchmetrics() -> None:
    """torchmetrics' class with the same backend and 64-bit thresholds says the same of masks."""
    scenes = _scenes(11, 12, crowds=0.2)
    theirs = MeanAveragePrecision(
        iou_type="segm",
        iou_thresholds=IOU_THRESHOLDS.tolist(),
        rec_thresholds=RECALL_THRESHOLDS.tolist(),
        class_metrics=True,
        backend="faster_coco_eval",
    )
    for one in scenes:
        numbers = [number for number in range(1, 255) if (one.ids_HW == number).any()]
        things_T2 = torch.from_numpy(one.things_I2[[number - 1 for number in numbers]])
        shape = (-1, *one.ids_HW.shape)
        masks_THW = torch.from_numpy(np.array([one.ids_HW == number for number in numbers]).reshape(shape))
        found = {
            "masks": torch.from_numpy(one.masks_NHW),
            "scores": torch.from_numpy(one.detections.scores_N.copy()),
            "labels": torch.from_numpy(one.detections.labels_N.astype(np.int64)),
        }
        theirs.update([found], [{"masks": masks_THW.bool(), "labels": things_T2[:, 0], "iscrowd": things_T2[:, 1]}])
    said = theirs.compute()
    expected = [*(float(said[key]) for key in PRECISION), *said["map_per_class"].tolist()]
    assert _ours(scenes, "mask") == _close([None if value == -1 else value for value in expected])
