"""The routes of one run: all that is known of it, what it printed, its files, histograms and tables."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from kirie.board import files, media
from kirie.board.library import library_of
from kirie.web.answers import RequestError, json_answer, needed, whole_number

_LINES = 2000
"""Lines of output in one answer."""


def run(request: Request) -> Response:
    """All that is known of a run."""
    return json_answer(request, dict(library_of(request).detail(_id(request))))


def console(request: Request) -> Response:
    """Lines that a run printed, from a line on."""
    lines, left_out = media.printed(library_of(request), _id(request))
    start = min(whole_number(request, "from", 0), len(lines))
    part = lines[start : start + _LINES]
    return json_answer(request, {"lines": part, "next": start + len(part), "total": len(lines), "left_out": left_out})


def file(request: Request) -> Response:
    """A picture of a run."""
    path, kind = files.picture(library_of(request).logs(_id(request)), request.path_params["path"])
    return FileResponse(path, media_type=kind, headers={"Cache-Control": "private, max-age=3600"})


def histogram(request: Request) -> Response:
    """A histogram over the steps."""
    return json_answer(request, media.histograms(library_of(request), _id(request), needed(request, "key")))


def table(request: Request) -> Response:
    """The newest table of a key, or that of a step."""
    step = whole_number(request, "step", 0) if "step" in request.query_params else None
    return json_answer(request, media.table(library_of(request), _id(request), needed(request, "key"), step))


def _id(request: Request) -> str:
    found: str = request.path_params["run"]
    if not found:
        raise RequestError(404, "The address names no run.")
    return found


ROUTES = [
    Route("/api/run/{run}", run),
    Route("/api/run/{run}/console", console),
    Route("/api/run/{run}/file/{path:path}", file),
    Route("/api/run/{run}/histogram", histogram),
    Route("/api/run/{run}/table", table),
]
