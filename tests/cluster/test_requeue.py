"""Asking for a requeue, with a small scontrol on the path that writes down what it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from kirie.cluster.requeue import PARENT_ASKS, job_of, request_requeue, restarts_of

SCONTROL = """#!/bin/sh
echo "$@" >> {log}
case "$1" in
show) echo "JobId=$3 JobName=x" ; echo "   JobState={state} Reason=None" ;;
requeue) exit {code} ;;
esac
"""


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """What scontrol was asked, a line each."""
    return tmp_path / "asked"


def _environ(tmp_path: Path, asked: Path, state: str = "RUNNING", code: int = 0, **more: str) -> dict[str, str]:
    program = tmp_path / "bin" / "scontrol"
    program.parent.mkdir(exist_ok=True)
    program.write_text(SCONTROL.format(log=asked, state=state, code=code))
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:/usr/bin:/bin", "SLURM_JOB_ID": "12", **more}


def test_once_an_incarnation(tmp_path: Path, asked: Path) -> None:
    """A second request of the same start is not passed on; after a restart it is."""
    markers = tmp_path / "requeues"
    environ = _environ(tmp_path, asked)
    assert [request_requeue(markers, environ) for _ in range(2)] == ["requeued", "already"]
    assert request_requeue(markers, environ | {"SLURM_RESTART_COUNT": "1"}) == "requeued"
    assert asked.read_text().splitlines().count("requeue 12") == 2


def test_of_an_array_only_the_own_task(tmp_path: Path, asked: Path) -> None:
    """The job's own number would be another task's, the array's that of all."""
    environ = _environ(tmp_path, asked, SLURM_ARRAY_JOB_ID="10", SLURM_ARRAY_TASK_ID="2")
    assert request_requeue(tmp_path / "requeues", environ) == "requeued"
    assert asked.read_text().splitlines() == ["show job 10_2", "requeue 10_2"]


@pytest.mark.parametrize("state", ["CANCELLED", "COMPLETING", "TIMEOUT", "PREEMPTED", "FAILED"])
def test_not_when_slurm_ends_the_job(tmp_path: Path, asked: Path, state: str) -> None:
    """A job that is being cancelled stays cancelled."""
    markers = tmp_path / "requeues"
    assert request_requeue(markers, _environ(tmp_path, asked, state)) == "ending"
    assert "requeue" not in asked.read_text()


def test_without_scontrol_or_where_it_refuses_the_script_asks(tmp_path: Path, asked: Path) -> None:
    """In a container there is none; the exit code then says it."""
    markers = tmp_path / "requeues"
    empty = tmp_path / "empty"
    empty.mkdir()
    assert request_requeue(markers, {"PATH": str(empty), "SLURM_JOB_ID": "12"}) == "by_script"
    refusing = _environ(tmp_path, asked, code=1, SLURM_RESTART_COUNT="1")
    assert request_requeue(markers, refusing) == "by_script"


def test_outside_slurm_nothing_happens(tmp_path: Path) -> None:
    """No job, no request, no folder."""
    markers = tmp_path / "requeues"
    assert request_requeue(markers, {}) == "no_job"
    assert not markers.exists()
    assert (job_of({"SLURM_JOB_ID": "x"}), restarts_of({"SLURM_RESTART_COUNT": ""})) == (None, 0)


def test_a_process_whose_parent_asks_does_not(tmp_path: Path, asked: Path) -> None:
    """A trial's training leaves it to the sweep's worker: asked twice, SLURM might start the job twice."""
    environ = _environ(tmp_path, asked) | {PARENT_ASKS: "1"}
    assert request_requeue(tmp_path / "requeues", environ) == "by_parent"
    assert not asked.exists()
