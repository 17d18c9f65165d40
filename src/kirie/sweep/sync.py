"""Uploading offline runs with W&B's own client, and attaching the runs of a sweep to one at W&B.

A run that was stopped and gone on with has several W&B files, its segments. The client sends those of one id one after
the other, and puts a marker beside each that has arrived, so that a repeat sends only what is new.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kirie.cluster.holder import server_time
from kirie.cluster.lease import is_free
from kirie.cluster.requeue import cluster_of, job_alive, job_of, restarts_of
from kirie.core import programs
from kirie.core.run import RunFolder
from kirie.errors import RunError, SweepError
from kirie.runlog.agent import RUN, SWEEP

AT_A_TIME = 20
"""Runs that one call of the client gets: its start costs a second, and its words are shown after each."""

_PATIENCE_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Segments:
    """A run's W&B files that were written offline.

    Attributes:
        run: The run.
        paths: The files, oldest first.
    """

    run: RunFolder
    paths: tuple[Path, ...]

    @property
    def waiting(self) -> tuple[Path, ...]:
        """Those that W&B has not got yet."""
        return tuple(path for path in self.paths if not path.with_suffix(".wandb.synced").exists())


@dataclass(frozen=True, slots=True)
class Synced:
    """What became of runs.

    Attributes:
        uploaded: Ids of runs of which something new was uploaded, whole.
        before: Ids of those that were uploaded before.
        training: Ids of those that are being trained and were left alone.
        failed: Ids of those that did not arrive.
        said: The client's words about a failure; "" without one.
    """

    uploaded: tuple[str, ...]
    before: tuple[str, ...]
    training: tuple[str, ...]
    failed: tuple[str, ...]
    said: str


def offline_runs(places: Sequence[Path]) -> list[Segments]:
    """The runs that have W&B files written offline.

    Args:
        places: Folders of runs, or runs.

    Raises:
        RunError: A place is no folder.
    """
    found: dict[Path, Segments] = {}
    for place in places:
        if not place.is_dir():
            raise RunError(f"There is no folder {place}; name a folder of runs, or a run.")
        for folder in [place, *sorted(path for path in place.iterdir() if path.is_dir())]:
            if paths := sorted(folder.glob("wandb/offline-run-*/run-*.wandb")):
                found[folder.resolve()] = Segments(RunFolder(folder), tuple(paths))
    return list(found.values())


def online_runs(places: Sequence[Path], wanted: Collection[str]) -> list[str]:
    """Those of the wanted run ids that were logged to W&B while they were trained.

    Args:
        places: Folders of runs.
        wanted: Ids of runs.
    """
    return sorted(run for run in wanted if any(any(place.glob(f"{run}/wandb/run-*-{run}")) for place in places))


def upload(runs: Sequence[Segments], *, project: str | None, say: Callable[[str], None]) -> Synced:
    """Uploads what W&B has not got yet.

    Args:
        runs: The runs.
        project: W&B's project for all of them; None: the one that each was started with.
        say: Gets a line as it goes on.
    """
    training = {each.run.path for each in runs if each.waiting and _trains(each.run)}
    waiting = [each for each in runs if each.waiting and each.run.path not in training]
    before = [each for each in runs if not each.waiting]
    said: list[str] = []
    for at in range(0, len(waiting), AT_A_TIME):
        some = waiting[at : at + AT_A_TIME]
        said += _sent([path.parent for each in some for path in each.waiting], project)
        say(f"{min(at + AT_A_TIME, len(waiting))} of {len(waiting)} runs")
    failed = [each for each in waiting if each.waiting]
    uploaded = [each for each in waiting if not each.waiting]
    complaint = next((line for line in said if "ERROR" in line), said[-1] if said else "its client said nothing")
    return Synced(
        _ids(uploaded),
        _ids(before),
        tuple(sorted(path.name for path in training)),
        _ids(failed),
        complaint.removeprefix("wandb: ").removeprefix("ERROR ").strip() if failed else "",
    )


def check_upload(synced: Synced) -> None:
    """Complains of runs that did not arrive.

    Raises:
        SweepError: There are some.
    """
    if synced.failed:
        count = len(synced.failed)
        raise SweepError(
            f"{count} run{'s' * (count > 1)} did not reach W&B ({', '.join(synced.failed[:5])}"
            f"{', ...' * (count > 5)}): {synced.said.rstrip('.')}. {len(synced.uploaded)} did; repeat the command "
            "for the rest."
        )


def _sent(folders: Sequence[Path], project: str | None) -> list[str]:
    """Runs the client on segments; the lines that it said. Whether they arrived, the markers tell."""
    # An upload that names a sweep which never handed the run out is refused
    environ = {name: value for name, value in os.environ.items() if name not in {SWEEP, RUN, "WANDB_SILENT"}}
    words = [sys.executable, "-m", "wandb", "sync", *(["--project", project] if project else []), *map(str, folders)]
    done = programs.ask(words, patience_s=_PATIENCE_S, environ=environ)
    text = "" if done is None else f"{done.out}\n{done.err}"
    return [line for line in map(str.strip, text.splitlines()) if line.removeprefix("wandb:").strip()]


def _trains(run: RunFolder) -> bool:
    """Whether a process trains the run: its newest file still grows."""
    if not run.lease.is_dir():
        return False
    now = server_time(run.lease)
    return not is_free(run, now=now, job=job_of(), restarts=restarts_of(), cluster=cluster_of(), is_alive=job_alive)


def _ids(runs: Sequence[Segments]) -> tuple[str, ...]:
    return tuple(sorted({run for each in runs for run in _names(each)}))


def _names(segments: Segments) -> Iterator[str]:
    for path in segments.paths:
        yield path.stem.removeprefix("run-")
