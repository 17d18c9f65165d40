"""What a run's folder tells of it: record, lease, submissions, and what a `dvc repro` waits for; read once, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kirie.cluster.checked import checked
from kirie.cluster.holder import Holder, read_holder
from kirie.cluster.pending import Pending, file_of
from kirie.cluster.submissions import Submission, submissions
from kirie.core.run import RunFolder
from kirie.errors import KirieError, RunError

STATES = ("running", "preempted", "interrupted", "failed", "done")
"""Those of a run record. preempted: a cluster took the machine away and will give one again. interrupted: a person
stopped it."""


@dataclass(frozen=True, slots=True)
class Record:
    """What `kirie runs` tells of a run record.

    Attributes:
        name: Model and encoder; "" before the training has begun.
        state: The state as the training wrote it last; None without a record.
        resumed: How often it was taken up again.
        started: When it began, ISO 8601; "" before.
        ended: When its last attempt ended, ISO 8601; "" before.
        error: The last line of its error; "" without one.
    """

    name: str = ""
    state: str | None = None
    resumed: int = 0
    started: str = ""
    ended: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Traces:
    """All that one folder tells.

    Attributes:
        run: The folder.
        record: Its record.
        holder: Who trains it, or did last.
        made: Its submissions, the newest last.
        waits: What a `dvc repro` waits for; None where this is a training.
        damage: What cannot be read of all this; "" if all can.
    """

    run: RunFolder
    record: Record = Record()
    holder: Holder | None = None
    made: Sequence[Submission] = ()
    waits: Pending | None = None
    damage: str = ""

    @property
    def over(self) -> bool:
        """Whether no job can change what became of it."""
        return bool(self.damage) or self.record.state == "done"

    @property
    def tried_again(self) -> bool:
        """Whether it was submitted after the end that its record tells."""
        return bool(self.made) and bool(self.record.ended) and self.made[-1].submitted > self.record.ended

    @property
    def since(self) -> str:
        """When it was last submitted or taken, ISO 8601; "" if it never was."""
        submitted = self.made[-1].submitted if self.made else ""
        return max(submitted, self.holder.since if self.holder is not None else "")

    @property
    def jobs(self) -> list[str]:
        """Its jobs, the newest last; also one that was not sent by `kirie submit`."""
        ours = [entry.job for entry in self.made]
        if self.holder is not None and self.holder.job is not None and self.holder.job not in ours:
            ours.append(self.holder.job)
        return ours


def leaves_traces(run: RunFolder) -> bool:
    """Whether a folder is a run's."""
    try:
        return run.record.is_file() or run.jobs.is_file() or file_of(run).is_file()
    except OSError:
        # Somebody else's: to be listed as one that cannot be read
        return True


def read_traces(run: RunFolder) -> Traces:
    """Reads what a folder tells; what is damaged is told, not raised."""
    try:
        record = _record(run) if run.record.is_file() else Record()
        return Traces(run, record, read_holder(run), submissions(run), Pending.read(run))
    except KirieError as error:
        return Traces(run, damage=str(error))
    except OSError as error:
        return Traces(run, damage=f"{run.path} cannot be read ({error.strerror}).")


def _record(run: RunFolder) -> Record:
    content: Mapping[str, Any] = run.read_record()
    error = str(content.get("error") or "").strip().splitlines()
    known = {key: content[key] for key in ("name", "state", "resumed", "started", "ended") if key in content}
    try:
        found = checked(Record, known | {"error": error[-1] if error else ""})
        if found.resumed < 0 or found.state not in STATES:
            raise TypeError
    except TypeError:
        raise RunError(
            f"The run record {run.record} is damaged: its name, state, resumed or a time is not what kirie writes."
        ) from None
    if found.state == "done":
        # Written before the record says so
        run.read_metrics()
    return found
