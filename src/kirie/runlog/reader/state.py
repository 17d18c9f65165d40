"""What became of a run, from all that its files say."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kirie.core import files
from kirie.core.run import RunFolder
from kirie.errors import KirieError, RunError

STATES = ("running", "finished", "failed", "crashed", "interrupted")

SILENT_S = 300.0
"""A log without an end that has not grown for as long is of a run that crashed."""

_LEASE_S = 90.0
"""A lease that was touched within this time is held; its holder touches it every 15 s."""

_TOLD = frozenset({75, 129, 130, 143, 255})
"""Exit codes of a run that was told to end: by a cluster, a closed terminal, Ctrl+C, SIGTERM; W&B has 255 for Ctrl+C."""

_RECORDED = {"done": "finished", "failed": "failed", "interrupted": "interrupted", "preempted": "interrupted"}
"""States of kirie's run record."""


def state_of(
    exit_code: int | None, *, preempting: bool, silent_s: float, recorded: str | None = None, held: bool = False
) -> str:
    """The state of a run.

    Args:
        exit_code: The first exit of its newest log; None without one.
        preempting: Whether that log says that the run ends early and goes on later.
        silent_s: Seconds since that log grew.
        recorded: The state in kirie's run record, if it is a run of kirie.
        held: Whether a process holds kirie's lease of it.

    Returns:
        One of `STATES`.
    """
    if held and recorded != "done":
        return "running"
    if recorded in _RECORDED:
        # Its W&B run may have ended otherwise, as by a server that went away
        return _RECORDED[recorded]
    if exit_code is not None:
        return "finished" if exit_code == 0 else "interrupted" if preempting or exit_code in _TOLD else "failed"
    if silent_s < SILENT_S:
        return "running"
    return "interrupted" if preempting else "crashed"


def kirie_folder(log: Path) -> Path | None:
    """The run folder of kirie that a log lies in (RUN/wandb/SEGMENT/run-ID.wandb), or None if it is not kirie's."""
    wandb = log.parent.parent
    if wandb.name == "wandb" and RunFolder(wandb.parent).record.is_file():
        return wandb.parent
    return None


def read_record(folder: Path) -> dict[str, Any]:
    """kirie's run record; empty if it is damaged, or another program's."""
    try:
        return RunFolder(folder).read_record()
    except RunError:
        return {}


def is_held(folder: Path) -> bool:
    """Whether a process holds kirie's lease of a run: its newest file was touched lately and is not given back."""
    try:
        newest = max(RunFolder(folder).lease.glob("[0-9]*.json"), default=None)
        if newest is None or time.time() - newest.stat().st_mtime > _LEASE_S:
            return False
        content = files.read_json(newest, RunError, "The lease")
    except (OSError, KirieError):
        return False
    return isinstance(content, Mapping) and not content.get("released")
