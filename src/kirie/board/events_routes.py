"""The stream of events: the page asks for what is new when it hears that something is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from kirie.board.library import Library, library_of
from kirie.web.answers import RequestError

LOOK_S = 0.5
_SILENCE_S = 15.0
"""After so much silence a comment is sent, so that nothing between here and the page thinks the line dead."""


async def events(request: Request) -> Response:
    """Tells the version of the runs, the progress of reading and what keeps it, at once and with each change."""
    library = library_of(request)
    return StreamingResponse(
        _told(library, request.app.state.trouble, request.app.state.stopping.is_set),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _told(library: Library, trouble: Any, stopping: Any) -> AsyncIterator[str]:
    before: dict[str, Any] = {}
    silent = 0.0
    while not stopping():
        try:
            now = {**await run_in_threadpool(library.news), "trouble": trouble() or ""}
        except RequestError:
            # The cache is made anew; the next look finds it
            now = before
        new = [event for event in now if now[event] != before.get(event)]
        for event in new:
            yield f"event: {event}\ndata: {json.dumps(now[event])}\n\n"
        before = now
        silent = 0.0 if new else silent + LOOK_S
        if silent >= _SILENCE_S:
            yield ": still here\n\n"
            silent = 0.0
        await asyncio.sleep(LOOK_S)


ROUTES = [Route("/api/events", events)]
