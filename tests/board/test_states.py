"""What becomes of runs of which no log tells, by kirie's record and by SLURM: its own commands, in the place of which
stands a script that answers as they do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.board.conftest import Desk, silent, steps, write_log

from kirie.board import judge, states
from kirie.board.indexer import Indexer
from kirie.board.place import BoardPlace
from kirie.board.states import Asked
from kirie.board.turn import Turn
from kirie.cluster.scheduler import Slurm
from kirie.core.run import RunFolder
from kirie.runlog.reader import kirie_folder


class Cluster:
    """A squeue that knows one job, and notes what it is asked.

    Args:
        folder: Where it lies.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._state, self._asked = folder / "state", folder / "asked"
        self._asked.write_text("")
        for name in ("squeue", "scontrol"):
            (folder / name).write_text(
                f'#!/bin/sh\necho "{name} $*" >> {self._asked}\n[ {name} = squeue ] || exit 1\n'
                f'echo "4711|$(cat {self._state})|1|node1|BeginTime|job.sbatch|"\n'
            )
            (folder / name).chmod(0o755)
        self.slurm = Slurm({"PATH": f"{folder}:/usr/bin:/bin"})

    def says(self, state: str) -> None:
        """Moves the job."""
        self._state.write_text(state)

    def asked(self) -> list[str]:
        """The questions so far."""
        return self._asked.read_text().splitlines()


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    """With the job in the queue."""
    found = Cluster(tmp_path / "bin")
    found.says("PENDING")
    return found


@pytest.fixture
def desk(tmp_path: Path, place: BoardPlace, cluster: Cluster) -> Iterator[Desk]:
    """Over an empty folder, with SLURM."""
    (tmp_path / "runs").mkdir()
    found = Desk(tmp_path / "runs", place)
    found.index = Indexer(tmp_path / "runs", found.cache, Turn(place.cache / "index.lock"), Asked(cluster.slurm))
    yield found
    found.close()


def kirie_run(runs: Path, run_id: str, state: str, job: str | None = None, **said: Any) -> RunFolder:
    """A run of kirie whose log and holder are silent."""
    folder = RunFolder(runs / run_id)
    silent(write_log(folder.path, run_id, steps([1.0]), exit_code=None, **said), 3600)
    told(folder, state)
    if job is not None:
        submit(folder, job)
    return folder


def told(folder: RunFolder, state: str) -> None:
    """Writes a run's record."""
    record = {"id": folder.path.name, "name": "unet", "state": state, "resumed": 0}
    record |= {
        "started": "2026-01-01T00:00:00+00:00",
        "ended": "" if state == "running" else "2026-01-01T00:01:00+00:00",
    }
    folder.record.write_text(json.dumps(record), encoding="utf-8")
    folder.metrics.write_text("{}", encoding="utf-8")


def submit(folder: RunFolder, job: str, day: int = 2) -> None:
    """Notes a submission, as `kirie submit` does."""
    when = f"2026-01-{day:02}T00:00:00+00:00"
    made = {"job": job, "submitted": when, "cluster": "c", "log": "none", "script": "job.sbatch"}
    with folder.jobs.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(made) + "\n")


def test_slurm_is_asked_about_a_run_that_looks_dead(
    tmp_path: Path, desk: Desk, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a dead node its job waits in the queue, though record and lease tell of no life."""
    monkeypatch.setattr(judge, "ASK_S", 0.0)
    monkeypatch.setattr(judge, "_SHARE", 1e9)
    kirie_run(tmp_path / "runs", "dead", "running", "4711")
    for said, state in (("PENDING", "queued"), ("NODE_FAIL", "crashed"), ("PENDING", "queued"), ("RUNNING", "running")):
        cluster.says(said)
        desk.index.look()
        assert desk.library.row("dead")["state"] == state


def test_slurm_is_asked_rarely_and_about_no_run_that_is_over(tmp_path: Path, desk: Desk, cluster: Cluster) -> None:
    """Once for many looks; its word stands meanwhile, whatever else is read. Other programs' runs are no jobs."""
    dead = kirie_run(tmp_path / "runs", "dead", "running", "4711")
    kirie_run(tmp_path / "runs", "done", "done", "4712")
    silent(write_log(tmp_path / "runs", "other", steps([1.0]), exit_code=None), 3600)
    told(dead, "preempted")
    for _ in range(5):
        desk.look()
    assert {run: desk.library.row(run)["state"] for run in desk.library.ids()} == {
        "dead": "queued", "done": "finished", "other": "crashed"
    }  # fmt: skip
    (question,) = cluster.asked()
    assert "--jobs 4711 " in question


def test_a_run_that_is_over_keeps_its_state_beside_a_living_one_of_its_id(tmp_path: Path, desk: Desk) -> None:
    """SLURM and lease are asked about the other alone."""
    kirie_run(tmp_path / "runs" / "a", "twin", "done", project="a")
    kirie_run(tmp_path / "runs" / "b", "twin", "running", "4711", project="b")
    for _ in range(3):
        desk.look()
    assert {desk.library.row(run)["state"] for run in desk.look()} == {"finished", "queued"}


@pytest.mark.parametrize("again", [False, True])
def test_a_changed_record_is_noticed(tmp_path: Path, place: BoardPlace, desk: Desk, again: bool) -> None:
    """Also that of a run that was over, whose log says nothing new; and by a board that is started later."""
    folder = kirie_run(tmp_path / "runs", "one", "done")
    desk.look()
    assert desk.library.row("one")["state"] == "finished"
    told(folder, "failed")
    if again:
        desk.close()
        desk = Desk(tmp_path / "runs", place)
    desk.look()
    assert desk.library.row("one")["state"] == "failed"
    if again:
        desk.close()


def test_a_new_submission_is_noticed(
    tmp_path: Path, desk: Desk, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its record tells of its end no longer counts then: it is queued, until SLURM is asked and says otherwise."""
    folder = kirie_run(tmp_path / "runs", "one", "failed")
    desk.look()
    assert desk.library.row("one")["state"] == "failed"
    submit(folder, "4711")
    desk.look()
    assert desk.library.row("one")["state"] == "queued"
    assert len(cluster.asked()) == 0
    for said, state in (("RUNNING", "running"), ("NODE_FAIL", "crashed")):
        cluster.says(said)
        monkeypatch.setattr(desk.index._judge, "_next", 0.0)
        desk.look()
        assert desk.library.row("one")["state"] == state


def test_jobs_that_were_too_many_to_ask_about_are_not_over(
    tmp_path: Path, desk: Desk, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That SLURM told nothing of them means nothing: records and leases tell of their runs, now and at later looks."""
    monkeypatch.setattr(states, "_MOST_ASKED", 1)
    kirie_run(tmp_path / "runs", "old", "preempted", "4710")
    submit(kirie_run(tmp_path / "runs", "new", "running"), "4711", day=3)
    for _ in range(3):
        desk.look()
        assert {run: desk.library.row(run)["state"] for run in desk.library.ids()} == {"old": "queued", "new": "queued"}
    (question,) = cluster.asked()
    assert "--jobs 4711 " in question


def test_nobody_waits_for_the_folders_of_runs(tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """While they are looked at, on a slow file server perhaps, the page's questions are answered."""
    page, answered = ThreadPoolExecutor(1), []

    def looked(log: Path) -> Path | None:
        answered.append(page.submit(desk.library.ids).result(1))
        return real(log)

    real = kirie_folder.of
    kirie_run(tmp_path / "runs", "one", "running")
    desk.look()
    monkeypatch.setattr(kirie_folder, "of", looked)
    monkeypatch.setattr(desk.index._judge, "_next", 0.0)
    desk.index._judge.look()
    page.shutdown(wait=False)
    assert answered
    assert set(map(tuple, answered)) == {("one",)}
