"""What became of a run, from all that its files say."""

from __future__ import annotations

STATES = ("running", "finished", "failed", "crashed", "interrupted")

SILENT_S = 300.0
"""A log without an end that has not grown for as long is of a run that crashed."""

_TOLD = frozenset({75, 129, 130, 143, 255})
"""Exit codes of a run that was told to end: by a cluster, a closed terminal, Ctrl+C (W&B: 255), SIGTERM."""

_RECORDED = {"done": "finished", "failed": "failed", "interrupted": "interrupted", "preempted": "interrupted"}
"""States of kirie's run record."""


def state_of(
    exit_code: int | None, *, preempting: bool, silent_s: float, recorded: str | None = None, held: bool = False
) -> str:
    """The state of a run.

    Args:
        exit_code: The first exit of its newest log; None without one.
        preempting: Whether that log says that the run ends early and goes on later.
        silent_s: Seconds since that log grew; infinity of a file that says nothing, which is none that grows.
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
