"""The overlay of things: an outline for each, and a tag with its score that hides no other."""

from __future__ import annotations

import numpy as np

from kirie.core.labels import LabelSet
from kirie.predict.render import overlay
from kirie.predict.render_things import Tag, overlay_things
from kirie.predict.thing import shared_box

LABELS = LabelSet.from_dict(
    {
        "labels": [
            {"name": "background", "color": "#000000"},
            {"name": "hair", "color": "#e61e1e"},
            {"name": "眼", "color": "#ffee00"},
        ]
    }
)


def two_halves() -> tuple[np.ndarray, np.ndarray]:
    """Label and instance maps: two things of one label that touch."""
    labels_HW = np.zeros((200, 300), dtype=np.uint8)
    labels_HW[60:140, 50:250] = 1
    instances_HW = labels_HW.astype(np.uint16)
    instances_HW[60:140, 150:250] = 2
    return labels_HW, instances_HW


TAGS = [Tag(1, 1, 0.9, (50, 60, 150, 140)), Tag(1, 2, 0.8, (150, 60, 250, 140))]


def test_things_of_one_label_are_told_apart() -> None:
    """There is a line between them, which the overlay of labels does not have."""
    labels_HW, instances_HW = two_halves()
    grey = np.full((200, 300, 3), 100, dtype=np.uint8)
    plain, found = overlay(grey, labels_HW, LABELS), overlay_things(grey, labels_HW, instances_HW, TAGS, LABELS)
    assert found[100, 149].tolist() == [230, 30, 30] != plain[100, 149].tolist()
    assert found[100, 100].tolist() == plain[100, 100].tolist()
    assert (grey == 100).all()


def test_each_has_its_tag() -> None:
    """Plates of the label's colour stand above the things, with letters on them."""
    labels_HW, instances_HW = two_halves()
    grey = np.full((200, 300, 3), 100, dtype=np.uint8)
    bare = overlay_things(grey, labels_HW, instances_HW, [], LABELS)
    for chosen in (TAGS[:1], TAGS[1:]):
        changed = (overlay_things(grey, labels_HW, instances_HW, chosen, LABELS) != bare).any(axis=2)
        rows, columns = np.nonzero(changed)
        x0, _, x1, _ = chosen[0].box
        assert changed.sum() > 300
        assert 40 <= rows.min() < rows.max() < 62
        assert x0 <= columns.min() < columns.max() < x1
        assert changed[20:40].sum() == changed[100:].sum() == 0


def test_tags_do_not_hide_each_other() -> None:
    """Many things at one place: every tag finds one of its own, inside the picture."""
    labels_HW, instances_HW = two_halves()
    grey = np.full((200, 300, 3), 100, dtype=np.uint8)
    bare = overlay_things(grey, labels_HW, instances_HW, [], LABELS)
    box = (0, 0, 60, 190)
    areas = []
    for count in (1, 5):
        tags = [Tag(2, 1, 0.9 - at / 10, box) for at in range(count)]
        areas.append((overlay_things(grey, labels_HW, instances_HW, tags, LABELS) != bare).any(axis=2).sum())
    assert areas[1] > 4.5 * areas[0]
    assert shared_box(box, (0, 0, 300, 200)) == box


def test_tiny_pictures_are_drawn() -> None:
    """A tag that is larger than its picture is cut, and nothing fails."""
    labels_HW = np.ones((1, 1), dtype=np.uint8)
    found = overlay_things(np.zeros((1, 1, 3), np.uint8), labels_HW, labels_HW.astype(np.uint16), TAGS[:1], LABELS)
    assert found.shape == (1, 1, 3)
