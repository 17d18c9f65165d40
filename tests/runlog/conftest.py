"""The W&B server on the loopback, for the client of this very process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import wandb
from tests.runlog.wandb_server import KEY, WandbServer

from kirie.runlog import start


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WandbServer]:
    """A server that the environment names, for a client that starts anew and leaves nothing behind."""
    # wandb reads the environment once a process; both teardowns make it read again
    wandb.teardown()
    with WandbServer() as listening:
        monkeypatch.delenv("WANDB_MODE")
        monkeypatch.setenv("WANDB_BASE_URL", listening.url)
        monkeypatch.setenv("WANDB_API_KEY", KEY)
        monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
        for folder in ("CONFIG", "CACHE", "DATA"):
            monkeypatch.setenv(f"WANDB_{folder}_DIR", str(tmp_path / folder.lower()))
        # A failing test must not wait for uploads that never come
        monkeypatch.setattr(start, "FINISH_S", 20.0)
        yield listening
        wandb.teardown()
