"""A sweep's workers as an array of real jobs: killed, cancelled, preempted; the number of trials stays exact."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.slurm.cluster import Desk, Sent, ask, kirie, training

from kirie.core.run import RunFolder
from kirie.sweep.folder import SweepFolder
from kirie.sweep.ledger import Ledger

CHAOS = Path(__file__).resolve().parents[2] / "benchmarks" / "sweepchaos.py"


def test_a_short_chaos() -> None:
    """Six trials, two workers; killed workers and trials, cancelled tasks, a full restart: six ended, none twice."""
    words = [sys.executable, str(CHAOS), "--trials", "6", "--workers", "2", "--blows", "4", "--every", "8", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode in {0, 1}, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["ended"], found["lost"], found["doubled"], found["continuous"]) == (6, 0, 0, True), found


def test_a_task_that_is_told_to_end_is_queued_again_once(desk: Desk) -> None:
    """The signal before the time limit: the trial saves and is given back, one request, and the sweep ends whole."""
    folder = _start(desk, trials=1, epochs=4)
    task = f"{_job(folder)}_0"
    log = folder.log(task)
    sent = Sent(task, _run(desk, folder, task), log)
    before = sent.until_step(6)
    ask("scancel", "--batch", "--signal=USR1", task)
    sent.until_queued_again()
    sent.until_over()
    assert sent.restarts() == 1, log.read_text()
    (trial,) = Ledger.open(folder).trials()
    assert (trial.state, trial.attempts, trial.error) == ("finished", 2, ""), log.read_text()
    assert trial.iterations == 4
    second = folder.trial(0).log(2).read_text()
    assert int(second.split("resumed at step ")[1].split()[0]) >= before


def test_a_cancelled_array_loses_nothing(desk: Desk) -> None:
    """`scancel` is not undone; the same command goes on to the total."""
    folder = _start(desk, trials=1, epochs=4)
    task = f"{_job(folder)}_0"
    sent = Sent(task, _run(desk, folder, task), folder.log(task))
    sent.until_step(6)
    ask("scancel", _job(folder))
    sent.until_over()
    assert sent.restarts() == 0
    assert Ledger.open(folder).trials()[0].state == "interrupted"
    again = _start(desk, trials=1, epochs=4)
    task = f"{_job(again)}_0"
    Sent(task, sent.run, folder.log(task)).until_over()
    assert Ledger.open(folder).trials()[0].state == "finished", folder.log(task).read_text()


def _start(desk: Desk, *, trials: int, epochs: int) -> SweepFolder:
    words = [*training(desk.store), f"train.epochs={epochs}", "trainer.checkpoint_steps=2"]
    spec = {
        "method": "grid",
        "metric": {"name": "val/miou", "goal": "maximize"},
        "command": ["kirie", "train", *words, "${args_no_hyphens}"],
        "parameters": {"seed": {"values": list(range(1, trials + 1))}},
    }
    (desk.folder / "one.yaml").write_text(json.dumps(spec), encoding="utf-8")
    kirie(desk.folder, "submit", "sweep", "one.yaml", "cluster=local", "workers=1", "cluster.extra=[-wkirie-n1]")
    return SweepFolder(desk.folder / "sweeps" / "one")


def _job(folder: SweepFolder) -> str:
    return str(json.loads(folder.jobs.read_text().splitlines()[-1])["job"])


def _run(desk: Desk, folder: SweepFolder, task: str) -> RunFolder:
    """The run of the first trial, once its worker knows it."""
    sent = Sent(task, RunFolder(folder.path), folder.log(task))
    sent.until(lambda: Ledger.open(folder).trials()[0].run is not None, "the first trial")
    return RunFolder(desk.folder / "runs" / str(Ledger.open(folder).trials()[0].run))
