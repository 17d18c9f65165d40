"""A batch system in memory, for tests and for trying out what kirie asks of one: no SLURM, no waiting."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

from kirie.cluster.scheduler import Job, RefusedError
from kirie.errors import ClusterError

_STATES = ("PENDING", "RUNNING", "COMPLETING", "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED")


class FakeScheduler:
    """The interface of `Scheduler`, with the scripts kept and the states moved by hand.

    Args:
        refuse: SLURM's words with which every script is refused; None: take all.
        on_look: Called with a waiting or working job's id at each `jobs`, to move it on; may call `move` and `forget`.

    Attributes:
        scripts: The text of each job's script, by id.
        words: The further options of each submission, by id.
    """

    def __init__(self, refuse: str | None = None, on_look: Callable[[str], None] | None = None) -> None:
        self.refuse = refuse
        self.on_look = on_look
        self.scripts: dict[str, str] = {}
        self.words: dict[str, tuple[str, ...]] = {}
        self._jobs: dict[str, Job] = {}
        self._numbers = itertools.count(1)

    def submit(self, script: Path, words: Sequence[str] = ()) -> str:
        """Keeps a script as a waiting job.

        Raises:
            RefusedError: `refuse` is set.
        """
        if self.refuse is not None:
            raise RefusedError(self.refuse)
        number = str(next(self._numbers))
        self.scripts[number] = script.read_text(encoding="utf-8")
        self.words[number] = tuple(words)
        self._jobs[number] = Job(number, "PENDING", "Priority", script=str(script))
        return number

    def jobs(self, ids: Sequence[str]) -> dict[str, Job]:
        """The jobs that are not forgotten."""
        for number in ids:
            if self.on_look is not None and number in self._jobs and self._jobs[number].alive:
                self.on_look(number)
        return {number: self._jobs[number] for number in ids if number in self._jobs}

    def move(self, job: str, state: str, reason: str = "", node: str = "") -> None:
        """Puts a job into another of SLURM's states.

        Raises:
            ClusterError: There is no such job.
            ValueError: There is no such state.
        """
        if state not in _STATES:
            raise ValueError(state)
        found = self._known(job)
        self._jobs[job] = dataclasses.replace(found, state=state, reason=reason, node=node or found.node)

    def forget(self, job: str) -> None:
        """Lets a job go, as SLURM does some minutes after its end."""
        del self._jobs[job]

    def requeue(self, job: str) -> None:
        """Queues a job again and counts it.

        Raises:
            ClusterError: There is no such job, or it waits already.
        """
        found = self._known(job)
        if found.waits:
            raise ClusterError(f"`scontrol requeue {job}` was refused: Job is pending execution.")
        self._jobs[job] = dataclasses.replace(found, state="PENDING", reason="BeginTime", restarts=found.restarts + 1)

    def cancel(self, job: str) -> None:
        """Ends a job.

        Raises:
            ClusterError: There is no such job.
        """
        self.move(job, "CANCELLED")

    def start_now(self, job: str) -> None:
        """Takes the pause from a job that was queued again.

        Raises:
            ClusterError: There is no such job.
        """
        self.move(job, self._known(job).state, "Priority" if self._known(job).waits else "")

    def _known(self, job: str) -> Job:
        if job not in self._jobs:
            raise ClusterError(f"Invalid job id specified: {job}.")
        return self._jobs[job]
