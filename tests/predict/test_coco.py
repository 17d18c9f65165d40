"""COCO's results JSON, held against COCO's own code."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from pycocotools import mask as reference
from pycocotools.coco import COCO

from kirie.predict.coco import image_id, results, rle_counts, rle_text
from kirie.predict.thing import Thing


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
    assert found["bbox"] == [5.25, 6.0, 30.25, 20.0]
    whole_HW = np.zeros((40, 50), dtype=np.uint8, order="F")
    whole_HW[6:26, 5:35] = mask_hw
    assert reference.encode(whole_HW)["counts"].decode("ascii") == found["segmentation"]["counts"]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("000000000139", 139),
        ("7", 7),
        ("0", 0),
        ("007", "007"),
        ("girl", "girl"),
        ("12a", "12a"),
        ("٣", "٣"),
        ("1/7", "1/7"),
        ("1234567890123456", "1234567890123456"),
    ],
)
def test_ids_of_pictures(name: str, wanted: int | str) -> None:
    """A name that is a number is that number, as COCO's pictures are named; any other is the id itself."""
    assert image_id(name) == wanted
