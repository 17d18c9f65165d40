"""Boxes that meet are found over a grid as they would be pair by pair."""

from __future__ import annotations

import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kirie.core.detections import Box
from kirie.predict.meeting import earlier_meeting
from kirie.predict.thing import Thing, shared_box


def thing(box: Box, label: int = 1) -> Thing:
    """A full rectangle."""
    found = Thing.of(label, 0.9, box, box, np.ones((box[3] - box[1], box[2] - box[0]), dtype=np.bool_))
    assert found is not None
    return found


side = st.tuples(st.integers(0, 30), st.integers(1, 12)).map(lambda pair: (pair[0], sum(pair)))
boxes = st.tuples(side, side).map(lambda sides: (sides[0][0], sides[1][0], sides[0][1], sides[1][1]))


@given(drawn=st.lists(st.tuples(boxes, st.integers(1, 2)), max_size=30), cell=st.integers(1, 50))
def test_the_pairs_are_those_of_a_look_at_each(drawn: list[tuple[Box, int]], cell: int) -> None:
    """Whatever the cell: each earlier one of the label that shares a pixel's place, once and in order."""
    things = [thing(box, label) for box, label in drawn]
    wanted = [
        [
            at
            for at, other in enumerate(things[:index])
            if other.label == one.label and shared_box(other.place, one.place) is not None
        ]
        for index, one in enumerate(things)
    ]
    assert [found.tolist() for found in earlier_meeting(things, cell)] == wanted


def test_far_ones_cost_nothing() -> None:
    """Ten thousand boxes beside each other are fifty million pairs, and under a second."""
    things = [thing((x, y, x + 2, y + 2)) for y in range(0, 300, 3) for x in range(0, 300, 3)]
    start = time.process_time()
    assert not any(found.size for found in earlier_meeting(things, 30))
    assert time.process_time() - start < 5
