"""What became of a run: by kirie's own record, lease and jobs where it has them, else by its log's last words."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kirie.cluster.holder import sign_of_life_unasked
from kirie.cluster.scheduler import Job, Slurm
from kirie.cluster.status import statuses_of
from kirie.core.run import RunFolder
from kirie.errors import ClusterError
from kirie.runlog.reader.state import state_of

ALIVE = {"running", "queued"}
"""States that pass by themselves."""

_SLURM_PATIENCE_S = 15.0
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
    """SLURM, asked for the same jobs once in a while only; without SLURM there is nothing to ask."""

    def __init__(self, slurm: Slurm | None = None) -> None:
        self._slurm = slurm or Slurm()
        self._there: bool | None = None
        self._answers: dict[tuple[str, ...], tuple[float, dict[str, Job]]] = {}

    def states(self, folders: Sequence[RunFolder]) -> dict[Path, str]:
        """The states of kirie's runs by folder, with SLURM's word where it can be had."""
        if self._there is None:
            self._there = self._slurm.available()
        if self._there:
            try:
                return _states(folders, self)
            except ClusterError:
                # Without it leases and records have to do
                pass
            except Exception:
                traceback.print_exc(file=sys.stderr)
        return states_without_slurm(folders)

    def jobs(self, ids: Sequence[str]) -> dict[str, Job]:
        """The jobs that SLURM knows, as of a few seconds ago.

        Raises:
            ClusterError: SLURM does not answer.
        """
        key, now = tuple(ids), time.monotonic()
        if key not in self._answers or now - self._answers[key][0] > _SLURM_PATIENCE_S:
            self._answers = {key: (now, self._slurm.jobs(ids))}
        return self._answers[key][1]


def states_without_slurm(folders: Iterable[RunFolder]) -> dict[Path, str]:
    """The states of kirie's runs by folder, from their records and leases alone; nothing is written into them.

    One that cannot be told is left out.
    """
    found: dict[Path, str] = {}
    for folder in folders:
        try:
            found |= _states([folder], None)
        except Exception:
            # What lies in a stranger's folder may be anything; one that we cannot take must not keep back the others
            traceback.print_exc(file=sys.stderr)
    return found


def _states(folders: Iterable[RunFolder], asked: Asked | None) -> dict[Path, str]:
    found = statuses_of(folders, asked, sign_of_life_unasked)
    return {Path(status.folder): _WORDS.get(status.state, "crashed") for status in found}


def state_by_log(facts: Mapping[str, Any], silent_s: float) -> str:
    """The state of another program's run.

    Args:
        facts: What its segments said.
        silent_s: Seconds since its newest log grew.
    """
    code = facts["exit"][0] if facts["exit"] else None
    return state_of(code, preempting=facts["preempting"], silent_s=silent_s)
