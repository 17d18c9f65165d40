"""What became of a run: by kirie's own record, lease and jobs where it has them, else by its log's last words."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kirie.cluster.holder import sign_of_life_unasked
from kirie.cluster.scheduler import Job, Knowing, Slurm
from kirie.cluster.status import statuses_of
from kirie.core.run import RunFolder
from kirie.errors import ClusterError
from kirie.runlog.reader.state import state_of

ALIVE = {"running", "queued"}
"""States that pass by themselves."""

_MOST_ASKED = 10_000
"""Jobs that are asked about at once: their numbers are words of one command."""
_WORDS = {
    "done": "finished",
    "running": "running",
    "queued": "queued",
    "preempted": "queued",
    "pending": "queued",
    "interrupted": "interrupted",
    "failed": "failed",
}


class Asked:
    """SLURM's last word on the jobs of runs; without SLURM there is none."""

    def __init__(self, slurm: Slurm | None = None) -> None:
        self._slurm = slurm or Slurm()
        self._there: bool | None = None
        self._answer: _Answer | None = None

    def ask(self, folders: Sequence[RunFolder]) -> dict[Path, str]:
        """Asks SLURM about the jobs of runs that are not over by their records.

        Returns:
            The states of kirie's runs by folder.
        """
        if self._there is None:
            self._there = self._slurm.available()
        self._answer = None
        if self._there:
            try:
                found = _states(folders, self)
                # Where there is no job there is no question
                self._answer = self._answer or _Answer(frozenset(), frozenset(), {})
                # Of runs with jobs that were too many to ask about, SLURM's word is not to be used
                return self.states(folders) if self._answer.left else found
            except ClusterError:
                # Without it leases and records have to do
                pass
            except Exception:
                traceback.print_exc(file=sys.stderr)
        return self.states(folders)

    def jobs(self, ids: Sequence[str]) -> dict[str, Job]:
        """Asks SLURM about jobs, those of the newest runs last.

        Raises:
            ClusterError: SLURM does not answer.
        """
        found = self._slurm.jobs(ids[-_MOST_ASKED:])
        about = frozenset(ids[-_MOST_ASKED:])
        self._answer = _Answer(about, frozenset(ids) - about, found)
        return found

    def states(self, folders: Iterable[RunFolder]) -> dict[Path, str]:
        """The states of kirie's runs by folder, asking nobody: by SLURM's last word, where it was asked about all jobs
        of a run, else from records and leases alone; nothing is written into them. One that was submitted since, and
        shows no life yet, counts as queued.

        One that cannot be told is left out.
        """
        found: dict[Path, str] = {}
        for folder in folders:
            try:
                try:
                    found |= _states([folder], self._answer)
                except _NewJobError:
                    alone = _states([folder], None)
                    # Just submitted: what its record tells of an end is older
                    found |= {path: "queued" if state == "crashed" else state for path, state in alone.items()}
                except ClusterError:
                    found |= _states([folder], None)
            except Exception:
                # What lies in a stranger's folder may be anything; one that we cannot take keeps back no other
                traceback.print_exc(file=sys.stderr)
        return found


class _NewJobError(ClusterError):
    """A job was submitted after SLURM was asked."""


class _Answer(NamedTuple):
    """What SLURM said.

    Attributes:
        about: The jobs that it was asked about: what it did not know of them is over.
        left: Jobs that were too many to ask about.
        known: Those that it knows.
    """

    about: frozenset[str]
    left: frozenset[str]
    known: dict[str, Job]

    def jobs(self, ids: Sequence[str]) -> dict[str, Job]:
        if self.about.issuperset(ids):
            return self.known
        if self.left.isdisjoint(ids):
            raise _NewJobError("SLURM was not asked about these jobs yet.")
        raise ClusterError("There were too many jobs to ask SLURM about these.")


def _states(folders: Iterable[RunFolder], slurm: Knowing | None) -> dict[Path, str]:
    found = statuses_of(folders, slurm, sign_of_life_unasked)
    return {Path(status.folder): _WORDS.get(status.state, "crashed") for status in found}


def state_by_log(facts: Mapping[str, Any], silent_s: float) -> str:
    """The state of another program's run.

    Args:
        facts: What its segments said.
        silent_s: Seconds since its newest log grew.
    """
    code = facts["exit"][0] if facts["exit"] else None
    return state_of(code, preempting=facts["preempting"], silent_s=silent_s)
