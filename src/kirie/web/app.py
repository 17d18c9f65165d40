"""The frame of a local page: routes, errors as sentences, compression, the guard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kirie.errors import KirieError
from kirie.web.answers import RequestError, json_answer
from kirie.web.guard import HEADERS, Guard
from kirie.web.page import BUILT, page_routes

# Numbers as they lie in memory hardly get smaller, and would cost more time than they take on the way
_AS_THEY_ARE = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/octet-stream")

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def make_app(
    routes: Sequence[BaseRoute],
    *,
    host: str = "127.0.0.1",
    token: str | None = None,
    page: Path = BUILT,
    lifespan: Lifespan | None = None,
) -> Starlette:
    """A page's app.

    Args:
        routes: What it answers, apart from the page's files.
        host: Where it will listen.
        token: What others must know; None on loopback.
        page: The folder of the built page.
        lifespan: What runs as long as the app does.
    """
    return Starlette(
        routes=[*routes, Route("/api/{rest:path}", _nothing), *page_routes(page)],
        middleware=[
            Middleware(Guard, host=host, token=token),
            Middleware(GZipMiddleware, minimum_size=1024, compresslevel=1, exclude_content_types=_AS_THEY_ARE),
        ],
        exception_handlers={KirieError: _told, HTTPException: _http, Exception: _unforeseen},
        lifespan=lifespan,
    )


def _nothing(_request: Request) -> Response:
    # Not the page's own sentence, or file
    raise HTTPException(404)


def _told(request: Request, error: Exception) -> Response:
    return _error(request, error.status if isinstance(error, RequestError) else 400, str(error))


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words: dict[int, Any] = {404: f"There is nothing at {request.url.path}.", 405: "This is not answered so."}
    return _error(request, status, words.get(status, str(error)))


def _unforeseen(request: Request, error: Exception) -> Response:
    answer = _error(request, 500, f"kirie failed at this ({type(error).__name__}); its terminal tells more.")
    # Made outside the guard
    answer.headers.update(HEADERS)
    return answer


def _error(request: Request, status: int, sentence: str) -> Response:
    return json_answer(request, {"error": sentence}, status=status)
