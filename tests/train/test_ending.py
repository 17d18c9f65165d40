"""How a training ends that is told to, at any time: what is recorded, whether it is queued again, the exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from tests.cluster.test_requeue import SCONTROL

from kirie.cluster.holder import read_holder
from kirie.cluster.lease import Lease
from kirie.core.resume import resume_points
from kirie.core.run import RunFolder
from kirie.core.signals import GRACE, Terminated, terminable
from kirie.errors import DeviceError, Interrupted, RunError
from kirie.train import fit as fit_module
from kirie.train.ending import ending
from kirie.train.progress import EpochLines
from kirie.train.record import Record

Compose = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def _heeding() -> Iterator[None]:
    """A process that SLURM ends heeds no more signals; the one that tests goes on."""
    before = {each: signal.getsignal(each) for each in GRACE}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@contextmanager
def _at_step(step: int, act: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = EpochLines.on_train_batch_end

    def hook(self: EpochLines, trainer: pl.Trainer, *more: Any) -> None:
        before(self, trainer, *more)
        if trainer.global_step == step:
            act()

    with monkeypatch.context() as patch:
        patch.setattr(EpochLines, "on_train_batch_end", hook)
        yield


def _twice(signum: signal.Signals) -> None:
    for _ in range(2):
        signal.raise_signal(signum)


def _run(folder: Path) -> RunFolder:
    (path,) = folder.iterdir()
    return RunFolder(path)


@pytest.mark.parametrize(
    ("signum", "state", "code", "state_said", "exit_code", "requeued"),
    [
        (signal.SIGUSR1, "RUNNING", 0, "preempted", 138, True),
        (signal.SIGTERM, "RUNNING", 1, "preempted", 75, True),
        (signal.SIGTERM, "CANCELLED", 0, "interrupted", 143, False),
        (signal.SIGINT, "RUNNING", 0, "interrupted", 130, False),
    ],
    ids=["agreed", "refused", "cancelled", "a person"],
)
def test_in_a_job_of_slurm(
    tiny: Compose,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    signum: signal.Signals,
    state: str,
    code: int,
    state_said: str,
    exit_code: int,
    requeued: bool,
) -> None:
    """A point in the middle of the epoch, one request, the record, and the code that the batch script reads.

    The signal comes twice, and once more while SLURM is asked.
    """
    scontrol, asked = tmp_path / "bin" / "scontrol", tmp_path / "asked"
    scontrol.parent.mkdir()
    again = f"requeue) kill -{signum} $PPID ;"
    scontrol.write_text(SCONTROL.format(log=asked, state=state, code=code).replace("requeue)", again))
    scontrol.chmod(0o755)
    asked.touch()
    monkeypatch.setenv("PATH", f"{scontrol.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    config = tiny(f"runs={tmp_path / 'runs'}", "data.batch_size=4")
    with (
        _at_step(1, lambda: _twice(signum), monkeypatch),
        pytest.raises(Interrupted, match=signum.name) as caught,
    ):
        fit_module.fit(config, quiet=True)
    run = _run(tmp_path / "runs")
    assert caught.value.exit_code == exit_code
    assert run.read_record()["state"] == state_said
    assert [point.step for point in resume_points(run)] == [1]
    assert asked.read_text().splitlines().count("requeue 12") == requeued
    holder = read_holder(run)
    assert holder is not None
    assert holder.released


def test_too_little_memory_is_a_sentence(tmp_path: Path) -> None:
    """On a CPU too, where torch raises what it raises for all; another error keeps its traceback."""
    run = RunFolder(tmp_path / "run")
    for size, error in ((2**50, DeviceError), (-1, RuntimeError)):
        with pytest.raises(error, match=r"ran out of memory \(.*can't allocate|negative"), ending(run, None):
            torch.empty(size)


@pytest.mark.parametrize("written", [False, True])
def test_a_signal_while_the_record_is_first_written(
    tiny: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    """Before its file has its name and after it: what the command says is what the record says."""
    write = Record.begin

    def torn(record: Record) -> None:
        if written:
            write(record)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Record, "begin", torn)
    with pytest.raises(Interrupted, match="was stopped by SIGTERM and keeps"):
        fit_module.fit(tiny(f"runs={tmp_path}"), quiet=True)
    record = _run(tmp_path).read_record()
    assert (record["state"], record["error"], record["resumed"]) == ("interrupted", "stopped by SIGTERM", 0)


def test_another_processs_signal_counts_as_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped because a peer was: SLURM's SIGTERM, which comes while it is asked, changes neither sentence nor code."""
    scontrol = tmp_path / "scontrol"
    again = "requeue) kill -TERM $PPID ;"
    scontrol.write_text(SCONTROL.format(log=tmp_path / "asked", state="RUNNING", code=0).replace("requeue)", again))
    scontrol.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    run = RunFolder(tmp_path / "run")
    lease = Lease.take(run, job="12", is_alive=lambda *_: None)

    def train() -> None:
        with ending(run, lease) as opened:
            opened.record = Record(run, {"id": "run"})
            raise Terminated(signal.SIGUSR1)

    told = r"was stopped by SIGUSR1 and keeps .*; SLURM starts it again"
    with terminable(signal.SIGINT) as notice, pytest.raises(Interrupted, match=told) as caught:
        train()
    lease.release()
    assert caught.value.exit_code == 138
    assert notice.noted == [signal.SIGUSR1, signal.SIGTERM], "the second one came, and was no news"
    assert run.read_record()["state"] == "preempted"


def test_a_holder_that_lost_its_run_writes_nothing_more(
    tiny: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process takes the run over: the first stops with a sentence that names it, before its next file."""
    heirs: list[Lease] = []
    files: dict[Path, int] = {}

    def take_over() -> None:
        run = _run(tmp_path)
        path = max(run.lease.glob("*.json"))
        path.write_text(path.read_text().replace(os.uname().nodename, "node7"))
        os.utime(path, (1, 1))
        heirs.append(Lease.take(run, job=None, is_alive=lambda *_: None))
        files.update({path: path.stat().st_mtime_ns for path in run.path.rglob("*") if path.is_file()})

    with _at_step(2, take_over, monkeypatch), pytest.raises(RunError, match=f"taken over by process {os.getpid()}"):
        fit_module.fit(tiny(f"runs={tmp_path}", "data.batch_size=4"), quiet=True)
    now = {path: path.stat().st_mtime_ns for path in _run(tmp_path).path.rglob("*") if path.is_file()}
    assert now == files
    heirs[0].release()


def test_the_second_training_of_a_run_is_told(tiny: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends with a sentence, and the first is not disturbed."""
    config = tiny(f"runs={tmp_path}")

    def second() -> None:
        with pytest.raises(RunError, match=f"is being trained by process {os.getpid()} on "):
            fit_module.fit(config, quiet=True)

    with _at_step(1, second, monkeypatch):
        assert fit_module.fit(config, quiet=True).read_record()["state"] == "done"


@pytest.mark.parametrize(("signum", "job", "code"), [(signal.SIGUSR1, None, 138), (signal.SIGTERM, "12", 75)])
def test_a_signal_while_the_command_starts(
    tiny_overrides: list[str], tmp_path: Path, signum: signal.Signals, job: str | None, code: int
) -> None:
    """Caught as soon as the handlers are there, long before torch is: one sentence; in a job, the code to try again."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("SLURM_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "kirie", "train", *tiny_overrides, f"runs={tmp_path}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environ | ({} if job is None else {"SLURM_JOB_ID": job}),
    )
    with process:
        while not _catches(process.pid, signum):
            assert process.poll() is None
            time.sleep(0.001)
        process.send_signal(signum)
        _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert said.count("\n") == 1
    assert f"was stopped by {signum.name} before it began" in said
    how = "repeat the command to go on" if job is None else "the batch script asks SLURM to start it again"
    assert said.endswith(f"; {how}.\n")


def _catches(pid: int, signum: signal.Signals) -> bool:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (mask,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")]
    return bool(int(mask, 16) >> (signum - 1) & 1)
