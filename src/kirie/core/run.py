"""The run folder: the one object that knows where a run's files lie.

`runs/<id>/` is the working folder of a training. `publish` copies what later stages need (no W&B files, no resume
checkpoint) into a folder that DVC can track; both are read through the same object.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kirie.core import files
from kirie.core.folders import foreign, replacing_folder
from kirie.core.scores import CountTable
from kirie.errors import RunError

SPLITS = ("train", "val", "test")

DIGEST_DIGITS = 16
"""Hexadecimal digits of a content's hash in a resume point's name."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run's folder and the names in it. Nothing is created by making this object."""

    path: Path

    @property
    def config(self) -> Path:
        """The resolved configuration, YAML."""
        return self.path / "config.yaml"

    @property
    def record(self) -> Path:
        """`run.json`: state, what the id was made of, git, data version, hardware, cost."""
        return self.path / "run.json"

    @property
    def metrics(self) -> Path:
        """`metrics.json`: scores by split."""
        return self.path / "metrics.json"

    @property
    def checkpoints(self) -> Path:
        """Folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def best(self) -> Path:
        """The checkpoint with the best validation score."""
        return self.checkpoints / "best.ckpt"

    def resume_point(self, step: int, digest: str) -> Path:
        """A checkpoint from which an interrupted run goes on, named by its step and the SHA-256 of its content."""
        return self.checkpoints / f"step-{step:08}-{digest[:DIGEST_DIGITS]}.ckpt"

    @property
    def lease(self) -> Path:
        """Folder that says which process trains this run."""
        return self.path / "lease"

    @property
    def jobs(self) -> Path:
        """`jobs.jsonl`: one line a submission to the cluster, the newest last."""
        return self.path / "jobs.jsonl"

    @property
    def script(self) -> Path:
        """`job.sbatch`: the batch script of the newest submission."""
        return self.path / "job.sbatch"

    def log(self, job: str) -> Path:
        """What a cluster job printed."""
        return self.path / "logs" / f"{job}.log"

    @property
    def requeues(self) -> Path:
        """Folder of markers: which jobs have asked to be queued again, so that each does it once."""
        return self.path / "requeues"

    @property
    def diff(self) -> Path:
        """What the working tree had that its git commit had not."""
        return self.path / "code.diff"

    @property
    def history(self) -> Path:
        """Validation scores by epoch, CSV."""
        return self.path / "history.csv"

    def per_image(self, split: str) -> Path:
        """The per-image table of a split."""
        return self.path / f"per_image_{split}.csv"

    @property
    def speed(self) -> Path:
        """`speed.json`: parameters, latency and throughput as `kirie evaluate` measured them."""
        return self.path / "speed.json"

    def read_record(self) -> dict[str, Any]:
        """The run record.

        Raises:
            RunError: This is no run folder, or its record is damaged.
        """
        if not self.record.is_file():
            raise RunError(f"{self.path} is not a run folder: it has no run.json. A finished `kirie train` leaves one.")
        found = files.read_json(self.record, RunError, "The run record")
        if not isinstance(found, dict) or "id" not in found:
            raise RunError(f"The run record {self.record} has no id; it was not written by kirie.")
        return found

    def read_metrics(self) -> dict[str, Any]:
        """Scores by split: {"val": {...}, "test": {...}}, as `core.scores.scores` gives them.

        Raises:
            RunError: The run has not been scored, or the file is damaged.
        """
        found = files.read_json(self.metrics, RunError, "The score file")
        if not isinstance(found, dict):
            raise RunError(f"The score file {self.metrics} is damaged; score the run again with `kirie evaluate`.")
        return found

    def read_table(self, split: str) -> CountTable:
        """The per-image table of a split.

        Raises:
            RunError: It is missing or damaged.
        """
        return CountTable.read(self.per_image(split))

    def copied(self) -> tuple[Path, ...]:
        """What a copy of the run consists of: what it needs, then what it has where that was written."""
        needed = (self.config, self.record, self.metrics, self.best)
        return (*needed, self.history, self.diff, self.speed, *map(self.per_image, SPLITS))

    def publish(self, out: Path) -> RunFolder:
        """Copies what later stages need into `out`, whole or not at all.

        Raises:
            DeviceError: The disk is full or cannot be written.
            RunError: The run has no best checkpoint or no scores yet, or `out` holds other files.
        """
        if missing := [str(path) for path in self.copied()[:4] if not path.is_file()]:
            raise RunError(
                f"The run in {self.path} is not finished: {', '.join(missing)} missing. Train it to its end."
            )
        check_copy(out)
        with replacing_folder(out) as beside:
            for path in filter(Path.is_file, self.copied()):
                to = beside / path.relative_to(self.path)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, to)
        return RunFolder(out)


def check_copy(out: Path) -> None:
    """Refuses to replace a folder that holds more than a copy of a run: it may be somebody's work, or a run itself.

    Raises:
        RunError: It is there, and is neither empty nor what `kirie train --out` or `kirie evaluate --out` wrote.
    """
    for above in out.parents:
        if above.exists() and not above.is_dir():
            raise RunError(f"{above} is a file, so there can be no folder {out}; name another place with --out.")
    if not out.exists() and not out.is_symlink():
        return
    copy = RunFolder(out)
    known = {path.relative_to(out).as_posix() for path in copy.copied()}
    strange = foreign(out, known) if out.is_dir() else out.name
    if strange is not None:
        raise RunError(
            f"{out} holds other files ('{strange}'), which would be lost; name a new folder with --out, or one that "
            "kirie wrote."
        )
    if any(out.iterdir()):
        # Other programs have a run.json, too
        copy.read_record()
