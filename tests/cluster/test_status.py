"""The states of runs, from records, leases, jobs and logs."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from kirie.board import runs_command
from kirie.cli import main
from kirie.cluster.fake import FakeScheduler
from kirie.cluster.lease import Lease
from kirie.cluster.log_tail import last_error
from kirie.cluster.pending import Pending, Training
from kirie.cluster.scheduler import Job
from kirie.cluster.status import Status, statuses
from kirie.cluster.submissions import live_job, record_submission, submissions
from kirie.core import files
from kirie.core.run import RunFolder
from kirie.errors import ClusterError


class Silent(FakeScheduler):
    """A batch system that does not answer."""

    def jobs(self, ids: Any) -> dict[str, Job]:
        """Raises."""
        raise ClusterError("SLURM does not answer (timeout).")


@pytest.fixture
def fake() -> FakeScheduler:
    """No jobs yet."""
    return FakeScheduler()


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run's folder with a script."""
    run = RunFolder(tmp_path / "runs" / "0123456789ab")
    files.write_text(run.script, "#!/bin/bash\n")
    return run


def _submit(run: RunFolder, fake: FakeScheduler) -> str:
    job = fake.submit(run.script)
    record_submission(run, job, "local", run.script)
    return job


def _record(run: RunFolder, state: str, **more: Any) -> None:
    files.write_json(run.record, {"id": run.path.name, "name": "fpn-0123", "state": state, **more})
    if state == "done":
        files.write_json(run.metrics, {})


def _one(run: RunFolder, fake: FakeScheduler | None) -> Status:
    (found,) = statuses(run.path.parent, fake)
    return found


def _said(run: RunFolder, fake: FakeScheduler | None) -> tuple[str, str]:
    found = _one(run, fake)
    return found.state, found.note


def test_a_run_from_the_queue_to_its_end(run: RunFolder, fake: FakeScheduler) -> None:
    """Queued, running, preempted and back, and done, with its job, node and log."""
    job = _submit(run, fake)
    assert _said(run, fake) == ("queued", "Priority")
    fake.move(job, "RUNNING", node="n1")
    assert _said(run, fake) == ("running", "")
    _record(run, "running", resumed=0)
    fake.requeue(job)
    assert _said(run, fake) == ("preempted", "in the queue again (BeginTime)")
    fake.move(job, "RUNNING", node="n2")
    _record(run, "running", resumed=1)
    found = _one(run, fake)
    assert (found.state, found.resumed, found.job, found.node, found.name) == ("running", 1, job, "n2", "fpn-0123")
    assert found.log == str(run.log(job))
    fake.move(job, "COMPLETED")
    _record(run, "done", resumed=1)
    assert _said(run, fake) == ("done", "")
    fake.forget(job)
    assert _said(run, fake) == ("done", "")


@pytest.mark.parametrize("end", ["FAILED", "NODE_FAIL", "TIMEOUT"])
def test_a_run_that_died_without_a_word(run: RunFolder, fake: FakeScheduler, end: str) -> None:
    """Its record says running for ever; that its job has ended, and how, is SLURM's word and the log's last error."""
    job = _submit(run, fake)
    _record(run, "running")
    fake.move(job, end)
    assert _said(run, fake) == ("died", f"SLURM: {end}")
    files.write_text(run.log(job), "kirie: job 1 on n1, start 1\nepoch 1\nsrun: error: n1: task 0: Killed\n")
    assert _said(run, fake) == ("died", f"SLURM: {end}; srun: error: n1: task 0: Killed")
    fake.forget(job)
    assert _said(run, fake) == ("died", "its job is gone; srun: error: n1: task 0: Killed")


def test_a_run_that_failed_shows_its_last_error(run: RunFolder, fake: FakeScheduler) -> None:
    """From its record, or, where it did not come to have one, from its job's log."""
    job = _submit(run, fake)
    fake.move(job, "FAILED")
    files.write_text(run.log(job), "kirie: job 1 on n1, start 1\nkirie: The store is missing.\nsrun: error: exit 2\n")
    assert _said(run, fake) == ("failed", "SLURM: FAILED; The store is missing.")
    _record(run, "failed", error="ValueError: no\nmore of it")
    assert _said(run, fake) == ("failed", "more of it")
    _submit(run, fake)
    assert _said(run, fake) == ("queued", "Priority")


@pytest.mark.parametrize("was", ["failed", "interrupted"])
def test_a_job_that_failed_before_the_training_began_counts_after_an_older_end(
    run: RunFolder, fake: FakeScheduler, was: str
) -> None:
    """The record is still the former attempt's; the newest job's own word is the later one."""
    _record(run, was, error="out of memory", ended="2020-01-01T00:00:00+00:00")
    assert _said(run, fake) == (was, "out of memory")
    job = _submit(run, fake)
    fake.move(job, "FAILED")
    files.write_text(run.log(job), "kirie: job 1 on n1, start 1\nkirie: There is no store in /scratch/s.\n")
    assert _said(run, fake) == ("failed", "SLURM: FAILED; There is no store in /scratch/s.")
    _record(run, was, error="out of memory again", ended="2999-01-01T00:00:00+00:00")
    assert _said(run, fake) == (was, "out of memory again")


def test_ended_on_purpose_is_interrupted(run: RunFolder, fake: FakeScheduler) -> None:
    """By a signal, as its record says, or by scancel; preempted without a job is not in the queue any more."""
    _record(run, "interrupted", error="stopped by SIGINT")
    assert _said(run, fake) == ("interrupted", "stopped by SIGINT")
    job = _submit(run, fake)
    fake.cancel(job)
    _record(run, "running")
    assert _said(run, fake) == ("interrupted", "cancelled")
    fake.forget(job)
    _record(run, "preempted")
    assert _said(run, fake) == ("interrupted", "preempted, and not in the queue any more")


def test_without_a_cluster_the_lease_tells(run: RunFolder) -> None:
    """A training here runs while its process holds the lease, and has died when it does not."""
    _record(run, "running")
    assert _said(run, None) == ("died", "")
    lease = Lease.take(run, job=None, is_alive=lambda *_: None)
    try:
        assert _said(run, None) == ("running", "")
        assert _one(run, None).node == lease.holder.process.host
    finally:
        lease.release()
    assert _said(run, None) == ("died", "")


def test_where_slurm_cannot_be_asked_a_submitted_run_is_not_called_dead(run: RunFolder, fake: FakeScheduler) -> None:
    """From a machine without SLURM all that is known is that it was submitted."""
    _submit(run, fake)
    assert _said(run, None) == ("queued", "SLURM cannot be asked from here")


def test_a_damaged_run_does_not_hide_the_others(run: RunFolder, fake: FakeScheduler) -> None:
    """Its row says what is damaged."""
    files.write_text(run.record, "{")
    other = RunFolder(run.path.with_name("other"))
    _record(other, "done")
    found = {status.run: status for status in statuses(run.path.parent, fake)}
    assert found["other"].state == "done"
    assert found[run.path.name].state == "damaged"
    assert "is not JSON" in found[run.path.name].note


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("run.json", '{"id": "0123456789ab", "resumed": null}'),
        ("run.json", '{"id": "0123456789ab", "resumed": "many"}'),
        ("run.json", '{"id": "0123456789ab", "state": ["done"]}'),
        ("run.json", '{"id": "0123456789ab", "state": "trained"}'),
        ("run.json", '{"id": "0123456789ab", "state": "running", "resumed": true}'),
        ("run.json", '{"id": "0123456789ab", "state": "running", "resumed": -1}'),
        ("run.json", '{"id": "0123456789ab"}'),
        ("jobs.jsonl", '{"job": 5, "submitted": "", "cluster": "", "log": "", "script": ""}'),
        ("jobs.jsonl", '{"job": null, "submitted": "", "cluster": "", "log": "", "script": ""}'),
        ("jobs.jsonl", '{"job": "5", "submitted": "", "cluster": "", "log": 4, "script": ""}'),
        ("repro.json", '{"state": "running", "error": "", "trainings": [{"stage": "a", "run": "b", "job": 7}]}'),
        ("repro.json", '{"state": "runn'),
        ("lease/000001.json", '{"process": {"host": 1, "pid": "x", "started": "", "world": ""}, "job": 7}'),
    ],
)
def test_whatever_is_damaged_shows_as_damaged(name: str, text: str, run: RunFolder, fake: FakeScheduler) -> None:
    """JSON that is whole but not kirie's, or torn: that run's row says so, and the others are listed."""
    if name.startswith("lease"):
        _record(run, "running")
    files.write_text(run.path / name, text)
    _record(RunFolder(run.path.with_name("other")), "done")
    found = {status.run: status for status in statuses(run.path.parent, fake)}
    assert found["other"].state == "done"
    assert found[run.path.name].state == "damaged"
    assert "damaged" in found[run.path.name].note


@pytest.mark.parametrize("text", [None, "", "[]"])
def test_done_without_scores_is_damaged(text: str | None, run: RunFolder) -> None:
    """What says that it is finished and has nothing to show for it is told, with the file."""
    _record(run, "done")
    if text is None:
        run.metrics.unlink()
    else:
        files.write_text(run.metrics, text)
    state, note = _said(run, None)
    assert state == "damaged"
    assert str(run.metrics) in note


def test_a_finished_run_asks_nothing(run: RunFolder, fake: FakeScheduler) -> None:
    """Its jobs cannot change it, however many there were."""
    _submit(run, fake)
    _record(run, "done")
    assert _said(run, Silent()) == ("done", "")


def test_a_job_that_kirie_has_not_sent_is_asked_about(run: RunFolder, fake: FakeScheduler) -> None:
    """Hydra's launcher, an array, one's own script: the lease knows the job."""
    job = fake.submit(run.script)
    Lease.take(run, job=job, is_alive=lambda *_: None).release()
    _record(run, "preempted")
    found = _one(run, fake)
    assert (found.state, found.job) == ("preempted", job)
    fake.forget(job)
    assert _said(run, fake) == ("interrupted", "preempted, and not in the queue any more")
    assert _said(run, None) == ("preempted", "SLURM cannot be asked from here")


def test_a_job_of_another_cluster_with_the_same_number_is_not_ours(run: RunFolder, fake: FakeScheduler) -> None:
    """A cluster that was set up anew counts from 1 again; the script tells the jobs apart."""
    job = _submit(run, fake)
    assert live_job(run, fake) is not None
    again = FakeScheduler()
    files.write_text(run.path.parent / "foreign", "#!/bin/bash\n")
    assert again.submit(run.path.parent / "foreign") == job
    assert live_job(run, again) is None
    assert _said(run, again) == ("died", "its job is gone")


def test_a_torn_line_of_the_submissions_is_passed_over(run: RunFolder, fake: FakeScheduler) -> None:
    """What a crash has cut off hides nothing before it."""
    job = _submit(run, fake)
    with run.jobs.open("a") as stream:
        stream.write('{"job": "9", "subm\n[1]\n')
    assert [made.job for made in submissions(run)] == [job]


def test_a_dvc_repro_that_ended_before_its_trainings_is_pending(run: RunFolder, fake: FakeScheduler) -> None:
    """The count is of now, not of when it ended."""
    folder = RunFolder(run.path.with_name("repro"))
    jobs = [fake.submit(run.script) for _ in range(3)]
    files.write_text(folder.script, "#!/bin/bash\n")
    waits = Pending("running", tuple(Training(f"train@{job}", str(run.path), job) for job in jobs))
    waits.write(folder)
    job = _submit(folder, fake)
    fake.move(job, "RUNNING")
    assert _said(folder, fake) == ("running", "waits for 3 trainings")
    fake.move(job, "TIMEOUT")
    fake.move(jobs[0], "COMPLETED")
    words = "{} of 3 trainings are still queued or running; repeat `kirie submit repro` to take them up again"
    assert _said(folder, fake) == ("pending", words.format(2))
    fake.move(jobs[1], "COMPLETED")
    assert _said(folder, fake) == ("pending", words.format(1))
    fake.move(jobs[2], "COMPLETED")
    assert _said(folder, fake)[0] == "interrupted"
    dataclasses.replace(waits, state="failed", error="no").write(folder)
    assert _said(folder, fake) == ("failed", "no")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        ("a\nb\n", "b"),
        ("kirie: job 1 on n1, start 1\n", ""),
        ("Traceback\nValueError: no\nsrun: error: n1: task 0: Exited with exit code 1\n", "ValueError: no"),
        ("ValueError: old\nkirie: job 1 on n1, start 2\nepoch 3\n", "epoch 3"),
        (
            "epoch 1\nslurmstepd: error: *** CANCELLED DUE TO TIME LIMIT ***\n",
            "slurmstepd: error: *** CANCELLED DUE TO",
        ),
        ("progress 1%\rprogress 2%\rkirie: The disk is full.\n", "The disk is full."),
        ("x" * 100_000 + "\nRuntimeError: tail\n", "RuntimeError: tail"),
        ("\x00\x1b[31m\nbash: line 3: foo: command not found\n", "bash: line 3: foo: command not found"),
    ],
)
def test_the_line_of_a_log_that_says_why(text: str, line: str, tmp_path: Path) -> None:
    """The training's own words before the launcher's, of the last start only."""
    log = tmp_path / "log"
    log.write_text(text)
    assert last_error(log).startswith(line)
    assert bool(last_error(log)) == bool(line)
    assert last_error(tmp_path / "none") == ""


def test_a_long_line_ends_at_a_word(tmp_path: Path) -> None:
    """Three hundred letters at most, and no half word."""
    log = tmp_path / "log"
    log.write_text("ValueError: " + "word " * 100)
    assert last_error(log).endswith(" word ...")
    assert len(last_error(log)) <= 304


def test_kirie_runs_prints_a_table_and_json(
    run: RunFolder, fake: FakeScheduler, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row a run; --json has all that is known; what SLURM does not say is told below."""
    job = _submit(run, fake)
    _record(run, "interrupted", resumed=2, started="2026-01-01T00:00:00+00:00", error="stopped")
    folder = str(run.path.parent)
    assert runs_command.main([folder], fake) == 0
    shown = capsys.readouterr().out
    assert "preempted, resumed 2x" in shown
    assert run.path.name in shown
    assert runs_command.main([folder, "--json"], fake) == 0
    (row,) = json.loads(capsys.readouterr().out)["runs"]
    assert (row["run"], row["state"], row["job"], row["resumed"]) == (run.path.name, "preempted", job, 2)
    assert row["age_s"] > 0
    assert runs_command.main([folder], Silent()) == 0
    shown = capsys.readouterr().out
    assert "interrupted" in shown
    assert "Without SLURM's word: SLURM does not answer" in shown


def test_kirie_runs_without_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty folder is no mistake; one that is not there is."""
    assert main(["runs", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"no runs in {tmp_path}\n"
    assert main(["runs", str(tmp_path / "nowhere")]) == 2
    assert "There is no folder" in capsys.readouterr().err
