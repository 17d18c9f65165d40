"""Online or offline: decided in seconds, never by waiting for wandb's time-out."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from kirie.errors import ConfigError
from kirie.runlog.mode import choose_mode

KEY = "0" * 40


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_without_a_key_it_is_offline() -> None:
    """No key: offline, and the reason tells how to get one."""
    mode, why = choose_mode("auto", {"NETRC": "/nonexistent"})
    assert mode == "offline"
    assert "wandb login" in why


def test_a_key_without_a_server_is_offline_at_once() -> None:
    """A key but nobody listening: offline within the patience, with the reason."""
    env = {"WANDB_API_KEY": KEY, "WANDB_BASE_URL": f"http://127.0.0.1:{_free_port()}"}
    since = time.monotonic()
    mode, why = choose_mode("auto", env)
    assert mode == "offline"
    assert "cannot be reached" in why
    assert time.monotonic() - since < 5


def test_a_key_and_a_server_are_online() -> None:
    """A key and a listening server: online."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        env = {"WANDB_API_KEY": KEY, "WANDB_BASE_URL": f"http://127.0.0.1:{server.getsockname()[1]}"}
        assert choose_mode("auto", env)[0] == "online"
        assert choose_mode("auto", env | {"WANDB_MODE": "offline"})[0] == "offline"
        assert choose_mode("offline", env)[0] == "offline"


def test_the_netrc_file_holds_a_key_too(tmp_path: Path) -> None:
    """`wandb login` stores the key by host name in netrc."""
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login user password {KEY}\n")
    (tmp_path / "netrc").chmod(0o600)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        env = {"NETRC": str(tmp_path / "netrc"), "WANDB_BASE_URL": f"http://127.0.0.1:{server.getsockname()[1]}"}
        assert choose_mode("auto", env)[0] == "online"


def test_an_unknown_mode_names_the_known() -> None:
    """A typo lists the modes."""
    with pytest.raises(ConfigError, match="auto, online, offline"):
        choose_mode("onlin", {})
