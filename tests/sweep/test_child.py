"""Real processes of every kind of end: what is told, what failed, what was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kirie.errors import SweepError
from kirie.sweep.child import ENOUGH, HANDED_ON, KILLED, OUT_OF_MEMORY, Child

SAVES = "trap 'echo saved; exit 130' INT; trap 'echo saved; exit 140' USR2; echo ready; while :; do sleep 0.02; done"


def _bash(text: str, log: Path, **environ: str) -> Child:
    return Child.start(["bash", "-c", text], log, environ)


def _until_said(log: Path, words: str) -> None:
    end = time.monotonic() + 20
    while not (log.is_file() and words in log.read_text()):
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("signum", [ENOUGH, HANDED_ON])
def test_told_to_end_it_saves_and_that_is_no_failure(tmp_path: Path, signum: signal.Signals) -> None:
    """Told twice it hears it once: the second signal of a kind would end a training before it has saved."""
    log = tmp_path / "trial" / "attempt-1.log"
    child = _bash(SAVES, log)
    _until_said(log, "ready")
    child.tell(signum)
    child.tell(signum)
    ending = child.ending()
    assert (ending.code, ending.kind, ending.error) == (128 + signum, "told", "")
    assert log.read_text().split() == ["ready", "saved"]


@pytest.mark.parametrize("code", [75, 138, 143])
def test_told_by_somebody_else_is_no_failure_either(tmp_path: Path, code: int) -> None:
    """SLURM signals all processes of a job, so the trial may hear of it before its worker does."""
    assert _bash(f"exit {code}", tmp_path / "log").ending().kind == "told"


def test_a_failure_has_the_line_that_says_what_went_wrong(tmp_path: Path) -> None:
    """The sentence of kirie, without its name before it."""
    ending = _bash("echo 'kirie: There is no model.' >&2; exit 2", tmp_path / "log").ending()
    assert (ending.kind, ending.error) == ("failed", "There is no model.")


@pytest.mark.parametrize(
    "said", ["kirie: The device ran out of memory (CUDA out of memory); lower data.batch_size.", "MemoryError"]
)
def test_out_of_memory_is_told_apart(tmp_path: Path, said: str) -> None:
    """By what CUDA, kirie or Python say."""
    ending = _bash(f"echo '{said}' >&2; exit 2", tmp_path / "log").ending()
    assert ending.kind == OUT_OF_MEMORY
    assert "emory" in ending.error


def test_killed_without_a_word_is_its_own_kind(tmp_path: Path) -> None:
    """SIGKILL, and no word of the kernel's that memory was short."""
    assert _bash("kill -9 $$", tmp_path / "log").ending().kind == KILLED


def test_a_missing_program_is_one_sentence(tmp_path: Path) -> None:
    """The sweep file's command has a typo."""
    with pytest.raises(SweepError, match="no program 'kirrie'"):
        Child.start(["kirrie", "train"], tmp_path / "log", {})


def test_an_agents_variables_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """WANDB_SWEEP_ID would make a later upload be refused; the worker's own words do reach it."""
    monkeypatch.setenv("WANDB_SWEEP_ID", "abc")
    monkeypatch.setenv("WANDB_RUN_ID", "abc")
    _bash('echo "[$WANDB_SWEEP_ID$WANDB_RUN_ID$X]"', tmp_path / "log", X="x").ending()
    assert (tmp_path / "log").read_text() == "[x]\n"


def test_it_does_not_outlive_its_worker(tmp_path: Path) -> None:
    """A worker that is killed leaves no training behind: it is told to end, and saves."""
    log = tmp_path / "log"
    text = "trap 'echo saved; exit 143' TERM; echo $$; while :; do sleep 0.02; done"
    script = (
        "import sys, time; from pathlib import Path; from kirie.sweep.child import Child; "
        "Child.start(['bash', '-c', sys.argv[2]], Path(sys.argv[1]), {}); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(log), text]) as worker:
        _until_said(log, "\n")
        worker.kill()
    _until_said(log, "saved")
    pid = int(log.read_text().split()[0])
    end = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text():
        assert time.monotonic() < end
        time.sleep(0.01)
    assert os.getpid() != pid
