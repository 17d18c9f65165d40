"""Detections at a picture's own size: mapped back from the frame, and put together from tiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kirie.core.bundle import INSTANCE_OUTPUTS, OUTPUTS
from kirie.core.detections import Detections, pasted
from kirie.errors import BundleError
from kirie.predict.detect import detect, to_source
from kirie.predict.session import Session
from kirie.predict.thing import Thing
from kirie.prepare.resize import placement

from .conftest import COLORS, color_model
from .thing_models import fixed_model


def mask(thing: Thing, height: int, width: int) -> NDArray[np.bool_]:
    """A thing's mask at picture size."""
    return thing.within((0, 0, width, height))


def test_boxes_are_mapped_to_the_picture_and_masks_pasted_there(make_thing_bundle: Any) -> None:
    """A picture of twice the frame, letterboxed: the mask is the small one pasted at the picture's size."""
    small = np.random.default_rng(0).random((1, 14, 14)).astype(np.float32)
    session = Session(make_thing_bundle(fixed_model([(20, 8, 60, 56)], [2], [0.75], small)))
    # 128 x 128 in 64 x 96: scaled by a half, 16 columns of padding on either side
    (thing,) = detect(session, np.zeros((128, 128, 3), np.uint8))
    assert (thing.label, thing.score) == (2, 0.75)
    np.testing.assert_allclose(thing.box, (8, 16, 88, 112))
    wanted = Detections(
        np.array([[8, 16, 88, 112]], np.float32), np.array([2], np.uint8), np.array([0.75], np.float32), small
    )
    ((x0, y0, x1, y1), crop_hw) = next(pasted(wanted, 128, 128))
    np.testing.assert_array_equal(mask(thing, 128, 128)[y0:y1, x0:x1], crop_hw)
    assert thing.area == crop_hw.sum()


def test_a_thing_on_the_padding_is_not_in_the_picture(make_thing_bundle: Any) -> None:
    """One beside the picture is dropped, one that reaches over the edge is cut there."""
    session = Session(make_thing_bundle(fixed_model([(2, 10, 30, 50), (0, 0, 12, 64)], [1, 1], [0.9, 0.8])))
    (thing,) = detect(session, np.zeros((128, 128, 3), np.uint8))
    assert thing.box[0] == 0
    assert thing.place[0] == 0
    assert thing.place[2] == pytest.approx(28, abs=2)


def test_nothing_is_nothing(make_thing_bundle: Any) -> None:
    """A model that finds nothing gives no things, in both modes."""
    for mode in ("fit", "tile"):
        session = Session(make_thing_bundle(fixed_model([], [], []), mode, mode=mode))
        assert detect(session, np.zeros((100, 200, 3), np.uint8)) == []


def test_the_way_back_undoes_the_way_in() -> None:
    """A box of the picture, laid into the frame, comes back for every size."""
    for height, width in ((10, 300), (300, 10), (64, 96), (1, 1), (777, 333)):
        place = placement((height, width), (64, 96))
        box = [*place.to_frame(0, 0), *place.to_frame(width, height)]
        empty = np.zeros(1, np.float32)
        framed = Detections(np.array([box], np.float32), empty.astype(np.uint8), empty, np.ones((1, 2, 2), np.float32))
        found = to_source(framed, place)
        np.testing.assert_allclose(found.boxes_N4, [[0, 0, width, height]], rtol=1e-5, atol=1e-3)


RECTANGLES = {
    "within a tile": (10, 10, 40, 30),
    "where tiles overlap": (74, 50, 90, 60),
    "across a seam": (50, 20, 130, 50),
    "over several tiles": (20, 20, 280, 180),
    "at the picture's edge": (200, 150, 300, 200),
    "the whole picture": (0, 0, 300, 200),
}


@pytest.mark.parametrize("name", list(RECTANGLES))
def test_tiles_put_a_thing_together(rectangle_bundle: Path, name: str) -> None:
    """Wherever a rectangle lies, tiles give it once, whole, with its own box."""
    x0, y0, x1, y1 = RECTANGLES[name]
    image_HWC = np.full((200, 300, 3), 255, np.uint8)
    image_HWC[y0:y1, x0:x1] = COLORS[2]
    (thing,) = detect(Session(rectangle_bundle), image_HWC)
    assert thing.label == 2
    assert thing.score == pytest.approx(0.85)
    np.testing.assert_allclose(thing.box, (x0, y0, x1, y1))
    wanted_HW = np.zeros((200, 300), dtype=np.bool_)
    wanted_HW[y0:y1, x0:x1] = True
    found_HW = mask(thing, 200, 300)
    assert (found_HW & wanted_HW).sum() / (found_HW | wanted_HW).sum() > 0.8


def test_tiles_keep_things_of_other_labels_apart(rectangle_bundle: Path) -> None:
    """Two labels at one seam are two things, the surest first."""
    image_HWC = np.full((64, 200, 3), 255, np.uint8)
    image_HWC[10:30, 60:120] = COLORS[3]
    image_HWC[30:50, 60:120] = COLORS[1]
    found = detect(Session(rectangle_bundle), image_HWC)
    assert [thing.label for thing in found] == [1, 3]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (fixed_model([(0, 0, 5, 5)], [1], [np.nan]), "a score is no number"),
        (fixed_model([(0, 0, np.inf, 5)], [1], [0.5]), "a box is no number"),
        (fixed_model([(0, 0, 500, 5)], [1], [0.5]), "outside the picture"),
        (fixed_model([(0, 0, 5, 5)], [9], [0.5]), "a label 9, but those that have instances are 1, 2, 3"),
        (fixed_model([(0, 0, 5, 5)], [0], [0.5]), "a label 0, but those that have instances are"),
        (fixed_model([(0, 0, 96, 64)] * 900, [1] * 900, [0.5] * 900), "900 boxes together cover the picture 900 times"),
        (fixed_model([(0, 0, 5, 5)] * 2, [1, 1], [0.5, 0.6]), "falling order"),
        (fixed_model([(0, 0, 5, 5)], [1], [0.5], np.full((1, 14, 14), 2.0)), "a mask holds"),
        (fixed_model([(0, 0, 5, 5)], [1], [0.5], np.ones((1, 300, 300))), "at most"),
        (fixed_model([(0, 0, 5, 5)] * 5000, [1] * 5000, [0.5] * 5000, np.ones((5000, 1, 1))), "5000 detections"),
        (fixed_model([(0, 0, 5, 5)], [1, 2], [0.5]), "labels are uint8"),
    ],
)
def test_answers_of_a_stranger_are_looked_at(make_thing_bundle: Any, model: Any, words: str) -> None:
    """Numbers that are none, too many things, unknown labels: a sentence, before anything is made of them."""
    with pytest.raises(BundleError, match=words):
        detect(Session(make_thing_bundle(model)), np.zeros((64, 96, 3), np.uint8))


def test_outputs_that_do_not_fit(make_bundle: Any) -> None:
    """A model of pixels in a bundle that says instances is refused when it is loaded."""
    with pytest.raises(BundleError, match=r"gives \{'boxes'"):
        Session(make_bundle(color_model(OUTPUTS), task="instance", outputs=INSTANCE_OUTPUTS))
