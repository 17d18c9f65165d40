"""Running a local page in the foreground: a port, an address, a browser, and an end at Ctrl+C."""

from __future__ import annotations

import errno
import ipaddress
import os
import secrets
import socket
import sys
import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from kirie.errors import DeviceError, UsageError
from kirie.web.guard import is_loopback

_PATIENCE_S = 2


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page listens.

    Attributes:
        host: A name or a number of this machine.
        port: The port.
        token: What who asks must know; None on loopback.
        listener: The open socket.
    """

    host: str
    port: int
    token: str | None
    listener: socket.socket

    @property
    def address(self) -> str:
        """What to open in a browser."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        if _everywhere(self.host):
            name = socket.gethostname()
        return f"http://{name}:{self.port}/" + (f"?token={self.token}" if self.token else "")


def _everywhere(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def listen(host: str, port: int) -> Place:
    """Takes a port.

    Args:
        host: Loopback, or another address of this machine: then a token is made.
        port: From 1; 0 takes one that is free.

    Raises:
        UsageError: There is no such port, or no such address of this machine.
        DeviceError: Another program has the port, or it is kept for others.
    """
    if not 0 <= port <= 65535:
        raise UsageError(f"There is no port {port}; allowed are 1 to 65535, and 0 for any that is free.")
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise UsageError(f"There is no address '{host}' ({error}); leave --host out to serve this machine.") from None
    listener = socket.socket(family, kind, protocol)
    try:
        # A port that was left a minute ago is free; one that is listened on is not
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise _not_had(host, port, error) from None
    token = None if is_loopback(host) else secrets.token_urlsafe(24)
    return Place(host, listener.getsockname()[1], token, listener)


def _not_had(host: str, port: int, error: OSError) -> UsageError | DeviceError:
    if error.errno == errno.EADDRINUSE:
        return DeviceError(
            f"Port {port} of {host} is taken, perhaps by a page that is open already; choose another with --port, or "
            "--port 0 for any that is free."
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return DeviceError(f"Port {port} is kept for the system's programs; choose one from 1024 with --port.")
    return UsageError(f"{host} is no address of this machine ({error.strerror}); leave --host out to serve it alone.")


def serve(app: Starlette, place: Place, *, ready: Callable[[], None], stopping: Callable[[], None]) -> None:
    """Answers until Ctrl+C, which is how it ends; SIGTERM ends it, too, and is told on.

    Args:
        app: What answers.
        place: Where.
        ready: Called when the first request can be answered.
        stopping: Called when it is to end, before open answers (streams of events) are waited for.
    """
    config = uvicorn.Config(
        app, log_level="error", access_log=False, server_header=False, timeout_graceful_shutdown=_PATIENCE_S, ws="none"
    )
    server = _Server(config, ready, stopping)
    try:
        server.run(sockets=[place.listener])
    except KeyboardInterrupt:
        # Uvicorn has ended all in order and hands the signal on
        return
    finally:
        place.listener.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready, self._stopping = ready, stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stopping()
        super().handle_exit(sig, frame)


def open_browser(address: str, environ: Mapping[str, str] | None = None) -> bool:
    """Opens an address in the person's browser; not where that would be a browser of text, or one far away.

    Returns:
        Whether there is a screen and a browser.
    """
    environ = os.environ if environ is None else environ
    if "SSH_CONNECTION" in environ:
        return False
    if sys.platform not in {"darwin", "win32"} and not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return False
    return webbrowser.open(address)
