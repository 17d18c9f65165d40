"""Submissions to the cluster of a run or of a sweep's workers: `jobs.jsonl`, one line each, the newest last."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from kirie.cluster.checked import checked
from kirie.cluster.scheduler import Job, Scheduler
from kirie.core import files
from kirie.errors import RunError


class Submittable(Protocol):
    """A folder of what is sent to a cluster: a run, or a sweep's workers."""

    @property
    def jobs(self) -> Path:
        """One line a submission."""
        ...

    @property
    def script(self) -> Path:
        """The newest submission's batch script."""
        ...

    def log(self, job: str, /) -> Path:
        """What a job printed."""
        ...


@dataclass(frozen=True, slots=True)
class Submission:
    """One submission.

    Attributes:
        job: The job's id.
        submitted: When, ISO 8601.
        cluster: The name of the cluster's settings.
        log: The file that the job prints into.
        script: The batch script.
    """

    job: str
    submitted: str
    cluster: str
    log: str
    script: str


def record_submission(run: Submittable, job: str, cluster: str, script: Path) -> Submission:
    """Appends a submission.

    Raises:
        DeviceError: The folder cannot be written.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    made = Submission(job, now, cluster, str(run.log(job)), str(script))
    with files.disk_errors(run.jobs), run.jobs.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(asdict(made)) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    return made


def submissions(run: Submittable) -> list[Submission]:
    """All submissions of a folder, the newest last; a line that a crash has torn is passed over.

    Raises:
        RunError: A whole line does not hold what kirie writes.
    """
    try:
        text = run.jobs.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(content, dict):
            # The end of a line that was torn may be JSON by itself
            continue
        try:
            found.append(checked(Submission, content))
        except TypeError:
            raise RunError(f"{run.jobs} is damaged: line {number} is no submission of kirie's; remove it.") from None
    return found


def live_job(run: Submittable, scheduler: Scheduler) -> tuple[Submission, Job] | None:
    """The newest submission whose job waits or works, if any.

    A job whose script is another one is not ours: a cluster that was set up anew counts from 1 again.

    Raises:
        ClusterError: The batch system does not answer.
        RunError: What is written down of the submissions is damaged.
    """
    made = submissions(run)
    known = scheduler.jobs([entry.job for entry in made])
    for entry in reversed(made):
        job = known.get(entry.job)
        if job is not None and job.alive and job.script in {"", entry.script}:
            return entry, job
    return None
