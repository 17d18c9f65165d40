"""The board as an app: its cache, its index, its routes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette

from kirie.board import curves_routes, events_routes, run_routes, runs_routes
from kirie.board.cache import Cache
from kirie.board.difference import routes as difference_routes
from kirie.board.indexer import Indexer
from kirie.board.library import Library
from kirie.board.notes import Notes
from kirie.board.numbers import routes as numbers_routes
from kirie.board.pictures import routes as pictures_routes
from kirie.board.place import BoardPlace
from kirie.board.report import routes as report_routes
from kirie.board.sweeps import routes as sweeps_routes
from kirie.board.turn import Turn
from kirie.web.app import make_app
from kirie.web.page import BUILT

ROUTES = (
    *runs_routes.ROUTES,
    *curves_routes.ROUTES,
    *run_routes.ROUTES,
    *events_routes.ROUTES,
    *numbers_routes.ROUTES,
    *pictures_routes.ROUTES,
    *difference_routes.ROUTES,
    *sweeps_routes.ROUTES,
    *report_routes.ROUTES,
)


def make_board(
    folder: Path, place: BoardPlace, *, host: str = "127.0.0.1", token: str | None = None, page: Path = BUILT
) -> Starlette:
    """A board over a folder of runs.

    Args:
        folder: The folder.
        place: Where cache and notes lie.
        host: Where it will listen.
        token: What others must know; None on loopback.
        page: The folder of the built page.

    Returns:
        The app. Its index works as long as it runs; `app.state` has the `library`, the `index`, and `stopping`, an
        event that ends the streams.
    """
    cache = Cache(place.cache)
    index = Indexer(folder, cache, Turn(place.cache / "index.lock"))

    @contextlib.asynccontextmanager
    async def alive(_app: Starlette) -> AsyncIterator[None]:
        index.start()
        try:
            yield
        finally:
            index.stop()
            cache.close()

    app = make_app(ROUTES, host=host, token=token, page=page, lifespan=alive)
    app.state.library = Library(folder, cache, Notes(place.notes))
    app.state.index = index
    app.state.stopping = threading.Event()
    app.state.trouble = lambda: " ".join(filter(None, (cache.trouble, index.trouble))) or None
    return app
