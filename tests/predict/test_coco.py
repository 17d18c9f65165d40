"""COCO's results JSON, held against COCO's own code."""

from __future__ import annotations

import contextlib
import copy
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from pycocotools import mask as reference
from pycocotools.coco import COCO
from tests.tasks.metrics.scenes import THINGS, Scene, enlarged, judged, scene, truth_of

from kirie.predict.coco import image_ids, results, rle_counts, rle_text
from kirie.predict.thing import Thing
from kirie.tasks.metrics.average_precision import Kind, average_precision


@given(hnp.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))), st.integers(0, 3), st.integers(0, 3))
def test_text_is_cocos(mask_hw: NDArray[np.bool_], more: int, off: int) -> None:
    """Any mask, at the picture's edges and away from them, is written letter for letter as pycocotools does."""
    height, width = mask_hw.shape[0] + off + more, mask_hw.shape[1] + more + off
    whole_HW = np.zeros((height, width), dtype=np.uint8)
    place = (off, off, off + mask_hw.shape[1], off + mask_hw.shape[0])
    whole_HW[place[1] : place[3], place[0] : place[2]] = mask_hw
    wanted = reference.encode(np.asfortranarray(whole_HW))["counts"].decode("ascii")
    if mask_hw.any():
        assert rle_text(rle_counts(place, mask_hw, height, width)) == wanted


def test_large_masks_too() -> None:
    """Long runs take several letters, and shrinking ones have negative differences."""
    y, x = np.mgrid[:900, :700]
    disc = ((y - 450) ** 2 + (x - 350) ** 2 < 300**2) & (np.random.default_rng(0).random((900, 700)) > 0.01)
    wanted = reference.encode(np.asfortranarray(disc.astype(np.uint8)))["counts"].decode("ascii")
    assert rle_text(rle_counts((0, 0, 700, 900), disc, 900, 700)) == wanted


def test_pycocotools_loads_them(tmp_path: Path) -> None:
    """Beside a ground truth of the same ids, with masks as they are here."""
    mask_hw = np.random.default_rng(1).random((20, 30)) > 0.3
    thing = Thing.of(2, 0.75, (5.25, 6.0, 35.5, 26.0), (5, 6, 35, 26), mask_hw)
    assert thing is not None
    (tmp_path / "instances.json").write_text(json.dumps(results([thing], 139, 40, 50)), encoding="utf-8")
    truth = COCO()
    truth.dataset = {"images": [{"id": 139, "height": 40, "width": 50}], "categories": [{"id": 2}], "annotations": []}
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        (found,) = truth.loadRes(str(tmp_path / "instances.json")).dataset["annotations"]
    assert (found["category_id"], found["score"]) == (2, 0.75)
    assert reference.area(found["segmentation"]) == mask_hw.sum()
    assert (found["area"], found["box"]) == (mask_hw.sum(), [5.25, 6.0, 35.5, 26.0])
    whole_HW = np.zeros((40, 50), dtype=np.uint8, order="F")
    whole_HW[6:26, 5:35] = mask_hw
    assert reference.encode(whole_HW)["counts"].decode("ascii") == found["segmentation"]["counts"]


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["000000000139", "7", "0"], [139, 7, 0]),
        (["000000000139", "139"], None),
        (["7", "girl"], None),
        (["7", "007"], None),
        (["7", "12a"], None),
        (["٣"], None),
        (["7", "1/7"], None),
        (["1234567890123456"], None),
    ],
)
def test_ids_of_pictures(names: list[str], wanted: list[int] | None) -> None:
    """Numbers if all names are numbers, as COCO's pictures are named, no two the same; else the names as they are."""
    assert image_ids(names) == (wanted or names)


def test_average_precision_by_area_is_ours() -> None:
    """pycocotools finds kirie's figures of masks in what is written, and with `bbox` made of `box` those of boxes."""
    random = np.random.default_rng(3)
    scenes = [enlarged(scene(random, crowds=0.0), times) for times in (2, 3, 9) for _ in range(4)]
    truth, rows = truth_of(scenes), []
    for picture, one in enumerate(scenes):
        found = one.detections
        told = zip(found.labels_N.tolist(), found.scores_N.tolist(), found.boxes_N4, one.masks_NHW, strict=True)
        whole = (0, 0, one.ids_HW.shape[1], one.ids_HW.shape[0])
        things = [Thing.of(label, score, box, whole, mask_HW) for label, score, box, mask_HW in told]
        rows += results([thing for thing in things if thing is not None], picture, *one.ids_HW.shape)
    assert len(rows) == sum(len(one.masks_NHW) for one in scenes)
    of_masks, of_boxes = (_ours(scenes, kind) for kind in ("mask", "box"))
    assert None not in of_masks
    assert _theirs(truth, rows, "segm") == of_masks
    for row in rows:
        x0, y0, x1, y1 = row["box"]
        row["bbox"] = [x0, y0, x1 - x0, y1 - y0]
    assert _theirs(truth, rows, "bbox") == of_boxes
    # So that the areas of boxes would be noticed
    assert _theirs(truth, rows, "segm")[3:6] != of_masks[3:6]


def _ours(scenes: Sequence[Scene], kind: Kind) -> list[object]:
    found, each = average_precision([one.overlaps() for one in scenes], THINGS, kind)
    return [pytest.approx(value, abs=1e-6) for value in (*found.values(), *each)]


def _theirs(truth: COCO, rows: list[dict[str, Any]], kind: str) -> list[float | None]:
    with contextlib.redirect_stdout(io.StringIO()):
        found = truth.loadRes(copy.deepcopy(rows))
    return judged(truth, found, kind)
