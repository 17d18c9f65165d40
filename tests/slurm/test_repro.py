"""`kirie submit repro` on a real cluster: a DVC pipeline whose trainings are jobs beside each other."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.slurm.cluster import PATIENCE_S, Desk, Sent, ask, kirie, training
from tests.train.stops import differing

from kirie.cluster.pending import Pending
from kirie.core.run import RunFolder

PIPELINE = """\
stages:
  train:
    matrix: {{seed: [1, 2]}}
    cmd: kirie train {words} seed=${{item.seed}} --out out/train/${{item.seed}}
    outs: ["out/train/${{item.seed}}"]
  last:
    cmd: cat out/train/*/metrics.json > out/last
    deps: [out/train/1, out/train/2]
    outs: [out/last]
"""

WORDS = ("submit", "repro", "cluster=local", "cluster.repro.poll=1", "cluster.extra=[-wkirie-n1]")


@pytest.fixture
def pipeline(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A DVC repository of two trainings and what comes after them; the waiting job's folder."""
    # The stages call `kirie` by name; a job has the environment that it was submitted with
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    (desk.folder / "dvc.yaml").write_text(PIPELINE.format(words=shlex.join(training(desk.store))))
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet", "--no-scm"], cwd=desk.folder, check=True)
    return RunFolder(desk.folder / "runs" / "repro")


def test_trainings_survive_preemption_and_the_end_of_the_wait(
    desk: Desk, pipeline: RunFolder, whole: RunFolder
) -> None:
    """One training is preempted, then the wait is cancelled: pending. Repeated: the same two jobs, both published."""
    first = kirie(desk.folder, *WORDS)
    assert first["stages"] == ["train@1", "train@2"]
    waits = _until(lambda: _waiting_for(pipeline, 2), "two trainings")
    sent = [
        Sent(str(each.job), RunFolder(Path(each.run)), RunFolder(Path(each.run)).log(str(each.job))) for each in waits
    ]
    sent[0].until_step(3)
    ask("scancel", "--signal=USR1", sent[0].job)
    sent[1].until_step(3)
    # Both have trained, and neither is through: they run beside each other
    assert [each.run.metrics.exists() for each in sent] == [False, False]
    sent[0].until_queued_again()

    ask("scancel", first["job"])
    Sent(first["job"], pipeline, Path(first["log"])).until_over()
    (told,) = [row for row in kirie(desk.folder, "runs")["runs"] if row["run"] == "repro"]
    assert told["state"] == "pending"
    assert "of 2 trainings" in told["note"]

    again = kirie(desk.folder, *WORDS)
    assert again["job"] != first["job"]
    _until(lambda: _state_of(pipeline) == "done", "the pipeline's end", Path(again["log"]))
    waits = _waiting_for(pipeline, 2)
    assert {each.job for each in waits} <= {*(each.job for each in sent), None}, "a training was submitted twice"
    assert sent[0].restarts() == 1
    assert (desk.folder / "out" / "last").is_file()
    assert RunFolder(desk.folder / "out/train/1").read_metrics() == whole.read_metrics()
    assert differing(whole, sent[0].run) == []
    said = subprocess.run(
        [sys.executable, "-m", "dvc", "status"], cwd=desk.folder, capture_output=True, text=True, check=True
    )
    assert "up to date" in said.stdout


def _waiting_for(folder: RunFolder, count: int) -> tuple[Any, ...]:
    found = Pending.read(folder)
    return found.trainings if found is not None and len(found.trainings) == count else ()


def _state_of(folder: RunFolder) -> str:
    found = Pending.read(folder)
    return "" if found is None else found.state


def _until(happened: Callable[[], Any], what: str, log: Path | None = None) -> Any:
    end = time.monotonic() + PATIENCE_S
    while not (found := happened()):
        printed = log.read_text() if log is not None and log.is_file() else ""
        assert time.monotonic() < end, f"{what} did not happen\n{printed}"
        time.sleep(0.2)
    return found
