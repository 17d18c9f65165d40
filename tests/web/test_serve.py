"""Ports, addresses and browsers."""

from __future__ import annotations

import socket

import pytest

from kirie.errors import DeviceError, KirieError, UsageError
from kirie.web.serve import listen, open_browser


def test_port_0_takes_a_free_one() -> None:
    """The address names it; loopback needs no token."""
    place = listen("127.0.0.1", 0)
    with place.listener:
        assert place.port > 0
        assert place.address == f"http://127.0.0.1:{place.port}/"


def test_a_port_that_is_taken_is_told() -> None:
    """The sentence names the port and the way out."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(DeviceError, match=rf"Port {port} .* is taken.*--port 0"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70000), ("127.0.0.1", -1), ("192.0.2.1", 0), ("no host", 0)])
def test_what_cannot_be_listened_on_is_told(host: str, port: int) -> None:
    """A port or an address that is none of this machine."""
    with pytest.raises(KirieError):
        listen(host, port)


def test_others_get_a_token() -> None:
    """Whoever listens for others has a token of its own each time, in the address."""
    places = [listen("0.0.0.0", 0) for _ in range(2)]
    for place in places:
        place.listener.close()
    assert places[0].token != places[1].token
    assert places[0].token is not None
    assert len(places[0].token) >= 32
    assert places[0].address.endswith(f"/?token={places[0].token}")
    assert "0.0.0.0" not in places[0].address


def test_no_browser_without_a_screen() -> None:
    """On a machine that is far away, or has no screen, a browser of text would take the terminal."""
    assert open_browser("http://127.0.0.1:1/", {}) is False
    assert open_browser("http://127.0.0.1:1/", {"DISPLAY": ":0", "SSH_CONNECTION": "a"}) is False


def test_a_wrong_port_is_the_command_lines_mistake() -> None:
    """It names what is allowed."""
    with pytest.raises(UsageError, match="1 to 65535"):
        listen("127.0.0.1", 65536)
