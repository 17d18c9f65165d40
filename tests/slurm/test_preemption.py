"""Whatever comes: the job is queued again exactly once, and its weights are those of the training left in peace."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.slurm.cluster import Desk, Sent, ask, kirie, training
from tests.train.stops import differing

from kirie.core.run import RunFolder


@pytest.mark.parametrize("name", ["USR1", "USR2", "TERM"])
def test_a_grace_signal(desk: Desk, whole: RunFolder, name: str) -> None:
    """A checkpoint where it stands, one requeue, and the same end."""
    sent = desk.submit()
    before = sent.until_step(12)
    ask("scancel", f"--signal={name}", sent.job)
    _ends_like(whole, sent, least=before)
    assert desk.state()["resumed"] == 1


def test_a_signal_to_the_batch_shell_alone(desk: Desk, whole: RunFolder) -> None:
    """`--signal=B:` and `scancel --batch`: the script hands it on."""
    sent = desk.submit()
    before = sent.until_step(12)
    ask("scancel", "--batch", "--signal=USR1", sent.job)
    _ends_like(whole, sent, least=before)


def test_an_interrupt_is_a_persons(desk: Desk, whole: RunFolder) -> None:
    """SIGINT ends the job for good; the same command submits it again, and it goes on."""
    sent = desk.submit()
    before = sent.until_step(12)
    ask("scancel", "--signal=INT", sent.job)
    sent.until_over()
    assert sent.restarts() == 0
    assert desk.state()["state"] == "interrupted"

    again = desk.submit()
    assert again.job != sent.job
    again.until_done()
    (step,) = again.resumed_at()
    assert step >= before
    assert differing(whole, again.run) == []


def test_a_cancelled_job_stays_cancelled(desk: Desk) -> None:
    """scancel sends what a preemption sends, but nobody is to undo it."""
    sent = desk.submit("train.epochs=400")
    sent.until_step(12)
    ask("scancel", sent.job)
    sent.until_over()
    time.sleep(2)  # a request to queue it again would come after the end of its processes
    job = sent.look()
    assert job is not None
    assert (job.state, job.restarts) == ("CANCELLED", 0)
    assert desk.state()["state"] == "interrupted"


def test_the_time_limit(desk: Desk) -> None:
    """The signal before the limit saves and queues again, once; the next start goes on from there."""
    sent = desk.submit("train.epochs=400", "cluster.signal_lead=170")
    before = sent.until_step(12)
    # SLURM looks for due signals every half minute, and sends them up to a minute early
    ask("scontrol", "update", f"JobId={sent.job}", "TimeLimit=3")
    sent.until(lambda: sent.restarts() == 1, "the signal")
    ask("scontrol", "update", f"JobId={sent.job}", "TimeLimit=60")
    sent.until_queued_again()
    sent.until(sent.resumed_at, "going on")
    assert sent.restarts() == 1
    assert sent.resumed_at()[0] >= before


def test_of_an_array_only_the_own_task(desk: Desk, whole: RunFolder) -> None:
    """The last task has the array's own number as its job's; queued again is it alone."""
    words = ["submit", "train", "cluster=local", *training(desk.store), "runs=runs/7", "--dry-run"]
    text = str(kirie(desk.folder, *words)["script"])
    text = text.replace("runs=runs/7", 'runs=runs/"$SLURM_ARRAY_TASK_ID"')
    text = re.sub(r"(?m)^#SBATCH --output=.*$", f"#SBATCH --output={desk.folder}/%a.log", text)
    script = desk.folder / "array.sbatch"
    script.write_text(text)
    array = ask("sbatch", "--parsable", "--array=1-2", "-wkirie-n1", str(script))
    tasks = [
        Sent(f"{array}_{task}", RunFolder(desk.folder / f"runs/{task}/{whole.path.name}"), desk.folder / f"{task}.log")
        for task in (1, 2)
    ]
    try:
        before = tasks[1].until_step(12)
        ask("scancel", "--signal=USR1", tasks[1].job)
        _ends_like(whole, tasks[1], least=before)
        tasks[0].until_done()
        assert tasks[0].restarts() == 0
        assert tasks[0].resumed_at() == []
        assert differing(whole, tasks[0].run) == []
    finally:
        ask("scancel", array, check=False)


def test_the_step_is_killed(desk: Desk, whole: RunFolder) -> None:
    """SIGKILL leaves no time for anything: at most the steps since the last resume point are lost."""
    sent = desk.submit()
    before = sent.until_step(12)
    ask("scancel", "--signal=KILL", f"{sent.job}.0")
    _ends_like(whole, sent, least=before)


@pytest.mark.xdist_group("second node")
@pytest.mark.usefixtures("second_node")
def test_a_more_urgent_job_takes_the_node(desk: Desk, whole: RunFolder) -> None:
    """A real preemption by a partition of higher priority: the training goes on when the other job is through."""
    sent = desk.submit("cluster.extra=[-wkirie-n2]")
    before = sent.until_step(12)
    with subprocess.Popen(["srun", "-purgent", "-wkirie-n2", "--exclusive", "--quiet", "hostname"]) as urgent:
        assert urgent.wait(60) == 0
    _ends_like(whole, sent, least=before)


@pytest.mark.xdist_group("second node")
@pytest.mark.usefixtures("second_node")
def test_a_node_of_two_goes_down(desk: Desk, pair: RunFolder) -> None:
    """SLURM queues the job again by itself; when the node is back, both processes go on as if nothing had been."""
    sent = desk.submit("nodes=2")
    before = sent.until_step(12)
    try:
        ask("scontrol", "update", "NodeName=kirie-n2", "State=down", "Reason=test")
        sent.until(lambda: sent.restarts() == 1, "being queued again")
    finally:
        ask("scontrol", "update", "NodeName=kirie-n2", "State=resume", check=False)
    _ends_like(pair, sent, least=before)


@pytest.mark.xdist_group("second node")
@pytest.mark.usefixtures("second_node")
def test_the_first_process_of_two_is_killed(desk: Desk, pair: RunFolder) -> None:
    """The other one ends without torch's own stack in the log; the job is queued again, and goes on."""
    sent = desk.submit("nodes=2")
    before = sent.until_step(12)
    os.kill(_process(sent.job, rank=0), signal.SIGKILL)
    _ends_like(pair, sent, least=before)
    assert "frame #" not in sent.log.read_text()


def _process(job: str, *, rank: int) -> int:
    """The number of a process of a training, by the variables that SLURM gave it."""
    wanted = {f"SLURM_JOB_ID={job}", f"SLURM_PROCID={rank}", "SLURM_STEP_ID=0"}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted <= set((folder / "environ").read_text(errors="replace").split("\0")):
                return int(folder.name)
    raise AssertionError(f"no process of job {job}")


def _ends_like(whole: RunFolder, sent: Sent, *, least: int) -> None:
    """One requeue, no step before the one that was seen last, and the undisturbed training's end."""
    sent.until_queued_again()
    sent.until_done()
    assert sent.restarts() == 1
    (step,) = sent.resumed_at()
    assert step >= least
    assert differing(whole, sent.run) == []
    assert sent.run.history.read_text() == whole.history.read_text()
    assert sent.run.read_metrics() == whole.read_metrics()
