"""Going on from an interrupted attempt, and using rows of other work."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kirie.core.instances import Instance
from kirie.formats import Entry
from kirie.prepare.attempt import Attempt, Reuse
from kirie.prepare.layout import Frame
from kirie.prepare.plan import Planned
from kirie.prepare.record import Record, measure
from kirie.prepare.rows import Pixels


def test_an_attempt_that_does_not_begin_the_plan_is_set_aside(tmp_path: Path) -> None:
    """Finished rows of another plan are kept as a spare, and found by key."""
    frame = Frame((32, 32))
    ones = np.ones((1, 32, 32), np.uint8)
    rows = Pixels(np.ones((1, 32, 32, 3), np.uint8), ones, ones)
    found = measure(rows, np.ones((1, 32, 32), np.bool_), 2)
    record = Record(
        "key",
        "a",
        None,
        None,
        (32, 32),
        found.digest,
        "p",
        found.counts,
        0,
        found.valid,
        found.sums,
        found.squares,
        {},
        ((Instance(1), Instance(0, crowd=True)),),
    )
    with Attempt(tmp_path, frame, 4, [Planned(Entry("a", ()), "key")]) as attempt:
        attempt.add(record, rows)
    with Attempt(tmp_path, frame, 4, [Planned(Entry("b", ()), "other")]) as attempt:
        assert attempt.records == []
        loaded = Reuse(tmp_path, frame).load("key")
    assert loaded is not None
    assert loaded[0] == record
    assert all(np.array_equal(one, other) for one, other in zip(loaded[1], rows, strict=True))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["attempt", "spare-0"]
