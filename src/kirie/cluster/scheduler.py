"""What kirie asks of a batch system, and SLURM's answer through its own commands."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kirie.core import programs
from kirie.errors import ClusterError

WAITING = frozenset({"PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT"})
AT_WORK = frozenset({"RUNNING", "CONFIGURING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING"})

_PATIENCE_S = 60.0
_MOST_SHOWN = 16
"""Jobs that squeue does not name and that scontrol is asked about, one by one."""

_UNREACHABLE = re.compile(
    "Unable to contact slurm controller|resolve_ctls_from_dns_srv|Could not establish a configuration source|"
    "Unable to process configuration file|s_p_parse_file|Communication connection failure|Connection refused"
)
_FIELDS = ("JobArrayID", "State", "RestartCnt", "NodeList", "Reason", "Command")
"""What squeue is asked for, each with a "|" behind it. The last one is a path, which may have that sign, too."""

_JOB = re.compile(r"\d+(_\d+)?")


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the batch system sees it.

    Attributes:
        id: Its number; of an array's task with the task's ("12_3").
        state: SLURM's word, in capitals.
        reason: SLURM's word on why it waits or ended; "" without one.
        restarts: How often it was queued again.
        node: The nodes it runs or ran on; "" before.
        script: Its batch script; "" where that is not known.
    """

    id: str
    state: str
    reason: str = ""
    restarts: int = 0
    node: str = ""
    script: str = ""

    @property
    def waits(self) -> bool:
        """Whether it is in the queue."""
        return self.state in WAITING

    @property
    def alive(self) -> bool:
        """Whether it waits, works, or is being cleared away, after which it may be back in the queue."""
        return self.waits or self.state in AT_WORK or self.state == "COMPLETING"

    def still_in(self, restarts: int) -> bool:
        """Whether its start after so many restarts is not over; while it is cleared away, its processes may work."""
        return self.alive and (self.restarts <= restarts or self.state == "COMPLETING")


class Knowing(Protocol):
    """Who can tell of jobs."""

    def jobs(self, ids: Sequence[str]) -> dict[str, Job]:
        """The jobs that the batch system still knows, by id."""
        ...


class Scheduler(Knowing, Protocol):
    """A batch system."""

    def submit(self, script: Path, words: Sequence[str] = ()) -> str:
        """Submits a script and returns the job's id."""
        ...

    def requeue(self, job: str) -> None:
        """Ends a job and queues it again."""
        ...

    def cancel(self, job: str) -> None:
        """Ends a job for good."""
        ...

    def start_now(self, job: str) -> None:
        """Lets a job that was queued again start as soon as there is room, without SLURM's pause."""
        ...


class RefusedError(ClusterError):
    """The batch system refused a script.

    Args:
        said: Its own words.
    """

    def __init__(self, said: str) -> None:
        super().__init__(f"SLURM refused the job: {said}")
        self.said = said


class Slurm:
    """SLURM, through sbatch, squeue, scontrol and scancel.

    Args:
        environ: The environment of these commands; the process's own by default.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = dict(os.environ if environ is None else environ)

    def available(self) -> bool:
        """Whether this machine has SLURM's commands."""
        return shutil.which("squeue", path=self._environ.get("PATH", os.defpath)) is not None

    def submit(self, script: Path, words: Sequence[str] = ()) -> str:
        """Submits a script.

        Args:
            script: The batch script.
            words: Further options of sbatch.

        Raises:
            RefusedError: SLURM refused it; the error has SLURM's words.
            ClusterError: There is no sbatch, or SLURM does not answer.
        """
        # What the job that we may be in was given must not reach the new one: srun reads these as options
        environ = {
            name: value
            for name, value in self._environ.items()
            if not name.startswith(("SLURM_", "SLURMD_", "SRUN_")) or name.startswith("SLURM_CONF")
        }
        done = self._ask(["sbatch", "--parsable", *words, str(script)], environ)
        if done.code == programs.NO_ANSWER or _UNREACHABLE.search(done.err):
            raise self._silence(_reason(done))
        if done.code:
            raise RefusedError(done.err or done.out)
        # "123" or, on a federation, "123;cluster"; a submit plugin may print before it
        found = re.search(r"(\d+)(;.*)?\s*\Z", done.out)
        if found is None:
            raise ClusterError(
                f"sbatch took the job, but answered {done.out!r} instead of its number; see `squeue --me`."
            )
        return found[1]

    def jobs(self, ids: Sequence[str]) -> dict[str, Job]:
        """The jobs that SLURM still knows.

        SLURM forgets a job some minutes after its end (MinJobAge); what is missing here is over. squeue is asked once
        for all of them. It keeps silent about some that scontrol still knows, which costs a question each: of those
        only the last ones given are asked about.

        Raises:
            ClusterError: There is no squeue, or SLURM does not answer.
        """
        wanted = [job for job in dict.fromkeys(ids) if _JOB.fullmatch(job)]
        if not wanted:
            return {}
        form = ",".join(f"{field}:|" for field in _FIELDS)
        words = ["squeue", "--noheader", "--array", "--states=all", "--jobs", ",".join(wanted), "--Format", form]
        done = self._ask(words)
        found: dict[str, Job] = {}
        if done.code == 0:
            for line in done.out.splitlines():
                parts = line.removesuffix("|").split("|", len(_FIELDS) - 1)
                fields = dict(zip(_FIELDS, map(_said, parts), strict=False))
                number, restarts = fields["JobArrayID"], fields.get("RestartCnt", "")
                if number in wanted and fields.get("State"):
                    count = int(restarts) if restarts.isdecimal() else 0
                    found[number] = Job(
                        number,
                        fields["State"],
                        fields.get("Reason", ""),
                        count,
                        fields.get("NodeList", ""),
                        fields.get("Command", ""),
                    )
        elif "Invalid job id" not in done.err:
            raise self._silence(_reason(done))
        for number in [number for number in wanted if number not in found][-_MOST_SHOWN:]:
            if (job := self._show(number)) is not None:
                found[number] = job
        return found

    def requeue(self, job: str) -> None:
        """Ends a job and queues it again.

        Raises:
            ClusterError: SLURM refuses.
        """
        self._do("scontrol", "requeue", job)

    def cancel(self, job: str) -> None:
        """Ends a job for good.

        Raises:
            ClusterError: SLURM refuses.
        """
        self._do("scancel", job)

    def start_now(self, job: str) -> None:
        """Lets a job that was queued again start without SLURM's pause of about two minutes.

        Raises:
            ClusterError: SLURM refuses, as while the job's last start is still being cleared away.
        """
        self._do("scontrol", "update", f"JobId={job}", "StartTime=now")

    def _show(self, number: str) -> Job | None:
        done = self._ask(["scontrol", "--oneliner", "show", "job", number])
        if done.code:
            return None
        fields = {key: _said(value) for key, value in re.findall(r"(\w+)=(\S*)", done.out)}
        if "JobState" not in fields:
            return None
        restarts = fields.get("Restarts", "")
        return Job(
            number,
            fields["JobState"],
            fields.get("Reason", ""),
            int(restarts) if restarts.isdecimal() else 0,
            fields.get("NodeList", ""),
        )

    def _do(self, *words: str) -> None:
        done = self._ask(words)
        if done.code:
            raise ClusterError(f"`{' '.join(words)}` was refused: {_reason(done)}.")

    def _silence(self, why: str) -> ClusterError:
        """The sentence on a SLURM that cannot be reached, with the variable that says where it is sought."""
        conf = self._environ.get("SLURM_CONF")
        where = f"SLURM_CONF is {conf}" if conf else "SLURM_CONF is not set"
        return ClusterError(
            f"SLURM does not answer ({why}; {where}). Try again, or ask who runs the cluster; the local one is found "
            'after eval "$(slurm/local/start)".'
        )

    def _ask(self, words: Sequence[str], environ: Mapping[str, str] | None = None) -> programs.Answer:
        conf = self._environ.get("SLURM_CONF")
        if conf and not Path(conf).is_file() and shutil.which(words[0], path=self._environ.get("PATH", os.defpath)):
            # SLURM itself would look for it for a minute
            raise self._silence("that file is not there")
        done = programs.ask(words, patience_s=_PATIENCE_S, environ=self._environ if environ is None else environ)
        if done is None:
            raise ClusterError(
                f"There is no `{words[0]}` on the PATH: this machine has no SLURM, or its module is not loaded. Go to "
                "the cluster's login node, or start a throw-away cluster here with `make slurm-local`."
            )
        return done


def _reason(done: programs.Answer) -> str:
    lines = [re.sub(r"^\w+: (error: |fatal: )?", "", line).strip() for line in (done.err or done.out).splitlines()]
    return "; ".join(dict.fromkeys(line for line in lines if line)).rstrip(".") or f"exit code {done.code}"


def _said(value: str) -> str:
    """A field's value, without SLURM's words for none."""
    return "" if value in {"None", "(null)", "N/A"} else value
