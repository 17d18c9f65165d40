"""A training that is told to end before it began; needs no torch, which may be what was being loaded."""

from __future__ import annotations

import os
import signal

from kirie.cluster.requeue import EX_TEMPFAIL, job_of
from kirie.core.signals import Terminated, heed_no_more
from kirie.errors import Interrupted


def is_preemption(told: Terminated) -> bool:
    """Whether a cluster took the machine away; SIGINT is a person's."""
    return told.signum != signal.SIGINT and job_of() is not None


def ended_before(told: Terminated) -> Interrupted:
    """The error for a signal that came before it was known which run this is; the batch script then asks SLURM."""
    if is_preemption(told):
        heed_no_more()
    where, how = f"process {os.getpid()}", "repeat the command to go on"
    if is_preemption(told):
        where, how = f"SLURM job {job_of()}", "the batch script asks SLURM to start it again"
    return Interrupted(
        f"The training in {where} was stopped by {told.signum.name} before it began; {how}.", code_of(told)
    )


def code_of(told: Terminated) -> int:
    """The exit code of a process that a signal ended and that has not asked SLURM itself to start the job again."""
    return EX_TEMPFAIL if is_preemption(told) else told.exit_code
