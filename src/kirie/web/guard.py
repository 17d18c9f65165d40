"""Who may ask a local page, and what its answers forbid a browser to do.

Any page in the same browser can send requests to a port of this machine. What keeps it out: the Host header must name
this machine (else a stranger's name may have been pointed here), a POST must come from our own page and be JSON (which
a stranger's form cannot send), and where others on the network can reach the port a token is asked for.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import URL, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kirie.web.answers import json_bytes

_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""What each answer has."""

_SAFE = {"GET", "HEAD"}
_YEAR_S = 365 * 24 * 3600


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on a host."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """The outermost layer of a local page.

    Args:
        app: What answers.
        host: Where the page listens.
        token: What others must know; None on loopback.
    """

    def __init__(self, app: ASGIApp, host: str = "127.0.0.1", token: str | None = None) -> None:
        self._app, self._token = app, token
        self._names = {"localhost", host.lower()}
        if not is_loopback(host):
            # Looked up once: who asks may not make us ask a name server
            self._names |= {socket.gethostname().lower(), socket.getfqdn().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-cache")
            await send(message)

        refused = self._refusal(Request(scope))
        await (refused or self._app)(scope, receive, send_safely)

    def _refusal(self, request: Request) -> Response | None:
        """The answer to who may not ask; None for who may."""
        if not self._names_us(request.headers.get("host", "")):
            return _refuse(421, "This address is not this machine's; open the one that `kirie` printed.")
        if self._token is not None:
            given = request.query_params.get("token")
            if request.method in _SAFE and given is not None and self._knows(given):
                return self._remembering(request)
            if not self._knows(request.cookies.get(self._cookie(request), "")):
                return _refuse(401, "This page needs its token; open the address that `kirie` printed, with ?token=...")
        if request.method in _SAFE:
            return None
        if request.method != "POST":
            return _refuse(405, f"{request.method} is not answered here; allowed are GET and POST.")
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != request.headers["host"].lower():
            return _refuse(403, "Another page may not change anything here.")
        if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return _refuse(403, "Another page may not change anything here.")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return _refuse(415, "Only JSON is taken; send it as application/json.")
        return None

    def _names_us(self, header: str) -> bool:
        """Whether a Host header is ours. With a number in it no name can have been pointed here."""
        try:
            name = urlsplit(f"//{header}").hostname or ""
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            number = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._token is not None or number.is_loopback

    def _knows(self, given: str) -> bool:
        return self._token is not None and hmac.compare_digest(given.encode(), self._token.encode())

    def _cookie(self, request: Request) -> str:
        """The cookie's name: browsers share cookies over the ports of a machine, and each board has its token."""
        return f"kirie-{(request.scope.get('server') or ('', 0))[1]}"

    def _remembering(self, request: Request) -> Response:
        """Puts the token into a cookie and out of the address, where it would be copied and shown."""
        rest = [(key, value) for key, value in request.query_params.multi_items() if key != "token"]
        # Never to another host: `//elsewhere` as a path would lead there
        path = "/" + request.url.path.lstrip("/\\")
        answer = RedirectResponse(URL(path).replace(query=urlencode(rest)), status_code=303)
        answer.set_cookie(
            self._cookie(request), self._token or "", max_age=_YEAR_S, httponly=True, samesite="strict", path="/"
        )
        return answer


def _refuse(status: int, sentence: str) -> Response:
    return Response(json_bytes({"error": sentence}), status_code=status, media_type="application/json")
