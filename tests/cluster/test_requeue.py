"""Asking for a requeue, with a small scontrol on the path that writes down what it is asked."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kirie.cluster import requeue as requeue_module
from kirie.cluster.requeue import PARENT_ASKS, job_alive, job_of, request_requeue, restarts_of

SCONTROL = """#!/bin/sh
echo "$@" >> {log}
case "$1" in
show) echo "JobId=$3 JobName=x" ; echo "   JobState={state} Reason=None Restarts=1" ;;
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
    # Asked twice it is still the script's to ask
    assert request_requeue(markers, {"PATH": str(empty), "SLURM_JOB_ID": "12"}) == "by_script"
    refusing = _environ(tmp_path, asked, code=1, SLURM_RESTART_COUNT="1")
    assert request_requeue(markers, refusing) == "by_script"


@pytest.mark.parametrize(
    ("state", "alive"),
    [("RUNNING", True), ("PENDING", True), ("COMPLETING", True), ("COMPLETED", False), ("NODE_FAIL", False)],
)
def test_slurms_word_on_a_job(tmp_path: Path, asked: Path, state: str, alive: bool) -> None:
    """Ended is what SLURM says has ended."""
    environ = _environ(tmp_path, asked, state)
    assert job_alive("7", 1, environ) is alive
    # A start that SLURM has counted past is over, but for processes that are cleared away
    assert job_alive("7", 0, environ) is (state == "COMPLETING")


def test_a_job_that_slurm_does_not_know_may_be_anothers(
    tmp_path: Path, asked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error, no scontrol, or one that hangs: nothing is known, and soon."""
    assert requeue_module._SHORT_S <= 5
    monkeypatch.setattr(requeue_module, "_SHORT_S", 0.3)
    environ = _environ(tmp_path, asked)
    program = Path(environ["PATH"].split(":")[0]) / "scontrol"
    began = time.monotonic()
    for script in ("echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1", "exec sleep 60"):
        program.write_text(f"#!/bin/sh\n{script}\n")
        assert job_alive("7", 0, environ) is None
    program.unlink()
    assert job_alive("7", 0, environ) is None
    assert time.monotonic() - began < 10


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
