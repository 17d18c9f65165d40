"""What a multirun learns of its jobs from the queue, and how it says what became of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from submitit.core.utils import FailedJobError, UncompletedJobError

from kirie.cluster.fake import FakeScheduler
from kirie.train.multirun_jobs import QueueWatcher, sentence


def test_a_cancelled_or_forgotten_job_is_over(tmp_path: Path) -> None:
    """Waiting, queued again and running are not; missing once may be the moment between two states."""
    fake = FakeScheduler()
    (tmp_path / "s").write_text("#!/bin/bash\n")
    first, second = fake.submit(tmp_path / "s"), fake.submit(tmp_path / "s")
    watcher = QueueWatcher(fake)
    for number in (first, second):
        watcher.register_job(number)
    watcher.update()
    assert not watcher.is_done(first, mode="cache")
    fake.move(first, "RUNNING")
    fake.requeue(first)
    watcher.update()
    assert not watcher.is_done(first, mode="cache")
    fake.cancel(first)
    fake.forget(second)
    watcher.update()
    assert watcher.is_done(first, mode="cache")
    assert not watcher.is_done(second, mode="cache")
    watcher.update()
    assert watcher.is_done(second, mode="cache")


def test_what_submitit_complains_of_is_a_sentence() -> None:
    """A refusal, a training that failed, and a job that ended without a result."""
    refused = FailedJobError("sbatch: error: invalid partition specified: x")
    refused.__cause__ = subprocess.CalledProcessError(1, ["sbatch"])
    assert sentence(refused).startswith("SLURM refused the jobs: invalid partition specified: x. hydra.launcher.")
    failed = FailedJobError(
        "Job (task=0) failed during processing with trace:\n------\nTraceback (most recent call last):\n  File\n"
        "kirie.errors.StoreError: The store is missing.\n\n------\nYou can check full logs with 'job.stderr(0)'\n"
        "  - /a/1_0_log.err\n  - /a/1_0_log.out"
    )
    assert sentence(failed) == "A training failed: StoreError: The store is missing. Its log is /a/1_0_log.out."
    gone = UncompletedJobError("Job 31_0 (task: 0) with path /a/b\nhas not produced any output (state: CANCELLED)")
    assert sentence(gone).startswith("SLURM's job 31_0 ended without a result (CANCELLED).")
