"""What state a run is in, from all that is known of it: its record, its lease, its jobs and their logs.

None of them alone tells the truth: a killed training's record says "running" for ever, a lease outlives its holder for
a while, SLURM forgets a job minutes after its end. Together they do, also for a run that died without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kirie.cluster import log_tail, pending
from kirie.cluster.holder import sign_of_life
from kirie.cluster.scheduler import Job, Knowing, Scheduler
from kirie.cluster.submissions import Submission
from kirie.cluster.traces import Traces, leaves_traces, read_traces
from kirie.core.run import RunFolder
from kirie.errors import KirieError

Age = Callable[[RunFolder], float | None]
"""Seconds since the last touch of a run's holder; None if nobody ever held it."""


@dataclass(frozen=True, slots=True)
class Status:
    """A run as `kirie runs` shows it.

    Attributes:
        run: The run's id.
        name: Model and encoder, or what else it is; "" before the training has begun.
        state: queued, running, preempted, interrupted, failed, died, pending, damaged or done.
        resumed: How often it was taken up again.
        job: Its newest job, or None.
        node: Where it runs or ran; "" if that is not known.
        since: When it began or was submitted, ISO 8601; "" if that is not known.
        note: Why it waits, or its last error line; "" without one.
        folder: Its folder.
        log: Its newest job's log, or None.
    """

    run: str
    name: str
    state: str
    resumed: int
    job: str | None
    node: str
    since: str
    note: str
    folder: str
    log: str | None

    def age_s(self) -> float | None:
        """Seconds since it began or was submitted."""
        try:
            began = datetime.fromisoformat(self.since)
        except ValueError:
            return None
        return (datetime.now(UTC) - began).total_seconds() if began.tzinfo is not None else None


def statuses(runs: Path, scheduler: Scheduler | None) -> list[Status]:
    """The states of all runs in a folder, the newest first.

    Args:
        runs: The folder of runs.
        scheduler: The batch system; None where there is none, and leases and records have to do.

    Raises:
        ClusterError: The batch system does not answer.
    """
    return statuses_of([run for run in map(RunFolder, sorted(runs.iterdir())) if leaves_traces(run)], scheduler)


def statuses_of(runs: Iterable[RunFolder], scheduler: Knowing | None, age: Age = sign_of_life) -> list[Status]:
    """The states of some runs, the newest first.

    Args:
        runs: Their folders.
        scheduler: The batch system; None where there is none.
        age: Tells how long ago a run's holder showed itself; the default asks the file server, by writing a probe.

    Raises:
        ClusterError: The batch system does not answer.
    """
    found = [read_traces(run) for run in runs]
    ids = _asked(found)
    jobs = None if scheduler is None else scheduler.jobs(ids) if ids else {}
    return sorted((_status(traces, jobs, age) for traces in found), key=lambda status: status.since, reverse=True)


def _asked(found: list[Traces]) -> list[str]:
    """The jobs that the batch system is asked about, the newest runs' last; none of a run whose end is known."""
    open_ones = sorted((traces for traces in found if not traces.over), key=lambda traces: traces.since)
    waited = [job for traces in open_ones if traces.waits for job in traces.waits.jobs]
    return [*waited, *(job for traces in open_ones for job in traces.jobs)]


def _status(traces: Traces, jobs: Mapping[str, Job] | None, age: Age) -> Status:
    newest = traces.made[-1] if traces.made else None
    job = _newest_job(traces, jobs or {})
    if traces.damage:
        state, note = "damaged", traces.damage
    elif traces.waits is not None:
        state, note = _waiting(traces.waits, newest, job, jobs)
    else:
        state, note = _training(traces, job, jobs, age)
    held_by = traces.holder.process.host if traces.holder is not None else ""
    return Status(
        run=traces.run.path.name,
        name="dvc repro" if traces.waits is not None else traces.record.name,
        state=state,
        resumed=traces.record.resumed,
        job=job.id if job is not None else next(reversed(traces.jobs), None),
        node=job.node if job is not None and job.node else held_by,
        since=traces.record.started or (newest.submitted if newest else ""),
        note=note,
        folder=str(traces.run.path),
        log=newest.log if newest else None,
    )


def _newest_job(traces: Traces, jobs: Mapping[str, Job]) -> Job | None:
    """The newest job that lives, else the newest that SLURM still knows and that is ours."""
    scripts = {entry.job: entry.script for entry in traces.made}
    # The script of a job that `kirie submit` has not sent is not known here
    ours = [
        jobs[number]
        for number in traces.jobs
        if number in jobs and (number not in scripts or jobs[number].script in {"", scripts[number]})
    ]
    return next((job for job in reversed(ours) if job.alive), ours[-1] if ours else None)


def _training(traces: Traces, job: Job | None, jobs: Mapping[str, Job] | None, age: Age) -> tuple[str, str]:
    """State and note of a training."""
    was, error = traces.record.state, traces.record.error
    if was == "done":
        return "done", ""
    if job is not None and job.waits:
        again = job.restarts > 0 or was in {"running", "preempted", "interrupted"}
        return ("preempted", f"in the queue again ({job.reason})") if again else ("queued", job.reason)
    if job is not None and job.alive:
        return "running", ""
    if was != "failed" and _held(traces, jobs, age):
        return "running", ""
    if was in {"failed", "interrupted"} and not traces.tried_again:
        return was, error
    if jobs is None and traces.jobs and was in {None, "preempted"}:
        return "queued" if was is None else "preempted", "SLURM cannot be asked from here"
    return _ended_without_a_word(traces, job)


def _ended_without_a_word(traces: Traces, job: Job | None) -> tuple[str, str]:
    """State and note of a training that wrote no end into its record."""
    was = traces.record.state
    last = log_tail.last_error(Path(traces.made[-1].log)) if traces.made else ""
    ended = f"SLURM: {job.state}" if job is not None else "its job is gone" if traces.jobs else ""
    note = "; ".join(part for part in (ended, last) if part)
    if job is not None and job.state == "CANCELLED":
        return "interrupted", "cancelled"
    if was == "preempted":
        return "interrupted", "; ".join(part for part in ("preempted, and not in the queue any more", last) if part)
    # Before its record existed a training can only have failed to start, and its log says why
    return ("failed" if last and (was is None or traces.tried_again) else "died"), note


def _waiting(
    waits: pending.Pending, newest: Submission | None, job: Job | None, jobs: Mapping[str, Job] | None
) -> tuple[str, str]:
    """State and note of a `dvc repro` that waits for trainings."""
    if job is not None and job.alive:
        if not job.waits:
            return "running", f"waits for {len(waits.trainings)} trainings"
        return ("preempted", f"in the queue again ({job.reason})") if job.restarts else ("queued", job.reason)
    if waits.state in {"done", "failed"}:
        return waits.state, waits.error
    known = [(jobs or {}).get(number) for number in waits.jobs]
    left = sum(1 for found in known if found is not None and found.alive)
    if left:
        return "pending", pending.words(left, waits.trainings).removeprefix("pending: ")
    if newest is not None and job is None and jobs is None:
        return "pending", "SLURM cannot be asked from here"
    return "interrupted", "repeat `kirie submit repro` to go on"


def _held(traces: Traces, jobs: Mapping[str, Job] | None, age: Age) -> bool:
    """Whether a process that is not known to be gone holds the run."""
    holder = traces.holder
    if holder is None:
        return False
    try:
        seconds = age(traces.run)
    except (KirieError, OSError):
        # A folder of somebody else's, which we may not write a probe into
        return False

    def is_alive(job: str, restarts: int) -> bool | None:
        if jobs is None or job not in jobs:
            return None
        return jobs[job].still_in(restarts)

    return seconds is not None and not holder.stale(age=seconds, job=None, restarts=0, is_alive=is_alive)
