"""What kirie makes of SLURM's answers. Real SLURM is asked in tests/slurm; here its recorded words are given."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kirie.cluster.fake import FakeScheduler
from kirie.cluster.scheduler import Job, RefusedError, Slurm
from kirie.errors import ClusterError


def _slurm(tmp_path: Path, **programs: str) -> Slurm:
    """SLURM's commands as shell scripts that say what SLURM 22.05 said."""
    for name, text in programs.items():
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
    conf = tmp_path / "slurm.conf"
    conf.touch()
    return Slurm(
        {"PATH": f"{tmp_path}:/usr/bin:/bin", "SLURM_JOB_ID": "9", "SLURM_CONF": str(conf), "SRUN_X": "1", "HOME": "h"}
    )


def test_a_submitted_job_has_a_number(tmp_path: Path) -> None:
    """On a federation the cluster stands behind it; a site's plugin may print before it."""
    script = tmp_path / "job.sbatch"
    for said, number in (("123", "123"), ("124;west", "124"), ("Welcome to 2026\n125", "125")):
        assert _slurm(tmp_path, sbatch=f"printf '%s\\n' '{said}'").submit(script) == number
    with pytest.raises(ClusterError, match="answered 'hello"):
        _slurm(tmp_path, sbatch="echo hello").submit(script)


def test_a_job_does_not_pass_its_own_variables_on(tmp_path: Path) -> None:
    """A job that submits a job: srun would read the first one's variables as options of the second."""
    out = tmp_path / "environ"
    _slurm(tmp_path, sbatch=f'env > {out}; printf "%s " "$@" >> {out}; echo 1').submit(tmp_path / "s", ["--hold"])
    text = out.read_text()
    assert f"SLURM_CONF={tmp_path}/slurm.conf" in text
    assert "HOME=h" in text
    assert "SLURM_JOB_ID" not in text
    assert "SRUN_X" not in text
    assert text.endswith(f"--parsable --hold {tmp_path / 's'} ")


def test_refused_and_silent_are_told_apart(tmp_path: Path) -> None:
    """A refusal keeps SLURM's words for the template's line; a controller that is away is another sentence."""
    said = "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified"
    with pytest.raises(RefusedError) as caught:
        _slurm(tmp_path, sbatch=f"echo '{said}' >&2; exit 1").submit(tmp_path / "s")
    assert caught.value.said.strip() == said
    away = "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)"
    with pytest.raises(ClusterError, match=r"SLURM does not answer \(Batch job submission failed: Unable"):
        _slurm(tmp_path, sbatch=f"echo '{away}' >&2; exit 1").submit(tmp_path / "s")


@pytest.mark.parametrize(
    "said",
    [
        "sbatch: error: resolve_ctls_from_dns_srv: res_nsearch error: Unknown host",
        "sbatch: fatal: Could not establish a configuration source",
        "sbatch: error: s_p_parse_file: cannot stat file c: No such file or directory, retrying in 1sec up to 60sec",
    ],
)
def test_a_slurm_that_cannot_be_found_has_refused_nothing(said: str, tmp_path: Path) -> None:
    """The sentence names SLURM_CONF; a file that is not there is told without asking SLURM, which looks a minute."""
    with pytest.raises(ClusterError, match=r"SLURM does not answer \(.*; SLURM_CONF is .*slurm\.conf\)") as caught:
        _slurm(tmp_path, sbatch=f"echo '{said}' >&2; exit 1").submit(tmp_path / "s")
    assert not isinstance(caught.value, RefusedError)
    slurm = _slurm(tmp_path, sbatch="echo 1")
    (tmp_path / "slurm.conf").unlink()
    with pytest.raises(ClusterError, match="that file is not there; SLURM_CONF is"):
        slurm.submit(tmp_path / "s")


def test_forgotten_jobs_cost_few_questions(tmp_path: Path) -> None:
    """squeue is asked once for all; scontrol about the newest few that it does not name, not about each."""
    asked = tmp_path / "asked"
    unknown = f'echo "$(basename $0)" >> {asked}; exit 1'
    slurm = _slurm(tmp_path, squeue=f"echo squeue >> {asked}", scontrol=unknown)
    assert slurm.jobs([str(number) for number in range(1, 400)]) == {}
    lines = asked.read_text().splitlines()
    assert lines.count("squeue") == 1
    assert lines.count("scontrol") == 16


def test_jobs_are_read_from_squeue_and_then_from_scontrol(tmp_path: Path) -> None:
    """squeue keeps silent about a job it has let go; scontrol may still know it; what neither knows is not there."""
    slurm = _slurm(
        tmp_path,
        squeue="echo '7_1|RUNNING|2|n[1-2]|None|/runs/a b/job.sbatch|'; echo '8|PENDING|0||Priority|/s|'",
        scontrol='[ "$4" = 10 ] || { echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1; }\n'
        "echo 'JobId=10 JobState=FAILED Reason=NonZeroExitCode Restarts=3 NodeList=n1 Command=/a b'",
    )
    found = slurm.jobs(["7_1", "10", "11", "not a number"])
    assert found == {
        "7_1": Job("7_1", "RUNNING", "", 2, "n[1-2]", "/runs/a b/job.sbatch"),
        "10": Job("10", "FAILED", "NonZeroExitCode", 3, "n1"),
    }
    assert [found["7_1"].alive, found["7_1"].waits, found["10"].alive] == [True, False, False]
    assert slurm.jobs([]) == {}


@pytest.mark.parametrize("script", ["/a|b/job.sbatch", "/runs|", "/|x||y/job.sbatch"])
def test_a_path_may_hold_the_sign_between_squeues_fields(tmp_path: Path, script: str) -> None:
    """The script is read whole: by it a job is known as the run's own."""
    found = _slurm(tmp_path, squeue=f"echo '8|PENDING|0||Priority|{script}|'").jobs(["8"])
    assert found == {"8": Job("8", "PENDING", "Priority", script=script)}


def test_unknown_jobs_are_no_error_and_silence_is(tmp_path: Path) -> None:
    """Asked for forgotten jobs only, squeue fails; that is no answer to complain about."""
    unknown = 'echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1'
    assert _slurm(tmp_path, squeue=unknown, scontrol=unknown).jobs(["5"]) == {}
    with pytest.raises(ClusterError, match=r"SLURM does not answer \(Unable to contact slurm controller; "):
        _slurm(tmp_path, squeue='echo "squeue: error: Unable to contact slurm controller" >&2; exit 1').jobs(["5"])


def test_orders_are_given_and_refusals_told(tmp_path: Path) -> None:
    """Requeue, cancel and an earlier start are SLURM's own words."""
    out = tmp_path / "orders"
    note = f'echo "$(basename $0) $*" >> {out}'
    slurm = _slurm(tmp_path, scontrol=note, scancel=note)
    slurm.requeue("7_1")
    slurm.start_now("7_1")
    slurm.cancel("8")
    assert out.read_text().splitlines() == [
        "scontrol requeue 7_1",
        "scontrol update JobId=7_1 StartTime=now",
        "scancel 8",
    ]
    with pytest.raises(ClusterError, match=r"`scontrol requeue 1` was refused: Job is pending execution\."):
        _slurm(tmp_path, scontrol="echo 'scontrol: error: Job is pending execution' >&2; exit 1").requeue("1")


def test_without_slurm_a_sentence_says_where_to_go(tmp_path: Path) -> None:
    """No traceback where sbatch is not on the PATH."""
    slurm = Slurm({"PATH": str(tmp_path)})
    assert not slurm.available()
    with pytest.raises(ClusterError, match=r"There is no `sbatch` on the PATH.*login node.*make slurm-local"):
        slurm.submit(tmp_path / "s")
    assert Slurm({"PATH": os.environ["PATH"]}).available() in {True, False}


def test_the_fake_keeps_scripts_and_states(tmp_path: Path) -> None:
    """Its jobs wait, move, are queued again and counted, end and are forgotten, as SLURM's do."""
    script = tmp_path / "s"
    script.write_text("#!/bin/bash\n")
    fake = FakeScheduler()
    job = fake.submit(script, ["--hold"])
    assert (fake.scripts[job], fake.words[job]) == ("#!/bin/bash\n", ("--hold",))
    assert fake.jobs([job, "77"]) == {job: Job(job, "PENDING", "Priority", 0, "", str(script))}
    with pytest.raises(ClusterError, match="pending execution"):
        fake.requeue(job)
    fake.move(job, "RUNNING", node="n1")
    fake.requeue(job)
    assert fake.jobs([job])[job] == Job(job, "PENDING", "BeginTime", 1, "n1", str(script))
    fake.start_now(job)
    assert fake.jobs([job])[job].reason == "Priority"
    fake.cancel(job)
    assert not fake.jobs([job])[job].alive
    with pytest.raises(ValueError, match="SLEEPING"):
        fake.move(job, "SLEEPING")
    fake.forget(job)
    assert fake.jobs([job]) == {}
    with pytest.raises(ClusterError, match="Invalid job id"):
        fake.cancel(job)
    with pytest.raises(RefusedError, match="no"):
        FakeScheduler(refuse="no").submit(script)


@pytest.mark.parametrize(
    ("state", "restarts", "still"),
    [("RUNNING", 1, True), ("RUNNING", 2, False), ("PENDING", 2, False), ("COMPLETING", 2, True), ("FAILED", 1, False)],
)
def test_a_job_that_was_queued_again_is_another_start(state: str, restarts: int, still: bool) -> None:
    """What the start before held is free, once its processes are gone."""
    assert Job("7", state, restarts=restarts).still_in(1) is still
