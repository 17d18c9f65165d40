"""`kirie submit train` and `kirie runs` on a real cluster."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.slurm.cluster import Desk, ask, kirie, training
from tests.train.stops import differing

from kirie.core.run import RunFolder


def test_a_submitted_training_is_the_same_training(desk: Desk, whole: RunFolder) -> None:
    """Same id, same weights; while its job lives it is not submitted twice, and afterwards it is done."""
    sent = desk.submit("cluster.extra=[-wkirie-n1,--hold]")
    assert sent.run.path.name == whole.path.name
    assert desk.state()["state"] == "queued"
    again = kirie(desk.folder, "submit", "train", "cluster=local", *training(desk.store))
    assert (again["job"], again["run"]) == (sent.job, sent.run.path.name)
    assert Desk.jobs_of(desk.folder) == [sent.job]

    ask("scontrol", "release", sent.job)
    sent.until_step(1)
    assert desk.state()["state"] == "running"
    sent.until_done()
    assert desk.state()["state"] == "done"
    assert differing(whole, sent.run) == []
    assert sent.run.history.read_text() == whole.history.read_text()


def test_an_error_in_the_job_is_shown(desk: Desk, shapes_store: Path) -> None:
    """The store went away while the job waited: `kirie runs` says so in the job's own words, and it is not repeated."""
    own = shutil.copytree(shapes_store, desk.folder / "store")
    sent = desk.submit(f"data.store={own}", "cluster.extra=[-wkirie-n1,--hold]")
    shutil.rmtree(own)
    ask("scontrol", "release", sent.job)
    sent.until_over()
    state = desk.state()
    assert state["state"] == "failed"
    assert str(own) in state["note"]
    assert sent.restarts() == 0


def test_one_that_died_without_a_word(desk: Desk) -> None:
    """Killed for good: `kirie runs` says that it died, and of what."""
    sent = desk.submit("cluster.max_restarts=0")
    sent.until_step(1)
    ask("scancel", "--signal=KILL", f"{sent.job}.0")
    sent.until_over()
    assert desk.state()["state"] == "died"
    assert "137" in desk.state()["note"]


def test_a_refusal_is_one_sentence(desk: Desk) -> None:
    """SLURM's reason and the template's line, and nothing is left in the queue."""
    words = ["submit", "train", "cluster=local", *training(desk.store), "cluster.partition=nowhere"]
    said = kirie(desk.folder, *words, code=2)["error"]
    assert "invalid partition" in said.lower()
    assert "train.sbatch" in said
    assert Desk.jobs_of(desk.folder) == []


@pytest.mark.xdist_group("second node")
@pytest.mark.usefixtures("second_node")
def test_two_nodes_train_as_two_processes_of_one(desk: Desk, pair: RunFolder) -> None:
    """One process on each node: the id and the weights of two processes on one machine, to the bit."""
    sent = desk.submit("nodes=2")
    sent.until_done()
    assert sent.run.path.name == pair.path.name
    assert differing(pair, sent.run) == []
