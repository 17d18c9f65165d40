"""What state a run is in, from all that is known of it: its record, its lease, its jobs and their logs.

None of them alone tells the truth: a killed training's record says "running" for ever, a lease outlives its holder for
a while, SLURM forgets a job minutes after its end. Together they do, also for a run that died without a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kirie.cluster import log_tail, pending
from kirie.cluster.lease import read_holder, sign_of_life
from kirie.cluster.scheduler import Job, Scheduler
from kirie.cluster.submissions import Submission, submissions
from kirie.core.run import RunFolder
from kirie.errors import KirieError


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
    folders = [RunFolder(place) for place in sorted(runs.iterdir()) if _is_run(RunFolder(place))]
    made = {run.path: submissions(run) for run in folders}
    ids = [entry.job for entries in made.values() for entry in entries]
    for run in folders:
        if (waits := _pending(run)) is not None:
            ids += [training.job for training in waits.trainings if training.job is not None]
    jobs = scheduler.jobs(ids) if scheduler is not None and ids else {}
    found = [_status(run, made[run.path], jobs if scheduler is not None else None) for run in folders]
    return sorted(found, key=lambda status: status.since, reverse=True)


def _is_run(run: RunFolder) -> bool:
    return run.record.is_file() or run.jobs.is_file() or _pending(run) is not None


def _pending(run: RunFolder) -> pending.Pending | None:
    try:
        return pending.Pending.read(run)
    except KirieError:
        return None


def _status(run: RunFolder, made: Sequence[Submission], jobs: Mapping[str, Job] | None) -> Status:
    newest = made[-1] if made else None
    job = _newest_job(made, jobs or {})
    about: dict[str, Any] = {"name": "", "resumed": 0, "since": newest.submitted if newest else "", "node": ""}
    try:
        record: Mapping[str, Any] = run.read_record() if run.record.is_file() else {}
        holder = read_holder(run)
    except KirieError as error:
        state, note = "damaged", str(error)
    else:
        about["name"] = str(record.get("name", ""))
        about["resumed"] = int(record.get("resumed", 0))
        about["since"] = str(record.get("started", about["since"]))
        if holder is not None:
            about["node"] = holder.process.host
        if (waits := _pending(run)) is not None:
            about["name"] = "dvc repro"
            state, note = _waiting(waits, newest, job, jobs)
        else:
            state, note = _training(run, record, newest, job, jobs)
    if job is not None and job.node:
        about["node"] = job.node
    return Status(
        run=run.path.name,
        state=state,
        note=note,
        job=newest.job if newest else None,
        folder=str(run.path),
        log=newest.log if newest else None,
        **about,
    )


def _newest_job(made: Sequence[Submission], jobs: Mapping[str, Job]) -> Job | None:
    """The newest job that lives, else the newest that SLURM still knows and that is ours."""
    ours = [jobs[entry.job] for entry in made if entry.job in jobs and jobs[entry.job].script in {"", entry.script}]
    return next((job for job in reversed(ours) if job.alive), ours[-1] if ours else None)


def _training(
    run: RunFolder,
    record: Mapping[str, Any],
    newest: Submission | None,
    job: Job | None,
    jobs: Mapping[str, Job] | None,
) -> tuple[str, str]:
    """State and note of a training."""
    was = record.get("state")
    if was == "done":
        return "done", ""
    error = str(record.get("error") or "").strip().splitlines()
    if job is not None and job.waits:
        again = job.restarts > 0 or was in {"running", "preempted", "interrupted"}
        return ("preempted", f"in the queue again ({job.reason})") if again else ("queued", job.reason)
    if job is not None and job.alive:
        return "running", ""
    if was != "failed" and _held(run, jobs):
        return "running", ""
    if was == "failed":
        return "failed", error[-1] if error else ""
    if was == "interrupted":
        return "interrupted", error[-1] if error else ""
    if newest is not None and was is None and jobs is None:
        return "queued", "SLURM cannot be asked from here"
    return _ended_without_a_word(was, newest, job)


def _ended_without_a_word(was: object, newest: Submission | None, job: Job | None) -> tuple[str, str]:
    """State and note of a training that wrote no end into its record."""
    last = log_tail.last_error(Path(newest.log)) if newest is not None else ""
    ended = f"SLURM: {job.state}" if job is not None else "its job is gone" if newest is not None else ""
    note = "; ".join(part for part in (ended, last) if part)
    if job is not None and job.state == "CANCELLED":
        return "interrupted", "cancelled"
    if was == "preempted":
        return "interrupted", "; ".join(part for part in ("preempted, and not in the queue any more", last) if part)
    # Before its record existed a training can only have failed to start, and its log says why
    return ("failed" if was is None and last else "died"), note


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
    known = [(jobs or {}).get(training.job or "") for training in waits.trainings]
    left = sum(1 for found in known if found is not None and found.alive)
    if left:
        return "pending", pending.words(left, waits.trainings).removeprefix("pending: ")
    if newest is not None and job is None and jobs is None:
        return "pending", "SLURM cannot be asked from here"
    return "interrupted", "repeat `kirie submit repro` to go on"


def _held(run: RunFolder, jobs: Mapping[str, Job] | None) -> bool:
    """Whether a process that is not known to be gone holds the run."""
    try:
        holder, age = read_holder(run), sign_of_life(run)
    except (KirieError, OSError):
        # A folder of somebody else's, which we may not write a probe into
        return False

    def is_alive(job: str, restarts: int) -> bool | None:
        if jobs is None or job not in jobs:
            return None
        return jobs[job].still_in(restarts)

    return holder is not None and age is not None and not holder.stale(age=age, job=None, restarts=0, is_alive=is_alive)
