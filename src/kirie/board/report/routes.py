"""The route of reports: the view that a page shows, as a file to keep."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kirie.board.report.asks import Asker
from kirie.board.report.book import make_book
from kirie.board.report.page import check_built, report_html
from kirie.web.answers import RequestError, needed
from kirie.web.page import BUILT


async def report(request: Request) -> Response:
    """The runs of a view as one HTML file."""
    view = needed(request, "view")
    runs = runs_of(view)
    if not runs:
        raise RequestError(
            400, "The view has no selected runs, so there is nothing to freeze; select some in the table."
        )
    check_built(BUILT)
    asker = Asker(request.app, request.headers.raw, request.scope["server"])
    book = await make_book(asker, runs, view, base_of(view))
    page = await run_in_threadpool(report_html, BUILT, book)
    headers = {"Content-Disposition": 'attachment; filename="kirie-report.html"', "Cache-Control": "no-store"}
    return Response(page.encode(), media_type="text/html", headers=headers)


def base_of(view: str) -> str:
    """The run that a view's address compares the others with; "" where it names none."""
    return parse_qs(view.partition("?")[2], max_num_fields=200).get("a", [""])[0]


def runs_of(view: str) -> list[str]:
    """The runs that a view's address has selected: `#/curves?runs=a,b,,c`, in their order."""
    query = view.partition("?")[2]
    listed = parse_qs(query, max_num_fields=200).get("runs", [""])[0] if query else ""
    # A comma or backslash in an id stands behind a backslash
    words = re.findall(r"(?:\\.|[^,\\])+", listed)
    return list(dict.fromkeys(re.sub(r"\\(.)", r"\1", word) for word in words))


ROUTES = [Route("/api/report", report)]
