"""What a user does at a cluster, as functions: submit, look, wait, and what befalls a job."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kirie.cluster.scheduler import Job, Slurm
from kirie.core.resume import resume_points
from kirie.core.run import RunFolder
from kirie.errors import ClusterError

REVOKED_S = 2.0
"""SLURM tells credentials that were taken back by their second."""

NODES = ("kirie-n1", "kirie-n2")

PATIENCE_S = 150.0
"""The longest wait for one thing to happen; two cores may train four processes at once."""


def training(store: Path) -> list[str]:
    """A training of 40 steps, 10 an epoch, with a resume point every third step."""
    return [
        "model=unet",
        "model.encoder=tu-mobilenetv3_small_050",
        "augment=light",
        "trainer.accelerator=cpu",
        "trainer.threads=1",
        "trainer.checkpoint_steps=3",
        "log=none",
        "train.epochs=4",
        "data.batch_size=2",
        f"data.store={store}",
    ]


def ask(*words: str, check: bool = True) -> str:
    """Runs one of SLURM's commands and returns what it printed."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert not check or done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
    return done.stdout.strip()


def nodes_up() -> bool:
    """Whether both nodes take jobs."""
    try:
        said = ask("sinfo", "--noheader", "--Node", "--partition=main", "--format=%N %t", check=False)
    except FileNotFoundError:
        return False
    states = dict(line.split() for line in said.splitlines())
    return set(states) == set(NODES) and all(state in {"idle", "mix", "alloc", "comp"} for state in states.values())


def kirie(folder: Path, *words: str, code: int = 0) -> dict[str, Any]:
    """Runs a command of kirie in a folder; gives its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "kirie", *words, "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == code, f"kirie {' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def train_here(folder: Path, store: Path, *, devices: int) -> RunFolder:
    """The same training without SLURM, with as many processes as devices."""
    found = kirie(folder, "train", *training(store), f"trainer.devices={devices}")
    return RunFolder(folder / str(found["folder"]))


@dataclass(frozen=True, slots=True)
class Desk:
    """A working folder with a prepared store."""

    folder: Path
    store: Path

    def submit(self, *words: str) -> Sent:
        """Submits the training, by default to the first node, one process."""
        placed = words if any(word.startswith("nodes=") for word in words) else ("cluster.extra=[-wkirie-n1]", *words)
        found = kirie(self.folder, "submit", "train", "cluster=local", *training(self.store), *placed)
        return Sent(found["job"], RunFolder(Path(found["folder"])), Path(found["log"]))

    def state(self) -> Mapping[str, Any]:
        """The one run as `kirie runs` tells it."""
        (found,) = kirie(self.folder, "runs")["runs"]
        state: Mapping[str, Any] = found
        return state

    @staticmethod
    def jobs_of(folder: Path) -> list[str]:
        """All jobs that were submitted from a folder."""
        lines = [line for path in folder.glob("*/**/jobs.jsonl") for line in path.read_text().splitlines()]
        return [json.loads(line)["job"] for line in lines]


@dataclass(frozen=True, slots=True)
class Sent:
    """A submitted training."""

    job: str
    run: RunFolder
    log: Path

    def look(self) -> Job | None:
        """The job as SLURM sees it."""
        return Slurm().jobs([self.job]).get(self.job)

    def restarts(self) -> int:
        """How often SLURM queued it again, by its own count."""
        job = self.look()
        assert job is not None, f"SLURM knows no job {self.job}"
        return job.restarts

    def until(self, happened: Callable[[], object], what: str) -> None:
        """Waits for something.

        Raises:
            AssertionError: It did not happen; with what the job printed.
        """
        end = time.monotonic() + PATIENCE_S
        while not happened():
            if time.monotonic() > end:
                printed = self.log.read_text() if self.log.is_file() else "nothing"
                raise AssertionError(
                    f"job {self.job}: {what} did not happen; it is {self.look()} and printed\n{printed}"
                )
            time.sleep(0.1)

    def until_step(self, least: int) -> int:
        """Waits until a resume point of at least this step is there; gives its step."""
        self.until(lambda: self.newest_step() >= least, f"step {least}")
        return self.newest_step()

    def newest_step(self) -> int:
        """The step of the newest resume point, 0 without one."""
        return max((point.step for point in resume_points(self.run)), default=0)

    def until_queued_again(self, times: int = 1) -> None:
        """Waits until SLURM has queued the job again, and spares it SLURM's pause."""
        self.until(lambda: self.restarts() >= times, "being queued again")
        # A node takes a start in the second in which it cleared the last one away for that one, and ends it
        time.sleep(REVOKED_S)
        self.until(self._hurried, "a start after being queued again")

    def _hurried(self) -> bool:
        job = self.look()
        if job is not None and job.waits:
            # Between the look and this it may have started by itself
            try:
                Slurm().start_now(self.job)
            except ClusterError:
                return False
        return job is not None and (job.state == "RUNNING" or not job.alive)

    def until_over(self) -> None:
        """Waits until the job is out of the queue for good."""
        self.until(lambda: (job := self.look()) is None or not job.alive, "its end")

    def until_done(self) -> None:
        """Waits until the training is finished and its job is over."""
        self.until_over()
        printed = self.log.read_text()
        assert self.run.read_record()["state"] == "done", printed
        assert "Traceback" not in printed, printed

    def resumed_at(self) -> list[int]:
        """The steps at which the log says that the run was taken up again."""
        lines = self.log.read_text().splitlines()
        return [int(line.split("resumed at step ")[1].split()[0]) for line in lines if "resumed at step " in line]
