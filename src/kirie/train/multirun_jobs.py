"""submitit's jobs in SLURM's queue, asked for with squeue; submitit itself asks sacct.

A cluster without accounting has none: a multirun would warn at each look, and wait for ever for cancelled jobs.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time

from submitit.core.utils import FailedJobError, UncompletedJobError
from submitit.slurm.slurm import SlurmInfoWatcher, SlurmJob

from kirie.cluster.scheduler import Scheduler, Slurm
from kirie.errors import ClusterError

ERRORS: tuple[type[Exception], ...] = (UncompletedJobError,)
"""What submitit raises about its jobs."""

_LOOK_S = 15
_GONE = "GONE"


class QueueWatcher(SlurmInfoWatcher):
    """What submitit asks about its jobs, answered by kirie's own view of the queue.

    Args:
        scheduler: The batch system; SLURM by default.
    """

    def __init__(self, scheduler: Scheduler | None = None) -> None:
        super().__init__(delay_s=_LOOK_S)
        self._scheduler = Slurm() if scheduler is None else scheduler
        self._missing: set[str] = set()

    def update(self) -> None:
        """Looks once; a job that is missing at two looks in a row is gone, whatever SLURM has forgotten of its end."""
        self._num_calls += 1
        self._last_status_check = time.time()
        wanted = sorted(self._registered - self._finished)
        try:
            found = self._scheduler.jobs(wanted)
        except ClusterError as error:
            if self._num_calls == 1:
                print(f"kirie: {error} Waiting on.", file=sys.stderr)
            return
        for number in wanted:
            job = found.get(number)
            if job is not None:
                self._info_dict[number] = {"JobID": number, "State": "PENDING" if job.alive else job.state}
            elif number in self._missing:
                self._info_dict[number] = {"JobID": number, "State": _GONE}
        self._missing = set(wanted) - set(found)
        self._finished |= {number for number in wanted if self.is_done(number, mode="cache")}


def watch_the_queue() -> None:
    """Makes submitit ask the queue and not sacct."""
    SlurmJob.watcher = QueueWatcher()


def sentence(error: Exception) -> str:
    """What submitit says of a job, often with its way through the code, as one or two sentences."""
    text = str(error)
    if isinstance(error.__cause__, subprocess.CalledProcessError):
        said = [re.sub(r"^\w+: (error: |fatal: )?", "", line).strip() for line in text.splitlines()]
        reason = "; ".join(dict.fromkeys(line for line in said if line)) or "no reason given"
        return f"SLURM refused the jobs: {reason.rstrip('.')}. hydra.launcher.KEY=VALUE changes what is asked of it."
    if isinstance(error, FailedJobError):
        trace = text.split("You can check full logs")[0]
        lines = [line.strip() for line in trace.splitlines() if line.strip(" -")]
        why = re.sub(r"^[\w.]+\.(?=\w+: )", "", lines[-1]) if lines else "no reason given"
        logs = re.findall(r"(?m)^\s*- (.*)$", text)
        return f"A training failed: {why.rstrip('.')}. Its log is {logs[-1] if logs else 'in hydra.sweep.dir'}."
    number = re.search(r"Job (\S+)", text)
    state = re.search(r"\(state: (\w+)\)", text)
    return (
        f"SLURM's job {number[1] if number else ''} ended without a result ({state[1] if state else 'no state'}). What "
        "is trained stays; repeat the command, and only what is not is trained."
    )
