"""Spans of time as people write them: `8h`, `90m`, `1d 12h`, `1h30m`."""

from __future__ import annotations

import re

from kirie.errors import SweepError

_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_PIECE = re.compile(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*([dhms])")


def read_duration(text: object, what: str) -> float:
    """A span of time, in seconds.

    Args:
        text: As it is written.
        what: What it is, for the message (`--budget`).

    Raises:
        SweepError: It is none, or nothing.
    """
    left, total = text.strip() if isinstance(text, str) else "", 0.0
    while left and (piece := _PIECE.match(left)):
        total += float(piece[1]) * _SECONDS[piece[2]]
        left = left[piece.end() :].lstrip()
    if left or total <= 0:
        raise SweepError(f"{what} is {text!r}; allowed is a span of time above 0, as 8h, 90m or 1d12h.")
    return total
