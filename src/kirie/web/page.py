"""The built page: static files that npm made from src/page/, or a sentence that says how to build them."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

BUILT = Path(__file__).parent / "page"
"""Where the build puts the page, and where the wheel has it."""

_NOT_BUILT = (
    "The page is not built. In a clone, `make setup` builds it; a kirie that was installed from a wheel has it. "
    "The answers themselves are there, under /api/.\n"
)


class BuiltPage:
    """Serves the files of a build.

    Args:
        folder: Where index.html lies; looked at with each request, so that a build needs no new start.
    """

    def __init__(self, folder: Path = BUILT) -> None:
        self._folder = folder
        self._files = StaticFiles(directory=folder, html=True, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not (self._folder / "index.html").is_file():
            await PlainTextResponse(_NOT_BUILT, status_code=503)(scope, receive, send)
            return
        await self._files(scope, receive, send)


def page_routes(folder: Path = BUILT) -> list[BaseRoute]:
    """The route that gives what no other route gives."""
    return [Mount("/", app=BuiltPage(folder))]
