"""The folder of a sweep: the one object that knows where its files lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TrialFolder:
    """One trial's folder in a sweep and the names in it. Nothing is created by making this object."""

    path: Path

    @property
    def lease(self) -> Path:
        """Folder that says which worker has the trial."""
        return self.path / "lease"

    @property
    def record(self) -> Path:
        """`trial.json`: the attempts so far."""
        return self.path / "trial.json"

    @property
    def parameters(self) -> Path:
        """`parameters.yaml`: its parameters as W&B's client reads those of an agent's trial."""
        return self.path / "parameters.yaml"

    def log(self, attempt: int) -> Path:
        """What an attempt printed; attempts count from 1."""
        return self.path / f"attempt-{attempt}.log"


@dataclass(frozen=True, slots=True)
class Keeper:
    """The place of the one idle worker that stays to the end of a sweep; held by a lease like a run."""

    path: Path

    @property
    def lease(self) -> Path:
        """Folder that says which worker it is."""
        return self.path / "lease"


@dataclass(frozen=True, slots=True)
class SweepFolder:
    """A sweep's folder and the names in it. Nothing is created by making this object."""

    path: Path

    @property
    def name(self) -> str:
        """The sweep's name."""
        return self.path.resolve().name

    @property
    def spec(self) -> Path:
        """The sweep file, copied letter by letter."""
        return self.path / "sweep.yaml"

    @property
    def companion(self) -> Path:
        """The companion file, copied letter by letter; missing for a sweep without one."""
        return self.path / "companion.yaml"

    @property
    def record(self) -> Path:
        """`sweep.json`: what the sweep is, for telling it from another one."""
        return self.path / "sweep.json"

    @property
    def journal(self) -> Path:
        """The ledger: Optuna's journal of one study."""
        return self.path / "journal.log"

    @property
    def trials(self) -> Path:
        """Folder of the trials' folders."""
        return self.path / "trials"

    def trial(self, number: int) -> TrialFolder:
        """The folder of a trial; trials count from 0."""
        return TrialFolder(self.trials / f"{number:06}")

    @property
    def keeper(self) -> Keeper:
        """The place of the idle worker that stays."""
        return Keeper(self.path / "keeper")

    @property
    def stop(self) -> Path:
        """Marker: the workers are to end (its text says how)."""
        return self.path / "stop"

    @property
    def workers(self) -> Path:
        """Folder of what the workers print."""
        return self.path / "workers"

    @property
    def wandb(self) -> Path:
        """`wandb.json`: the sweep as W&B has it."""
        return self.path / "wandb.json"

    @property
    def runs(self) -> Path:
        """Runs of a sweep that shares none with others (`--no-reuse`)."""
        return self.path / "runs"

    @property
    def jobs(self) -> Path:
        """`jobs.jsonl`: one line a submission of workers to a cluster, the newest last."""
        return self.workers / "jobs.jsonl"

    @property
    def script(self) -> Path:
        """`job.sbatch`: the batch script of the newest submission."""
        return self.workers / "job.sbatch"

    def log(self, worker: str) -> Path:
        """What a worker printed."""
        return self.workers / f"{worker}.log"

    @property
    def requeues(self) -> Path:
        """Folder of markers: which of its jobs have asked to be queued again, so that each start does it once."""
        return self.workers / "requeues"
