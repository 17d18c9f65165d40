"""How long a process ran, as its log tells it."""

from __future__ import annotations

import pytest

from kirie.runlog.reader.runtime import seconds


@pytest.mark.parametrize(
    ("started", "first", "last", "exit_", "summary", "expected"),
    [
        # From its start to the last time in its log; where it did not say its start, from the first one
        (100.0, 110.0, 160.0, None, {}, 60.0),
        (None, 110.0, 160.0, None, {}, 50.0),
        (100.0, None, None, None, {}, None),
        # It may have logged nothing for long before its end
        (100.0, 110.0, 160.0, (0, 90), {}, 90.0),
        (None, None, None, (0, 90), {}, 90.0),
        # wandb 0.31, resumed online after 4 s: its count goes on
        (469.5, 469.6, 472.7, (143, 7), {"_timestamp": 472.7, "_runtime": 7}, 3.8 - 0.6),
        # What a stranger may write
        (100.0, 90.0, 95.0, None, {}, 0.0),
        (100.0, 110.0, 160.0, (0, -5), {"_timestamp": "NaN", "_runtime": 10**400}, 60.0),
        (100.0, 110.0, 160.0, (0, 90), {"_timestamp": [], "_runtime": "?"}, 90.0),
    ],
)  # fmt: skip
def test_the_time_of_a_process(
    started: float | None,
    first: float | None,
    last: float | None,
    exit_: tuple[int, int] | None,
    summary: dict[str, object],
    expected: float | None,
) -> None:
    """Its own seconds, without those of the segments before; None if nothing tells."""
    assert seconds(started, first, last, exit_, summary) == pytest.approx(expected)
