"""Things laid over each other: the smaller on top, of one label the surer, numbered by label from left to right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kirie.core.detections import Detections, paint, pasted
from kirie.core.labels import IGNORE, LabelSet
from kirie.formats.picture import Picture
from kirie.predict.arrange import Arrangement, arrange
from kirie.predict.parts import recompose
from kirie.predict.thing import Thing

LABELS = LabelSet.from_dict({"labels": ["background", "hair", "eye"]})
SIZE = (40, 60)


def some(rows: list[tuple[tuple[int, int, int, int], int, float]]) -> list[Thing]:
    """Full rectangles: box, label, score."""
    found = []
    for box, label, score in rows:
        thing = Thing.of(label, score, box, box, np.ones((box[3] - box[1], box[2] - box[0]), dtype=np.bool_))
        assert thing is not None
        found.append(thing)
    return found


THINGS = some(
    [
        ((40, 5, 50, 10), 2, 0.95),  # the right eye, the surest
        ((0, 0, 60, 30), 1, 0.9),
        ((10, 5, 20, 10), 2, 0.85),  # the left eye, less sure than the hair around it
        ((0, 0, 60, 31), 1, 0.7),  # the hair seen twice
        ((5, 32, 15, 36), 2, 0.6),  # something below
        ((30, 32, 35, 36), 2, 0.4),  # not sure enough
    ]
)


def test_numbers_go_from_left_to_right() -> None:
    """Whatever the model was surest of; what was seen twice or is unsure has no number."""
    found = arrange(THINGS, SIZE, LABELS)
    assert [(one.thing.label, one.number, one.box, one.found) for one in found.shown] == [
        (1, 1, (0, 0, 60, 30), 1),
        (2, 1, (5, 32, 15, 36), 4),
        (2, 2, (10, 5, 20, 10), 2),
        (2, 3, (40, 5, 50, 10), 0),
    ]
    assert np.unique(found.instances_HW).tolist() == [0, 1, 2, 3, 4]
    assert found.instances_HW[7, 45] == 4
    assert found.labels_HW[7, 45] == 2
    # What the second hair has beyond the first is nobody's
    assert not found.labels_HW[30].any()
    assert found.labels_HW[39, 59] == 0
    assert len(found.things) == 6


def test_hair_that_is_found_again_in_its_middle_is_one_part() -> None:
    """The surer one keeps all its pixels but those of the eyes, which overlap a little and are both shown."""
    found = arrange(
        some(
            [
                ((0, 0, 60, 30), 1, 0.94),
                ((10, 5, 22, 10), 2, 0.85),
                ((20, 5, 32, 10), 2, 0.8),
                ((15, 4, 45, 26), 1, 0.57),
                ((11, 5, 20, 10), 2, 0.55),
            ]
        ),
        SIZE,
        LABELS,
    )
    assert [(one.thing.label, one.number, one.found) for one in found.shown] == [(1, 1, 0), (2, 1, 1), (2, 2, 2)]
    assert np.bincount(found.instances_HW.ravel())[1:].tolist() == [60 * 30 - 22 * 5, 12 * 5, 10 * 5]
    assert len(found.things) == 5


def test_more_than_ids_can_be_kept_of_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The surest stay, and a sentence says how many were found; of just as many as can be kept nothing is said."""
    assert arrange(THINGS, SIZE, LABELS).notes() == ()
    monkeypatch.setattr("kirie.predict.arrange.MOST_DETECTIONS", len(THINGS))
    assert arrange(THINGS, SIZE, LABELS).notes() == ()
    monkeypatch.setattr("kirie.predict.arrange.MOST_DETECTIONS", len(THINGS) - 2)
    found = arrange(THINGS, SIZE, LABELS)
    assert list(found.things) == THINGS[:-2]
    (note,) = found.notes()
    assert note.startswith("6 things were found, and the 4 surest are kept, in instances.json too; ")


def test_exactly_sure_enough_is_shown() -> None:
    """A score that is the limit suffices, and it is told with six digits."""
    (thing,) = some([((5, 5, 9, 9), 1, 0.5000004)])
    found = arrange([thing], SIZE, LABELS, thing.score)
    assert len(found.shown) == 1
    picture = Picture(np.zeros((*SIZE, 3), np.uint8), None, ".png")
    behind, part = found.parts(picture, LABELS)
    assert found.about(behind) == {}
    assert found.about(part)["score"] == 0.5
    assert not arrange([thing], SIZE, LABELS, 0.5000005).shown


def test_middles_and_then_tops_order_the_numbers() -> None:
    """Of two things the one whose middle lies further left is the first, wherever it begins; else the upper one."""
    wide_before_narrow = arrange(some([((20, 0, 30, 5), 2, 0.9), ((5, 10, 43, 15), 2, 0.8)]), SIZE, LABELS)
    assert [one.box for one in wide_before_narrow.shown] == [(5, 10, 43, 15), (20, 0, 30, 5)]
    begins_before = arrange(some([((10, 10, 20, 15), 2, 0.9), ((5, 0, 45, 5), 2, 0.8)]), SIZE, LABELS)
    assert [one.box for one in begins_before.shown] == [(10, 10, 20, 15), (5, 0, 45, 5)]
    below = arrange(some([((10, 20, 20, 25), 2, 0.9), ((10, 0, 20, 5), 2, 0.8)]), SIZE, LABELS)
    assert [one.box[1] for one in below.shown] == [0, 20]


def test_less_sure_things_on_request() -> None:
    """The least score is the caller's."""
    assert len(arrange(THINGS, SIZE, LABELS, 0.3).shown) == 5
    assert arrange(THINGS, SIZE, LABELS, 0.99).shown == ()


def test_maps_are_those_of_evaluation() -> None:
    """The label map is core.detections' own, which training's scores are taken from."""
    random = np.random.default_rng(4)
    corner_N2 = random.uniform(-10, 50, (15, 2))
    found = Detections(
        np.concatenate([corner_N2, corner_N2 + random.uniform(12, 40, (15, 2))], axis=1).astype(np.float32),
        random.integers(1, 3, 15).astype(np.uint8),
        np.sort(random.random(15).astype(np.float32))[::-1].copy(),
        random.random((15, 14, 14), dtype=np.float32),
    )
    things = [
        Thing.of(int(found.labels_N[at]), float(found.scores_N[at]), (0, 0, 1, 1), box, crop_hw)
        for at, (box, crop_hw) in enumerate(pasted(found, *SIZE))
    ]
    ours = arrange([thing for thing in things if thing is not None], SIZE, LABELS)
    np.testing.assert_array_equal(ours.labels_HW, paint(found, *SIZE, background=0)[0])


@st.composite
def cases(draw: st.DrawFn) -> tuple[Arrangement, Picture, LabelSet]:
    """Any small picture with rectangles, with and without alpha and background."""
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows = []
    for score in np.sort(random.uniform(0.3, 1, draw(st.integers(0, 5))))[::-1]:
        x0, y0 = int(random.integers(0, width)), int(random.integers(0, height))
        box = (x0, y0, int(random.integers(x0, width)) + 1, int(random.integers(y0, height)) + 1)
        rows.append((box, int(random.integers(1, 3)), float(score)))
    labels = draw(st.sampled_from([LABELS, LabelSet(LABELS.labels, unlabelled=IGNORE)]))
    alpha_HW = random.integers(0, 256, (height, width), dtype=np.uint8) if draw(st.booleans()) else None
    picture = Picture(random.integers(0, 256, (height, width, 3), dtype=np.uint8), alpha_HW, ".png")
    return arrange(some(rows), (height, width), labels), picture, labels


@given(cases())
def test_parts_recompose_bit_for_bit(case: tuple[Arrangement, Picture, LabelSet]) -> None:
    """What lies behind and all things together are the picture, colour and alpha, also without a background."""
    found, picture, labels = case
    parts = list(found.parts(picture, labels))
    whole_HWC = recompose(parts, *picture.size)
    np.testing.assert_array_equal(whole_HWC[..., :3], picture.rgb_HWC)
    np.testing.assert_array_equal(whole_HWC[..., 3], 255 if picture.alpha_HW is None else picture.alpha_HW)
    assert sum(part.region.area for part in parts) == picture.size[0] * picture.size[1]
    names = [part.name for part in parts if part.region.instance is not None]
    assert names == [f"{labels.labels[one.thing.label].name}.{one.number}" for one in found.shown]
    for part in parts:
        about = found.about(part)
        assert ("score" in about) == (part.region.instance is not None)
