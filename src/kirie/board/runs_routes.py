"""The routes of the table: the board itself, all runs, notes on them."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kirie import __version__
from kirie.board.library import library_of
from kirie.web.answers import RequestError, json_answer, posted, whole_number


def board(request: Request) -> Response:
    """What the page shows around the runs."""
    library = library_of(request)
    return json_answer(
        request,
        {
            "folder": str(library.folder),
            "version": __version__,
            "frozen": False,
            "indexing": library.progress(),
            "refreshed": library.refreshed(),
            "trouble": request.app.state.trouble(),
        },
    )


def runs(request: Request) -> Response:
    """All runs as columns, or those that changed after a version."""
    since = whole_number(request, "since", 0) if "since" in request.query_params else None
    return json_answer(request, library_of(request).table(since))


async def notes(request: Request) -> Response:
    """Keeps what a person adds to a run."""
    content = await posted(request)
    run = content.pop("run", None)
    if not isinstance(run, str):
        raise RequestError(400, "A note lacks `run`, the run's id.")
    note = await run_in_threadpool(library_of(request).add_note, run, content)
    return json_answer(request, {"run": run, **note})


ROUTES = [
    Route("/api/board", board),
    Route("/api/runs", runs),
    Route("/api/notes", notes, methods=["POST"]),
]
