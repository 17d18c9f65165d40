"""One `wandb agent`, watched over: what ends this process reaches the agent in words that it knows.

The agent starts each trial in a process group of its own. The first SIGINT makes it wait for its trial and take no
other, the second one hands the trial a SIGTERM, the third one kills. It is started in a group of its own too, so that a
terminal's Ctrl+C reaches it through us alone.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from kirie.cluster.requeue import EX_TEMPFAIL, PARENT_ASKS, Outcome, job_of, request_requeue
from kirie.core import files, programs
from kirie.core.signals import Notice, Terminated, heed_no_more, terminable
from kirie.errors import Interrupted
from kirie.sweep.folder import SweepFolder
from kirie.sweep.wandb_sweep import WandbSweep
from kirie.train.starting import is_preemption

PAUSE_S = 2.0
"""Between the two SIGINTs: two at once would be one. In a job, time for SLURM's own SIGTERM to show."""

_POLL_S = 0.25

_GOES_ON: dict[Outcome, str] = {
    "requeued": "SLURM starts it again",
    "already": "SLURM was asked before to start it again",
    "by_script": "the batch script asks SLURM to start it again",
    "by_parent": "who started it goes on with it",
    "ending": "SLURM ends this job on purpose",
    "no_job": "start it again to go on",
}


def run_agent(folder: SweepFolder, sweep: WandbSweep) -> int:
    """Runs an agent until it leaves.

    Args:
        folder: Where the sweep is remembered; the parameters of its trials are kept in it.
        sweep: The sweep.

    Returns:
        The agent's exit code.

    Raises:
        Interrupted: A signal ended it; the trial was told to save, and the agent has left.
        DeviceError: The folder cannot be written.
    """
    # A batch script's shell lets what it starts in the background ignore SIGINT, and the agent would inherit that
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with files.disk_errors(folder.workers):
        folder.workers.mkdir(parents=True, exist_ok=True)
    with terminable(signal.SIGINT) as notice, notice.patiently():
        agent = _start(folder, sweep)
        code = _watched(agent, notice)
        if notice.first is not None:
            raise _ended_by(Terminated(notice.first), folder, sweep)
    return 128 - code if code < 0 else code


def _start(folder: SweepFolder, sweep: WandbSweep) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "wandb", "agent", sweep.path]
    environ = {
        **os.environ,
        # The sweep's command names `kirie` and `python`
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "WANDB_DIR": str(folder.workers.absolute()),
    }
    if job_of() is not None:
        environ[PARENT_ASKS] = "1"
        # SLURM signals every process of the job; the agent must outlive its trial, which catches these by itself
        words = ["sh", "-c", 'trap "" TERM USR1 USR2; exec "$@"', "sh", *words]
    if shutil.which("setpriv") is not None:
        # Without us it lets its trial go on and takes no other; told twice before, it kills the trial
        words = ["setpriv", "--pdeathsig", "INT", "--", *words]
    return programs.start(words, environ=environ, stdin=subprocess.DEVNULL, stdout=sys.stderr, process_group=0)


def _watched(agent: subprocess.Popen[bytes], notice: Notice) -> int:
    """Waits for the agent, and tells it to end when a signal says so; its exit code."""
    sent, at = 0, 0.0
    while agent.poll() is None:
        if notice.first is not None and sent == 0:
            agent.send_signal(signal.SIGINT)
            sent, at = 1, time.monotonic()
        elif sent == 1 and time.monotonic() - at >= PAUSE_S and not _told_by_slurm(notice):
            agent.send_signal(signal.SIGINT)
            sent = 2
        time.sleep(_POLL_S)
    return agent.wait()


def _told_by_slurm(notice: Notice) -> bool:
    """Whether SLURM has sent the trial a SIGTERM of its own: a second one would end it before it has saved."""
    return job_of() is not None and signal.SIGTERM in notice.noted


def _ended_by(told: Terminated, folder: SweepFolder, sweep: WandbSweep) -> Interrupted:
    """Asks SLURM to start this job again where that is right; the trial is saved by now."""
    outcome: Outcome = "no_job"
    if is_preemption(told):
        outcome = request_requeue(folder.requeues)
        # SLURM sends SIGTERM again, to all processes of the job
        heed_no_more()
    return Interrupted(
        f"The agent of {sweep.path} was stopped by {told.signum.name}, and its trial keeps what it had done; "
        f"{_GOES_ON[outcome]}.",
        EX_TEMPFAIL if outcome in {"by_script", "already"} else told.exit_code,
    )
