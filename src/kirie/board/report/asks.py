"""Asking the board's own app inside this process: a report holds the very answers that a browser would get."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from starlette.types import ASGIApp, Message

_JS_SAFE = "!'()*-._~"
"""What JavaScript's encodeURIComponent leaves as it is, beside letters and digits."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the app answered."""

    status: int
    kind: str
    body: bytes

    def json(self) -> Any:
        """As JSON."""
        return json.loads(self.body)


class Asker:
    """Asks an app.

    Args:
        app: The app.
        headers: What each request carries: who asks may be asked for a token, in a cookie.
        server: Host and port that the app listens at, as the request that this is about came in.
    """

    def __init__(
        self,
        app: ASGIApp,
        headers: Iterable[tuple[bytes, bytes]] = ((b"host", b"127.0.0.1"),),
        server: tuple[str, int | None] = ("127.0.0.1", 0),
    ) -> None:
        kept = {b"host", b"cookie"}
        self._app, self._server = app, server
        self._headers = [(name, value) for name, value in headers if name in kept]

    async def get(self, address: str) -> Answer:
        """Asks for an address, as `request_path` makes it."""
        return await self._ask("GET", address, b"")

    async def post(self, address: str, content: Any) -> Answer:
        """Sends JSON."""
        return await self._ask("POST", address, json.dumps(content).encode())

    async def _ask(self, method: str, address: str, body: bytes) -> Answer:
        path, _, query = address.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [*self._headers, (b"content-type", b"application/json")],
            "client": ("127.0.0.1", 0),
            "server": self._server,
        }
        status, kind, pieces = 500, "", []
        sent = False

        async def receive() -> Message:
            nonlocal sent
            if sent:
                # Who asks does not go away; an answer that listens for that is told nothing
                await asyncio.Event().wait()
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status, kind
            if message["type"] == "http.response.start":
                status = message["status"]
                found = {name.lower(): value for name, value in message["headers"]}
                kind = found.get(b"content-type", b"").decode("latin-1").partition(";")[0]
            elif message["type"] == "http.response.body":
                pieces.append(message.get("body", b""))

        await self._app(scope, receive, send)
        return Answer(status, kind, b"".join(pieces))


def request_path(path: str, words: Mapping[str, str] | None = None) -> str:
    """The key of an answer as the page builds it: parameters sorted by name, encoded as JavaScript does."""
    pairs = [f"{encoded(name)}={encoded(value)}" for name, value in sorted((words or {}).items())]
    return f"{path}?{'&'.join(pairs)}" if pairs else path


def encoded(word: str) -> str:
    """A word of an address, as JavaScript's encodeURIComponent writes it."""
    return quote(word, safe=_JS_SAFE, errors="replace")
