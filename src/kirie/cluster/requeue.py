"""Asking SLURM to queue this job again, once an incarnation, and never for a job that is being ended on purpose.

`scontrol requeue` is asked where it is on the path. In a container it is not; then the process ends with EX_TEMPFAIL
(75), which the batch script outside turns into the same request.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from typing import Literal

from kirie.core import files
from kirie.core.run import RunFolder

EX_TEMPFAIL = 75
"""Exit code that asks the batch script to queue the job again (sysexits.h: try again later)."""

Outcome = Literal["requeued", "by_script", "already", "ending", "no_job"]
"""requeued: SLURM was asked and agreed. by_script: end with EX_TEMPFAIL. already: this incarnation has asked before.
ending: the job is being cancelled or ended by SLURM itself. no_job: this process is not in a SLURM job."""

_PATIENCE_S = 20.0
_GOES_ON = {"RUNNING", "SUSPENDED", "SIGNALING", "STAGE_OUT"}
"""States of a job that would go on if nobody asked; every other one is somebody's decision to end it."""

_ENDED = {
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "REVOKED",
    "TIMEOUT",
}


def job_of(environ: Mapping[str, str] | None = None) -> str | None:
    """The job of this process as scontrol takes it: an array's task only itself, not the array. None outside SLURM."""
    environ = os.environ if environ is None else environ
    array, task = environ.get("SLURM_ARRAY_JOB_ID", ""), environ.get("SLURM_ARRAY_TASK_ID", "")
    if array.isdecimal() and task.isdecimal():
        return f"{array}_{task}"
    job = environ.get("SLURM_JOB_ID", "")
    return job if job.isdecimal() else None


def restarts_of(environ: Mapping[str, str] | None = None) -> int:
    """How often SLURM has queued this job again."""
    count = (os.environ if environ is None else environ).get("SLURM_RESTART_COUNT", "")
    return int(count) if count.isdecimal() else 0


def request_requeue(run: RunFolder, environ: Mapping[str, str] | None = None) -> Outcome:
    """Asks that this process's job be queued again; call it when all is saved, for SLURM then ends the job.

    Args:
        run: The run; a marker in its folder makes sure that each incarnation of a job asks once.
        environ: The environment; the process's own by default.

    Raises:
        DeviceError: The run folder cannot be written.
    """
    job = job_of(environ)
    if job is None:
        return "no_job"
    scontrol = shutil.which("scontrol", path=(os.environ if environ is None else environ).get("PATH"))
    if scontrol is not None and (state := _state(scontrol, job)) is not None and state not in _GOES_ON:
        return "ending"
    # The start too: another cluster may give the same numbers
    started = (os.environ if environ is None else environ).get("SLURM_JOB_START_TIME", "0")
    marker = run.requeues / f"{job}-{restarts_of(environ)}-{started if started.isdecimal() else 0}"
    with files.disk_errors(marker):
        marker.parent.mkdir(parents=True, exist_ok=True)
        try:
            marker.touch(exist_ok=False)
        except FileExistsError:
            return "already"
    if scontrol is None or _ask(scontrol, "requeue", job) is None:
        return "by_script"
    return "requeued"


def job_alive(job: str) -> bool | None:
    """Whether SLURM still has a job that is not ended; None if it cannot be asked."""
    scontrol = shutil.which("scontrol")
    if scontrol is None or _ask(scontrol, "ping") is None:
        return None
    state = _state(scontrol, job)
    # SLURM forgets ended jobs after a while
    return state is not None and state not in _ENDED


def _state(scontrol: str, job: str) -> str | None:
    """The job's state in SLURM's word, or None if SLURM does not answer."""
    found = re.search(r"\bJobState=([A-Z_]+)", _ask(scontrol, "show", "job", job) or "")
    return found[1] if found else None


def _ask(scontrol: str, *words: str) -> str | None:
    try:
        done = subprocess.run(
            [scontrol, *words], capture_output=True, text=True, errors="replace", timeout=_PATIENCE_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
