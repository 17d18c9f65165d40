"""The overlay of things: an outline for each, and a tag with its score that hides no other."""

from __future__ import annotations

import numpy as np

from kirie.core.labels import LabelSet
from kirie.predict.render import overlay
from kirie.predict.render_things import Tag, overlay_things

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


def changed_by(tags: list[Tag], instances_HW: np.ndarray) -> np.ndarray:
    """Where tags are drawn."""
    grey = np.full((*instances_HW.shape, 3), 100, dtype=np.uint8)
    labels_HW = np.minimum(instances_HW, 1).astype(np.uint8)
    bare = overlay_things(grey, labels_HW, instances_HW, [], LABELS)
    found: np.ndarray = (overlay_things(grey, labels_HW, instances_HW, tags, LABELS) != bare).any(axis=2)
    return found


def test_tags_stand_beside_the_things() -> None:
    """Plates lie on the background where there is room, and a short line leads into the thing."""
    labels_HW, instances_HW = two_halves()
    changed_HW = changed_by(TAGS, instances_HW)
    assert (changed_HW & (labels_HW == 0)).sum() > 700
    for number in (1, 2):
        assert 5 < (changed_HW & (instances_HW == number)).sum() < 400


def test_tags_do_not_hide_each_other() -> None:
    """Many things at one place: every tag finds a place of its own, inside the picture."""
    instances_HW = np.zeros((200, 300), dtype=np.uint16)
    boxes = [(100 + 9 * at, 90, 108 + 9 * at, 110) for at in range(8)]
    for number, (x0, y0, x1, y1) in enumerate(boxes, 1):
        instances_HW[y0:y1, x0:x1] = number
    tags = [Tag(1, number, 0.9 - number / 100, box) for number, box in enumerate(boxes, 1)]
    assert changed_by(tags, instances_HW).sum() > 7 * changed_by(tags[:1], instances_HW).sum()


def test_a_picture_full_of_things_has_its_tags_on_them() -> None:
    """Where there is no background."""
    instances_HW = np.ones((100, 200), dtype=np.uint16)
    assert changed_by([Tag(1, 1, 0.5, (0, 0, 200, 100))], instances_HW).sum() > 300


def test_tiny_pictures_are_drawn() -> None:
    """A tag that is larger than its picture is cut, and nothing fails."""
    labels_HW = np.ones((1, 1), dtype=np.uint8)
    tags = [Tag(1, 1, 0.9, (0, 0, 1, 1))]
    found = overlay_things(np.zeros((1, 1, 3), np.uint8), labels_HW, labels_HW.astype(np.uint16), tags, LABELS)
    assert found.shape == (1, 1, 3)


def test_a_name_that_the_font_has_not_is_a_number() -> None:
    """Boxes instead of letters help nobody."""
    instances_HW = np.ones((100, 200), dtype=np.uint16)
    by_number = changed_by([Tag(2, 1, 0.5, (0, 0, 200, 100))], instances_HW)
    assert 0 < by_number.sum() < changed_by([Tag(1, 1, 0.5, (0, 0, 200, 100))], instances_HW).sum()


def test_so_many_tags_and_no_more() -> None:
    """The hundredth thing has a tag and the next, less sure, has none."""
    instances_HW = np.zeros((400, 600), dtype=np.uint16)
    tags = []
    for at in range(101):
        x, y = 5 + 25 * (at % 20), 5 + 60 * (at // 20)
        instances_HW[y : y + 4, x : x + 4] = at + 1
        tags.append(Tag(1, at + 1, 0.9 - at / 1000, (x, y, x + 4, y + 4)))
    hundred = changed_by(tags[:100], instances_HW)
    assert (changed_by(tags[:99], instances_HW) != hundred).any()
    assert (changed_by(tags, instances_HW) == hundred).all()


def test_letters_can_be_read() -> None:
    """Black on a bright plate, white on a dark one."""
    for label, are_white in ((1, True), (2, False)):
        labels_HW = np.zeros((200, 300), dtype=np.uint8)
        labels_HW[90:110, 10:30] = label
        grey = np.full((200, 300, 3), 100, dtype=np.uint8)
        tags = [Tag(label, 1, 0.9, (10, 90, 30, 110))]
        found = overlay_things(grey, labels_HW, (labels_HW > 0).astype(np.uint16), tags, LABELS)
        plate = (found == LABELS.labels[label].color).all(axis=2)
        plate[:, :31] = False
        rows, columns = np.nonzero(plate)
        # Less its rounded corners
        inside = found[rows.min() + 2 : rows.max() - 1, columns.min() + 2 : columns.max() - 1]
        assert (inside > 150).all(axis=2).any() == are_white
        assert (inside < 100).all(axis=2).any() != are_white
