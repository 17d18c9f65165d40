"""The route of curves: numbers as they lie in memory, which costs a twentieth of JSON."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kirie.board.axes import AXES
from kirie.board.downsample import shown
from kirie.board.library import Library, library_of
from kirie.runlog.reader.values import number
from kirie.web.answers import RequestError, posted

MOST_SERIES = 5000
MOST_POINTS = 100_000
_POINTS = 1000
_ALIGNED = 8


async def curves(request: Request) -> Response:
    """Curves of many runs and metrics."""
    content = await posted(request)
    series = _series(content.get("series"))
    x = content.get("x", "step")
    if x not in AXES:
        raise RequestError(400, f"`x` is '{str(x)[:40]}'; allowed are {', '.join(AXES)}.")
    points = content.get("points", _POINTS)
    if not isinstance(points, int) or isinstance(points, bool) or not 4 <= points <= MOST_POINTS:
        raise RequestError(400, f"`points` is '{str(points)[:40]}'; allowed is a whole number from 4 to {MOST_POINTS}.")
    low, high = (_place(content, word) for word in ("from", "to"))
    library = library_of(request)
    body = await run_in_threadpool(packed, library, series, x=x, points=points, low=low, high=high)
    return Response(body, media_type="application/octet-stream")


def packed(
    library: Library,
    series: list[tuple[str, str]],
    *,
    x: str = "step",
    points: int = _POINTS,
    low: float | None = None,
    high: float | None = None,
) -> bytes:
    """Curves in the form in which the page takes them.

    Args:
        library: The runs.
        series: Runs and metrics; one that is not there, or was removed, has no points.
        x: What they are drawn against.
        points: Points of each, at most.
        low: The least place shown; None shows from the first.
        high: The greatest place shown; None shows to the last.

    Returns:
        The length of a JSON header (uint32, little-endian), the header, padded with spaces so that what follows begins
        at a multiple of 8; then of each series float64 places and float64 values. The header tells where they
        begin, counted from the end of the header.
    """
    parts: list[bytes] = []
    heads: list[dict[str, Any]] = []
    at = 0
    for run, metric in series:
        try:
            places, values = library.curve(run, metric, x)
        except RequestError:
            places = values = np.zeros(0)
        kept = shown(places, values, points, low, high)
        pieces = [numbers[kept].astype("<f8").tobytes() for numbers in (places, values)]
        heads.append(
            {
                "run": run,
                "metric": metric,
                "n": len(kept),
                "total": int(kept[-1] - kept[0]) + 1 if len(kept) else 0,
                "sampled": _sampled(kept),
                "x_at": at,
                "y_at": at + len(pieces[0]),
            }
        )
        parts += pieces
        at += sum(map(len, pieces))
    head = json.dumps({"series": heads}, separators=(",", ":")).encode()
    return (
        struct.pack("<I", len(head) + -(4 + len(head)) % _ALIGNED)
        + head
        + b" " * (-(4 + len(head)) % _ALIGNED)
        + b"".join(parts)
    )


def _sampled(kept: Any) -> bool:
    """Whether points between the first and the last shown are left out."""
    return len(kept) > 0 and int(kept[-1] - kept[0]) + 1 > len(kept)


def _series(content: Any) -> list[tuple[str, str]]:
    if not isinstance(content, list) or len(content) > MOST_SERIES:
        raise RequestError(400, f"`series` must be a list of up to {MOST_SERIES} entries with `run` and `metric`.")
    found = []
    for entry in content:
        if not isinstance(entry, Mapping) or not all(isinstance(entry.get(key), str) for key in ("run", "metric")):
            raise RequestError(400, "Each entry of `series` needs `run` and `metric`, both text.")
        found.append((entry["run"], entry["metric"]))
    return found


def _place(content: Mapping[str, Any], word: str) -> float | None:
    found = content.get(word)
    if found is None:
        return None
    place = None if isinstance(found, bool | str) else number(found)
    if place is None or not math.isfinite(place):
        raise RequestError(400, f"`{word}` is '{str(found)[:40]}'; allowed is a number.")
    return place


ROUTES = [Route("/api/curves", curves, methods=["POST"])]
