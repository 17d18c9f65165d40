"""Pasting is torchvision's, to the pixel; what is painted on top; answers of strangers are looked at first."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torchvision.models.detection.roi_heads import paste_masks_in_image

from kirie.core.detections import LARGEST_MASK, MOST_AT_ONCE, MOST_COVER, Box, Detections, lay, paint, pasted
from kirie.core.sample import Mask


def some(boxes: Any, labels: Any = None, scores: Any = None, masks: Any = None) -> Detections:
    """Detections of the given boxes; masks full unless given."""
    boxes_N4 = np.array(boxes, dtype=np.float32).reshape(-1, 4)
    count = len(boxes_N4)
    return Detections(
        boxes_N4,
        np.array(labels if labels is not None else [1] * count, dtype=np.uint8),
        np.array(scores if scores is not None else np.linspace(0.9, 0.6, count), dtype=np.float32),
        np.array(masks if masks is not None else np.ones((count, 28, 28)), dtype=np.float32),
    )


def by_torchvision(found: Detections, height: int, width: int) -> NDArray[np.float32]:
    """The reference's probabilities at picture size."""
    masks_N1MM = torch.from_numpy(found.masks_NMM)[:, None]
    pasted_N1HW = paste_masks_in_image(masks_N1MM, torch.from_numpy(found.boxes_N4), (height, width))
    return np.asarray(pasted_N1HW[:, 0].numpy())


def by_kirie(found: Detections, height: int, width: int) -> NDArray[np.bool_]:
    """Ours, laid into the picture."""
    whole_NHW = np.zeros((len(found), height, width), dtype=np.bool_)
    for full_HW, ((x0, y0, x1, y1), crop_hw) in zip(whole_NHW, pasted(found, height, width), strict=True):
        assert 0 <= x0 <= x1 <= width
        assert 0 <= y0 <= y1 <= height
        full_HW[y0:y1, x0:x1] = crop_hw
    return whole_NHW


@st.composite
def cases(draw: st.DrawFn) -> tuple[Detections, int, int]:
    """Any picture with boxes that are tiny, huge, without area, or partly outside; masks of noise or of 0 and 1."""
    height, width = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    side = draw(st.sampled_from([1, 7, 14, 28]))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    boxes = []
    for _ in range(draw(st.integers(0, 4))):
        scale = draw(st.sampled_from([0.0, 0.3, 3.0, 30.0, 300.0]))
        x0, y0 = random.uniform(-0.5, 0.95, 2) * (width, height)
        # At least one pixel of each lies inside: torchvision's own boxes always do, and it fails on others
        x1, y1 = np.maximum((x0, y0), 0) + random.uniform(0, 1, 2) * scale
        boxes.append((x0, y0, x1, y1))
    masks_NMM = random.random((len(boxes), side, side), dtype=np.float32)
    if draw(st.booleans()):
        masks_NMM = masks_NMM.round()
    if draw(st.booleans()):
        boxes = np.round(boxes).tolist()
    return some(boxes, masks=masks_NMM), height, width


@given(cases())
def test_pasting_is_torchvisions(case: tuple[Detections, int, int]) -> None:
    """Every pixel that the reference puts above 0.5 is in the mask and no other, but for sums that round to 0.5."""
    found, height, width = case
    wanted_NHW = by_torchvision(found, height, width)
    ours_NHW = by_kirie(found, height, width)
    clear_NHW = np.abs(wanted_NHW - 0.5) > 1e-6
    np.testing.assert_array_equal(ours_NHW[clear_NHW], wanted_NHW[clear_NHW] > 0.5)


def test_a_thing_of_ordinary_size_is_torchvisions_in_every_pixel() -> None:
    """Smooth masks in boxes of a real picture: no pixel differs, roundings included."""
    random = np.random.default_rng(3)
    corner_N2, size_N2 = random.uniform(-30, 380, (40, 2)), random.uniform(1, 300, (40, 2))
    far_N2 = np.maximum(corner_N2 + size_N2, 1)
    found = some(np.concatenate([corner_N2, far_N2], axis=1), masks=random.random((40, 28, 28)))
    wanted_NHW = by_torchvision(found, 400, 400) > 0.5
    assert wanted_NHW.any(axis=(1, 2)).sum() > 30
    np.testing.assert_array_equal(by_kirie(found, 400, 400), wanted_NHW)


def test_a_box_that_misses_the_picture_has_no_pixels() -> None:
    """And is no error: prediction maps boxes on the padding outside the picture."""
    found = some([(-50, -50, -10, -10), (200, 0, 230, 20), (0, 200, 5, 230)])
    assert not by_kirie(found, 64, 64).any()


def test_a_huge_box_takes_the_memory_of_the_picture_alone() -> None:
    """A box of a million pixels a side costs what lies inside the picture, in bands."""
    found = some([(-1e6, -1e6, 1e6, 1e6)])
    next(iter(pasted(found, 8, 8)))
    tracemalloc.start()
    ((box, crop_hw),) = pasted(found, 2000, 2000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert box == (0, 0, 2000, 2000)
    assert crop_hw.all()
    assert peak < 4_000_000 + 20 * (1 << 20)


def test_the_smaller_lies_on_top() -> None:
    """An eye stays on its face although the face is surer, whatever the order."""
    found = some([(0, 0, 39, 39), (10, 10, 19, 19)], [1, 2], [0.9, 0.6])
    assert paint(found, 40, 40, background=7)[0][15, [5, 15]].tolist() == [1, 2]
    assert paint(found.take(np.array([1, 0])), 40, 40, background=7)[1][15, [5, 15]].tolist() == [2, 1]


def test_what_is_nearly_covered_is_left_out() -> None:
    """A face that is also taken for something else is one thing; its rim uncovers what is below."""
    twice = [(0, 0, 39, 39), (0, 0, 38, 39), (0, 0, 59, 59)]
    labels_HW, instances_HW = paint(some(twice, [1, 3, 2], [0.9, 0.8, 0.7]), 60, 60, background=7)
    assert np.unique(instances_HW).tolist() == [0, 2, 3]
    rim = np.count_nonzero(paint(some(twice[:1]), 60, 60, 7)[1]) - np.count_nonzero(
        paint(some(twice[1:2]), 60, 60, 7)[1]
    )
    assert 0 < rim < 0.1 * np.count_nonzero(instances_HW == 2)
    assert labels_HW[20, 50] == 2


@pytest.mark.parametrize("again", [(10, 10, 29, 29), (5, 0, 34, 39), (15, 15, 49, 39)])
def test_a_thing_that_is_seen_again_stays_whole(again: Box) -> None:
    """A less sure one of the same label that lies in it for half or more is no second thing, and punches no hole."""
    alone = paint(some([(0, 0, 39, 39)]), 60, 60, background=7)
    twice = paint(some([(0, 0, 39, 39), again], [1, 1], [0.9, 0.6]), 60, 60, background=7)
    for map_HW, wanted_HW in zip(twice, alone, strict=True):
        np.testing.assert_array_equal(map_HW, wanted_HW)


def flat(*sets: slice) -> Callable[[int], tuple[Box, Mask]]:
    """Masks in a row of 20 pixels."""
    masks = np.zeros((len(sets), 1, 20), dtype=np.bool_)
    for mask_1W, where in zip(masks, sets, strict=True):
        mask_1W[0, where] = True
    return lambda at: ((0, 0, 20, 1), masks[at])


def laid(masks: Callable[[int], tuple[Box, Mask]], labels: list[int], scores: list[float]) -> list[int]:
    """The instance ids of that row."""
    found = lay(masks, np.array(labels, np.uint8), np.array(scores), (1, 20), 0, 0.5)[1]
    return [int(value) for value in found[0]]


def test_half_is_seen_before() -> None:
    """Half in surer ones of the label, also in several of them together, is too much; a pixel less is not."""
    first, second = slice(0, 4), slice(10, 14)
    assert laid(flat(first, slice(2, 6)), [1, 1], [0.9, 0.8]) == [1] * 4 + [0] * 16
    assert laid(flat(first, slice(3, 7)), [1, 1], [0.9, 0.8]) == [1] * 4 + [2] * 3 + [0] * 13
    between = slice(2, 12)
    assert set(laid(flat(first, second, between), [1, 1, 1], [0.9, 0.8, 0.7])) == {0, 1, 2, 3}
    assert set(laid(flat(slice(0, 5), slice(9, 14), between), [1, 1, 1], [0.9, 0.8, 0.7])) == {0, 1, 2}
    # What was left out itself hides nothing
    assert set(laid(flat(first, slice(2, 6), slice(4, 8)), [1, 1, 1], [0.9, 0.8, 0.7])) == {0, 1, 3}


def test_of_one_label_the_surer_lies_on_top() -> None:
    """Whatever their sizes and the order they are given in; a small sure one lies on a large one that is less sure."""
    assert laid(flat(slice(0, 12), slice(10, 15)), [1, 1], [0.9, 0.8]) == [1] * 12 + [2] * 3 + [0] * 5
    assert laid(flat(slice(10, 15), slice(0, 12)), [1, 1], [0.8, 0.9]) == [2] * 12 + [1] * 3 + [0] * 5
    assert laid(flat(slice(4, 8), slice(0, 12)), [1, 1], [0.9, 0.8]) == [2] * 4 + [1] * 4 + [2] * 4 + [0] * 8
    # Between labels size counts, and equal scores change nothing
    assert laid(flat(slice(0, 12), slice(10, 15)), [1, 2], [0.9, 0.8]) == [1] * 10 + [2] * 5 + [0] * 5
    assert laid(flat(slice(0, 12), slice(10, 15)), [1, 1], [0.9, 0.9]) == [1] * 12 + [2] * 3 + [0] * 5


def test_what_lies_between_two_of_a_label_changes_nothing_between_them() -> None:
    """The less sure one has lost what it shares with the surer one, also where a third thing covers it, or goes."""
    assert laid(flat(slice(0, 12), slice(5, 16), slice(9, 17)), [1, 2, 1], [0.95, 0.7, 0.6]) == (
        [1] * 5 + [2] * 7 + [3] * 5 + [0] * 3
    )
    # The third shows one of its 11 pixels, and goes; the surer one has that, and the less sure one no more than before
    things = flat(slice(0, 12), slice(2, 13), slice(9, 16), slice(3, 12))
    assert laid(things, [1, 2, 1, 3], [0.95, 0.7, 0.6, 0.8]) == [1] * 3 + [4] * 9 + [3] * 4 + [0] * 4


def test_of_equal_size_the_surest_lies_on_top() -> None:
    """Overlaps go to the higher score whatever the order; unsure detections are left out; ids are the detections'."""
    found = some([(0, 0, 19, 19), (10, 0, 29, 19), (20, 0, 39, 19)], [1, 2, 3], [0.9, 0.8, 0.3])
    labels_HW, instances_HW = paint(found, 20, 40, background=7)
    assert [labels_HW.dtype.name, instances_HW.dtype.name] == ["uint8", "uint16"]
    assert labels_HW[10, [5, 15, 25, 38]].tolist() == [1, 1, 2, 7]
    assert instances_HW[10, [5, 15, 25, 38]].tolist() == [1, 1, 2, 0]
    turned = found.take(np.array([1, 0, 2]))
    assert paint(turned, 20, 40, background=7)[1][10, [5, 15, 25]].tolist() == [2, 2, 1]
    assert paint(found, 20, 40, background=7, least_score=0.2)[0][10, 38] == 3


def test_of_equal_scores_the_first_lies_on_top() -> None:
    """So that the picture does not depend on a sort's whim."""
    found = some([(0, 0, 9, 9)] * 3, [1, 2, 3], [0.7] * 3)
    assert np.unique(paint(found, 10, 10, background=0)[0]).tolist() == [1]


def test_no_detection_is_a_picture_of_background() -> None:
    """Zero detections paste, paint and pass like any number."""
    none = some([])
    assert list(pasted(none, 5, 6)) == []
    labels_HW, instances_HW = paint(none, 5, 6, background=255)
    assert (labels_HW == 255).all()
    assert not instances_HW.any()
    assert none.problem((1, 2, 3), 5, 6) is None


RIGHT = some([(0, 0, 10, 10), (5, 5, 40.5, 20)])


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("boxes_N4", np.zeros((2, 4)), "boxes are float64"),
        ("boxes_N4", np.zeros((3, 4), np.float32), r"boxes are float32 \(3, 4\)"),
        ("boxes_N4", np.full((2, 4), np.nan, np.float32), "a box is no number"),
        ("boxes_N4", np.full((2, 4), 99, np.float32), "outside the picture"),
        ("boxes_N4", np.array([[9, 0, 5, 9]] * 2, np.float32), "ends before it begins"),
        ("labels_N", np.array([1, 4], np.uint8), "a label 4, but those that have instances are 1, 2, 3"),
        ("labels_N", np.array([0, 1], np.uint8), "a label 0, but those that have instances"),
        ("labels_N", np.array([1, 2], np.int64), "labels are int64"),
        ("scores_N", np.array([0.5, np.nan], np.float32), "a score is no number"),
        ("scores_N", np.array([1.5, 0.5], np.float32), "a score is no number"),
        ("scores_N", np.array([0.5, 0.6], np.float32), "falling order"),
        ("masks_NMM", np.full((2, 28, 28), np.inf, np.float32), "a mask holds something else"),
        ("masks_NMM", np.zeros((2, 28, 14), np.float32), "masks are float32"),
        ("masks_NMM", np.zeros((2, LARGEST_MASK + 1, LARGEST_MASK + 1), np.float32), "at most"),
        ("masks_NMM", np.zeros((2, 0, 0), np.float32), "at most"),
    ],
)
def test_what_a_stranger_answers_is_looked_at(name: str, value: NDArray[Any], words: str) -> None:
    """Wrong types, shapes, numbers and labels are each told in words; a right answer is not."""
    assert RIGHT.problem((1, 2, 3), 20, 40) is None
    fields = {each: getattr(RIGHT, each) for each in ("boxes_N4", "labels_N", "scores_N", "masks_NMM")}
    found = Detections(**{**fields, name: value}).problem((1, 2, 3), 20, 40)
    assert found is not None
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(found)


def test_too_many_are_told() -> None:
    """Before anything is computed with them."""
    count = MOST_AT_ONCE + 1
    found = some(np.zeros((count, 4)), masks=np.zeros((count, 1, 1))).problem((1, 2, 3), 8, 8)
    assert found is not None
    assert f"{count} detections" in found


def test_what_costs_minutes_to_paste_is_told() -> None:
    """Boxes may cover the picture so many times and no more; the cost of pasting is what they cover."""
    for count in (MOST_COVER, MOST_COVER + 1):
        found = some([(0, 0, 40, 20)] * count, masks=np.zeros((count, 1, 1)), scores=[0.5] * count)
        said = found.problem((1,), 20, 40)
        assert (said is not None) is (count > MOST_COVER)
    assert said == "the 129 boxes together cover the picture 129 times; at most 128 times is allowed"
