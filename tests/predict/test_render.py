"""The label map and the overlay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kirie.core.labels import IGNORE, LabelSet
from kirie.predict.render import label_map, overlay

LABELS = LabelSet.from_dict(
    {"labels": [{"name": "background", "color": "#000000"}, {"name": "hair", "color": "#e61e1e"}]}
)


def test_label_map_holds_ids_and_shows_colors(tmp_path: Path) -> None:
    """The PNG's values are the ids, and whoever looks at it sees the labels' colours."""
    ids_HW = np.array([[0, 1, 1]], dtype=np.uint8)
    label_map(ids_HW, LABELS).save(tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as found:
        assert found.mode == "P"
        np.testing.assert_array_equal(np.asarray(found), ids_HW)
        np.testing.assert_array_equal(np.asarray(found.convert("RGB"))[0], [[0, 0, 0], [230, 30, 30], [230, 30, 30]])


def test_overlay_tints_outlines_and_fades(draw: Any) -> None:
    """Inside a region the picture shows through its colour, the rim is its colour, and the background is faded."""
    grey = np.full((64, 64, 3), 100, dtype=np.uint8)
    ids_HW = np.zeros((64, 64), dtype=np.uint8)
    ids_HW[16:48, 16:48] = 1
    found = overlay(grey, ids_HW, LABELS)
    red = np.array([230, 30, 30])
    np.testing.assert_array_equal(found[16, 16:48], np.tile(red, (32, 1)))
    inside = found[32, 32].astype(int)
    assert (np.sign(inside - 100) == np.sign(red - 100)).all()
    assert (np.abs(inside - 100) < np.abs(red - 100)).all()
    assert 100 < found[0, 0, 0] < 255
    assert (found[0, 0] == found[0, 0, 0]).all()


def test_overlay_without_a_background() -> None:
    """Where the label set has no background every label is tinted."""
    labels = LabelSet(LABELS.labels, unlabelled=IGNORE)
    found = overlay(np.full((8, 8, 3), 200, np.uint8), np.zeros((8, 8), np.uint8), labels)
    assert (found < 200).all()


def test_overlay_leaves_its_inputs_alone(draw: Any) -> None:
    """The picture and the label map are not changed."""
    picture, ids_HW = draw(20, 30)
    before = picture.copy()
    overlay(picture, np.minimum(ids_HW, 1), LABELS)
    np.testing.assert_array_equal(picture, before)
