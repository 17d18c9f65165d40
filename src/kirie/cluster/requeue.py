"""Asking SLURM to queue this job again, once an incarnation, and never for a job that is being ended on purpose.

`scontrol requeue` is asked where it is on the path. In a container it is not; then the process ends with EX_TEMPFAIL
(75), which the batch script outside turns into the same request.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from kirie.cluster.scheduler import AT_WORK, WAITING
from kirie.core import files, programs

EX_TEMPFAIL = 75
"""Exit code that asks the batch script to queue the job again (sysexits.h: try again later)."""

PARENT_ASKS = "KIRIE_PARENT_REQUEUES"
"""Set by a process that starts trainings in its job one after the other, and itself asks for the job's next start."""

Outcome = Literal["requeued", "by_script", "by_parent", "already", "ending", "no_job"]
"""requeued: SLURM was asked and agreed. by_script: end with EX_TEMPFAIL. by_parent: see PARENT_ASKS. already: this
incarnation has asked SLURM before, and ends with EX_TEMPFAIL, too: the batch script looks whether SLURM did it.
ending: the job is being cancelled or ended by SLURM itself. no_job: this process is not in a SLURM job."""

_PATIENCE_S, _SHORT_S = 20.0, 5.0
"""How long SLURM may take to answer: to a request, and to a question that somebody waits for."""


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


def request_requeue(markers: Path, environ: Mapping[str, str] | None = None) -> Outcome:
    """Asks that this process's job be queued again; call it when all is saved, for SLURM then ends the job.

    Args:
        markers: A folder of what the job works on; a file in it makes sure that each incarnation of a job asks once.
        environ: The environment; the process's own by default.

    Raises:
        DeviceError: The folder cannot be written.
    """
    job = job_of(environ)
    if job is None:
        return "no_job"
    environ = os.environ if environ is None else environ
    if environ.get(PARENT_ASKS):
        return "by_parent"
    state = _show(job, environ).get("JobState")
    if state is not None and state not in AT_WORK:
        return "ending"
    # The start too: another cluster may give the same numbers
    started = environ.get("SLURM_JOB_START_TIME", "0")
    marker = markers / f"{job}-{restarts_of(environ)}-{started if started.isdecimal() else 0}"
    with files.disk_errors(marker):
        marker.parent.mkdir(parents=True, exist_ok=True)
        try:
            marker.touch(exist_ok=False)
        except FileExistsError:
            # Whether it has asked or has left it to the script: without an answer only the script can
            return "by_script" if state is None else "already"
    if _ask(["scontrol", "requeue", job], environ) is None:
        return "by_script"
    return "requeued"


def cluster_of(environ: Mapping[str, str] | None = None) -> str:
    """The cluster's name, without which a job's number says nothing; "" outside SLURM."""
    return (os.environ if environ is None else environ).get("SLURM_CLUSTER_NAME", "")


def job_alive(job: str, restarts: int, environ: Mapping[str, str] | None = None) -> bool | None:
    """Whether a job's start, the one after so many restarts, is not over, in SLURM's own word.

    Returns:
        None if SLURM does not know the job, or does not say so soon enough.
    """
    said = _show(job, os.environ if environ is None else environ, _SHORT_S)
    if (state := said.get("JobState")) is None:
        return None
    later = int(count) > restarts if (count := said.get("Restarts", "")).isdecimal() else False
    # While a start is cleared away, its processes may still work
    return state == "COMPLETING" or (not later and state in AT_WORK | WAITING)


def _show(job: str, environ: Mapping[str, str], patience_s: float = _PATIENCE_S) -> dict[str, str]:
    """What SLURM says of a job, in SLURM's words; empty if it does not answer."""
    return dict(
        re.findall(r"\b(JobState|Restarts)=(\w+)", _ask(["scontrol", "show", "job", job], environ, patience_s) or "")
    )


def _ask(words: Sequence[str], environ: Mapping[str, str], patience_s: float = _PATIENCE_S) -> str | None:
    """What SLURM's command says; None if it fails, does not answer or is not there."""
    answer = programs.ask(words, patience_s=patience_s, environ=environ)
    return answer.out if answer is not None and answer.code == 0 else None
