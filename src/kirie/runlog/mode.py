"""Online or offline, decided before wandb is asked: wandb itself waits 90 s for a server and then fails.

`auto` goes online when there is a key and the server answers within a few seconds. Everything else is offline, under
the same run id, so that the files can be synced later.
"""

from __future__ import annotations

import netrc
import os
import socket
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from kirie.errors import ConfigError

MODES = ("auto", "online", "offline")
DEFAULT_SERVER = "https://api.wandb.ai"
PATIENCE_S = 3.0


def check_mode(wanted: object) -> None:
    """Checks `log.mode`.

    Raises:
        ConfigError: There is no such mode.
    """
    if wanted not in MODES:
        raise ConfigError(f"log.mode is {wanted!r}; allowed are {', '.join(MODES)}, or log=none for no run log.")


def choose_mode(wanted: str, environment: Mapping[str, str] | None = None) -> tuple[Literal["online", "offline"], str]:
    """Decides between "online" and "offline".

    Args:
        wanted: `log.mode`: auto, online or offline.
        environment: Environment variables; the process's own by default. `WANDB_MODE` overrides `auto`,
            `WANDB_BASE_URL` names the server, `WANDB_API_KEY` or the netrc file hold the key.

    Returns:
        The mode, and one sentence why, to be shown to the user.

    Raises:
        ConfigError: The mode is unknown.
    """
    env = os.environ if environment is None else environment
    check_mode(wanted)
    if wanted == "auto" and env.get("WANDB_MODE") in {"offline", "dryrun", "disabled"}:
        return "offline", f"WANDB_MODE={env['WANDB_MODE']}"
    if wanted == "offline":
        return "offline", "log.mode=offline"
    server = env.get("WANDB_BASE_URL", DEFAULT_SERVER)
    if not _has_key(server, env):
        return "offline", "no W&B key; `wandb login` stores one, `kirie sync` uploads the files later"
    if (problem := _unreachable(server)) is not None:
        return "offline", f"W&B at {server} cannot be reached ({problem}); `kirie sync` uploads the files later"
    return "online", f"streaming to {server}"


def _has_key(server: str, env: Mapping[str, str]) -> bool:
    if env.get("WANDB_API_KEY"):
        return True
    try:
        found = netrc.netrc(env.get("NETRC")) if env.get("NETRC") else netrc.netrc()
    except (OSError, netrc.NetrcParseError):
        return False
    return found.authenticators(urlsplit(server).hostname or "") is not None


def _unreachable(server: str) -> str | None:
    parts = urlsplit(server)
    port = parts.port or (80 if parts.scheme == "http" else 443)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=PATIENCE_S):
            return None
    except OSError as error:
        return str(error) or type(error).__name__
