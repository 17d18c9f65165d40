"""Sending a run to the cluster once: several that try at a time agree on one of them, and the others find its job."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from kirie.cluster.holder import STALE_S
from kirie.cluster.lease import HeldError, Lease
from kirie.cluster.refusal import explain
from kirie.cluster.scheduler import RefusedError, Scheduler
from kirie.cluster.submissions import Submission, Submittable, live_job, record_submission
from kirie.cluster.template import Script
from kirie.core import files
from kirie.core.run import RunFolder
from kirie.errors import ClusterError

State = Literal["submitted", "already in the queue", "already running"]

_PATIENCE_S = 1.5 * STALE_S
_LOOK_S = 0.2
_STUCK = {
    "PartitionNodeLimit",
    "PartitionTimeLimit",
    "PartitionConfig",
    "PartitionDown",
    "PartitionInactive",
    "BadConstraints",
    "InvalidAccount",
    "InvalidQOS",
    "AccountNotAllowed",
    "QOSNotAllowed",
    "AssociationJobLimit",
}
"""SLURM's reasons of jobs that wait for ever, unless somebody changes the cluster."""


def submit_once(run: RunFolder, script: Script, cluster: str, scheduler: Scheduler) -> tuple[Submission, State]:
    """Submits a script for a run, unless a job of that run is on its way.

    Args:
        run: The folder of the run, or of what else is sent.
        script: The filled-in template.
        cluster: The name of the cluster's settings.
        scheduler: The batch system.

    Raises:
        ClusterError: The batch system refuses, is not there, or does not answer; what was written is taken away.
        RunError: The folder's submissions are damaged.
        DeviceError: The folder cannot be written.
    """
    with _alone(run):
        if (live := live_job(run, scheduler)) is not None:
            made, job = live
            return made, "already in the queue" if job.waits else "already running"
        return send(run, script, cluster, scheduler), "submitted"


def remark(made: Submission, state: State, script: Script, scheduler: Scheduler) -> str:
    """What is to be said of a submission besides its number; "" if nothing is.

    A job that is there already may have been asked for in other words; a new one may be one that can never start.

    Raises:
        ClusterError: The batch system does not answer.
    """
    mend = f"`scancel {made.job}`"
    if state != "submitted":
        sent = Path(made.script)
        same = sent.is_file() and sent.read_text(encoding="utf-8") == script.text
        return "" if same else f"It keeps the words that it was sent with; to use the new ones, {mend} and repeat."
    job = scheduler.jobs([made.job]).get(made.job)
    if job is None or not job.waits or job.reason not in _STUCK:
        return ""
    return (
        f"As it is it cannot start: SLURM says {job.reason}. Cancel it with {mend}, and change nodes=, gpus=, time= or "
        "the cluster's settings."
    )


def send(run: Submittable, script: Script, cluster: str, scheduler: Scheduler, words: Sequence[str] = ()) -> Submission:
    """Writes a script into a folder, submits it, and writes down that it did; looks at no other submission.

    Args:
        run: What it is about.
        script: The filled-in template.
        cluster: The name of the cluster's settings.
        scheduler: The batch system.
        words: Further options of sbatch.

    Raises:
        ClusterError: The batch system refuses, is not there, or does not answer; what was written is taken away.
        DeviceError: The folder cannot be written.
    """
    before = run.script.read_text(encoding="utf-8") if run.script.is_file() else None
    files.write_text(run.script, script.text)
    log = run.log("0")
    with files.disk_errors(log):
        # SLURM makes no folder, and ends the job without a word
        log.parent.mkdir(parents=True, exist_ok=True)
    try:
        job = scheduler.submit(run.script, words)
    except ClusterError as error:
        if before is None:
            run.script.unlink()
        else:
            files.write_text(run.script, before)
        if isinstance(error, RefusedError):
            raise ClusterError(explain(script, error.said)) from None
        raise
    return record_submission(run, job, cluster, run.script)


@contextlib.contextmanager
def _alone(run: RunFolder) -> Iterator[None]:
    """Inside the block no other process submits this run; what stays empty is taken away again."""
    turn = RunFolder(run.path / "submitting")
    new = [folder for folder in (run.log("0").parent, turn.path, run.path, run.path.parent) if not folder.exists()]
    lease = _taken(turn, run)
    try:
        yield
    finally:
        lease.release()
        if turn.path in new and not run.jobs.exists():
            shutil.rmtree(turn.path, ignore_errors=True)
        for folder in new if not run.jobs.exists() else ():
            # Only what is empty goes
            with contextlib.suppress(OSError):
                folder.rmdir()


def _taken(turn: RunFolder, run: RunFolder) -> Lease:
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return Lease.take(turn, job=None, is_alive=lambda *_: None)
        except HeldError:
            if time.monotonic() > end:
                raise ClusterError(
                    f"Another process has been submitting {run.path} for {_PATIENCE_S:.0f} s; `kirie runs` shows what "
                    "became of it. If that process is gone, repeat the command."
                ) from None
        time.sleep(_LOOK_S)
