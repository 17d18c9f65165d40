"""The routes of the table: the board itself, all runs, what some of them logged, notes on them."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kirie import __version__
from kirie.board.library import library_of
from kirie.web.answers import RequestError, json_answer, listed, posted, whole_number


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


def metrics(request: Request) -> Response:
    """What some runs logged: the metrics with how many of these runs have each, and how many points."""
    return json_answer(request, library_of(request).logged(listed(request, "runs")))


async def notes(request: Request) -> Response:
    """Keeps what a person adds to runs: all of what is sent, or none."""
    sent = (await posted(request)).get("notes")
    if not isinstance(sent, list) or not all(isinstance(one, dict) and isinstance(one.get("run"), str) for one in sent):
        raise RequestError(400, "Notes are sent as `notes`, a list of objects that each have `run`, the run's id.")
    changes = [(one["run"], {key: value for key, value in one.items() if key != "run"}) for one in sent]
    kept = await run_in_threadpool(library_of(request).add_notes, changes)
    told = [{"run": run, **note} for (run, _), note in zip(changes, kept, strict=True)]
    return json_answer(request, {"notes": told})


ROUTES = [
    Route("/api/board", board),
    Route("/api/runs", runs),
    Route("/api/metrics", metrics),
    Route("/api/notes", notes, methods=["POST"]),
]
