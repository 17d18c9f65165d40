"""How long a segment's process ran, from what its log says of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kirie.runlog.reader.values import number


def seconds(
    started: float | None,
    first: float | None,
    last: float | None,
    exit_: Sequence[int] | None,
    summary: Mapping[str, Any],
) -> float | None:
    """Seconds that the process ran; None if nothing tells.

    Args:
        started: When it began, Unix seconds, if it said so.
        first: The first time that stands in its log, if there is one.
        last: The last one.
        exit_: Its exit, as code and W&B's count of the seconds.
        summary: Its summary, with W&B's own keys: `_timestamp`, and `_runtime` as it was counted then.
    """
    began = started or first
    heard = max(0.0, last - began) if began and last else None
    if exit_ is None:
        return heard
    at, counted = number(summary.get("_timestamp")), number(summary.get("_runtime"))
    # Of a run that was resumed online W&B's count goes on from that of the segments before
    before = counted - (at - started) if started and at is not None and counted is not None else 0.0
    return max(0.0, heard or 0.0, exit_[1] - max(0.0, before))
