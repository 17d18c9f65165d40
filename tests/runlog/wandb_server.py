"""A W&B server on the loopback, as far as the installed client goes: GraphQL, the file stream, addresses to upload to.

What the client asks beyond that is answered with an error, as by a server that lacks it, and kept.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from tests.runlog.wandb_backend import Backend, UnknownQuestionError

KEY = "0123456789abcdef" * 2 + "01234567"
"""The only API key that this server takes."""

MAX_BODY = 16 << 20


class WandbServer:
    """Listens on a free port of 127.0.0.1 inside `with`.

    Attributes:
        url: For `WANDB_BASE_URL`.
        backend: What came, to be looked at.
        refused: Requests answered with an HTTP error, as "METHOD path".
    """

    def __init__(self) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.backend = Backend(lambda token: f"{self.url}/storage/{token}")
        self.refused: list[str] = []
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops listening; may be called again."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def respond(self, method: str, path: str, authorization: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Answers one request with a status and a JSON object."""
        parts = [unquote(part) for part in urlsplit(path).path.strip("/").split("/")]
        with self._lock:
            if method == "PUT" and parts[0] == "storage":
                # Signed: the address itself is the permission
                return (200, {}) if self.backend.take(parts[1], body) else self._refuse(403, method, path)
            if authorization != "Basic " + base64.b64encode(f"api:{KEY}".encode()).decode():
                return self._refuse(401, method, path)
            if method == "POST" and parts == ["graphql"]:
                return 200, self._graphql(json.loads(body))
            if method == "POST" and parts[0] == "files" and parts[-1] == "file_stream":
                self.backend.stream(parts[3], json.loads(body))
                return 200, {"exitcode": None, "limits": {}}
            return self._refuse(404, method, path)

    def _graphql(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"data": self.backend.answer(_operation(request), request.get("variables") or {})}
        except UnknownQuestionError as error:
            return {"data": None, "errors": [{"message": str(error)}]}

    def _refuse(self, status: int, method: str, path: str) -> tuple[int, dict[str, Any]]:
        self.refused.append(f"{method} {path}")
        return status, {"error": f"{method} {path} is refused"}


def _operation(request: dict[str, Any]) -> str:
    """The operation's name: the client's public API puts it into the query only."""
    found = re.match(r"\s*(?:#graphql\s+)?(?:query|mutation)\s+(\w+)", request["query"])
    return request.get("operationName") or (found[1] if found else "")


def _handler(server: WandbServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def handle(self) -> None:
            # The client's process ends without closing the connections that it kept
            with suppress(ConnectionError):
                super().handle()

        def _respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > MAX_BODY:
                self.send_error(413)
                return
            body = self.rfile.read(length)
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            status, answer = server.respond(self.command, self.path, self.headers.get("Authorization", ""), body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _respond

        def log_message(self, *args: Any, **named: Any) -> None:
            """Keeps quiet."""

    return Handler
