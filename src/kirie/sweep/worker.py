"""A worker of a sweep: claims trials one after the other until there is nothing left to do, or it is told to end.

Workers know nothing of each other but what the ledger and the leases say, so they may join and leave at any time. One
that finds nothing to take leaves, but for the keeper, who stays to take up what the others may leave behind.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from kirie.cluster.lease import HeldError, Lease
from kirie.cluster.requeue import EX_TEMPFAIL, Outcome, cluster_of, job_alive, job_of, request_requeue, restarts_of
from kirie.core.signals import Terminated, heed_no_more, terminable
from kirie.errors import DeviceError, Interrupted, KirieError, StoreError
from kirie.sweep.claim import Claim
from kirie.sweep.ground import GroundError
from kirie.sweep.ledger import Ledger
from kirie.sweep.orders import Orders
from kirie.sweep.plan import Setting
from kirie.sweep.stopping import ask_to_stop, asked_to_stop
from kirie.sweep.trial import NeverLoggedError, run_trial
from kirie.train.starting import is_preemption

IDLE_S = 2.0
"""Seconds between two looks of the keeper."""

_GOES_ON: dict[Outcome, str] = {
    "requeued": "SLURM starts it again",
    "already": "SLURM was asked before to start it again",
    "by_script": "the batch script asks SLURM to start it again",
    "by_parent": "who started it goes on with it",
    "ending": "SLURM ends this job on purpose, so start the sweep again to go on",
    "no_job": "start the sweep again to go on",
}


@dataclass(frozen=True, slots=True)
class Worked:
    """What a worker has done.

    Attributes:
        name: The worker.
        outcomes: How many trials ended how, by the words of `kirie.sweep.trial.Outcome`.
        over: Whether the sweep is over.
    """

    name: str
    outcomes: dict[str, int]
    over: bool


def worker_name() -> str:
    """The name of this process as a worker: its machine, and its job or number."""
    job = job_of()
    return f"{socket.gethostname()}-{f'job-{job}' if job is not None else os.getpid()}"


def work(setting: Setting, *, say: Callable[[str], None] | None = None) -> Worked:
    """Works for a sweep.

    Args:
        setting: The sweep and what its trials are run with.
        say: Gets a line about each trial; standard error by default.

    Raises:
        Interrupted: A signal ended it; its trial was saved and given back.
        SweepError: The sweep's metric is not logged, or the folder holds no sweep; the other workers are stopped too.
        GroundError: The sweep was begun on other data, or with other code.
        StoreError: The store is missing or damaged.
        DeviceError: The disk is full or cannot be written.
    """
    # A batch script's shell lets what it starts in the background ignore SIGINT, and trials would inherit that
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    worker = _Worker(setting, _print if say is None else say)
    over = False
    try:
        with terminable(signal.SIGINT) as notice, notice.patiently():
            over = worker.loop(Orders(setting.folder, notice))
            if notice.first is not None and not over:
                raise _ended_by(Terminated(notice.first), worker.name, setting)
    except Terminated:
        # It came when all was done
        if not over:
            raise
    return Worked(worker.name, dict(worker.outcomes), over)


class _Worker:
    def __init__(self, setting: Setting, say: Callable[[str], None]) -> None:
        self.setting, self.say = setting, say
        self.name = worker_name()
        self.outcomes = Counter[str]()
        self.ledger = Ledger.open(setting.folder)
        self.keeping: Lease | None = None

    def loop(self, orders: Orders) -> bool:
        """Works until there is an order to end, or nothing to do; whether the sweep is over."""
        try:
            while orders.given() is None:
                claim = self.ledger.claim(self.name)
                if claim is not None:
                    # Another worker without a trial may be the keeper meanwhile
                    self.keep(False)
                    self.take(claim, orders)
                elif self.ledger.over() or not self.keep(True):
                    break
                else:
                    orders.wait(IDLE_S)
            return asked_to_stop(self.setting.folder) is None and self.ledger.over()
        finally:
            self.keep(False)

    def take(self, claim: Claim, orders: Orders) -> None:
        began = time.monotonic()
        outcome: str
        try:
            outcome = run_trial(claim, self.setting, orders)
        except NeverLoggedError as error:
            if not any(trial.state == "finished" for trial in self.ledger.trials()):
                self.lose_nothing(claim)
                ask_to_stop(self.setting.folder, "now")
                raise
            # Others log all, so it is this trial's fault
            outcome = "failed" if claim.fail(str(error), "failed") else "again"
        except (StoreError, DeviceError, GroundError):
            self.lose_nothing(claim)
            raise
        self.outcomes[outcome] += 1
        self.say(f"trial {claim.number}: {outcome} after {time.monotonic() - began:.0f} s ({self.name})")

    @staticmethod
    def lose_nothing(claim: Claim) -> None:
        """Gives a trial back that is not at fault for what would be the same for all."""
        with contextlib.suppress(KirieError):
            claim.give_back()

    def keep(self, wanted: bool) -> bool:
        """Takes or leaves the keeper's place; whether it is ours."""
        if not wanted:
            if self.keeping is not None:
                self.keeping.release()
                self.keeping = None
        elif self.keeping is not None:
            if self.keeping.lost:
                self.keep(False)
        else:
            with contextlib.suppress(HeldError):
                self.keeping = Lease.take(
                    self.setting.folder.keeper,
                    job=job_of(),
                    restarts=restarts_of(),
                    cluster=cluster_of(),
                    is_alive=job_alive,
                )
        return self.keeping is not None


def _ended_by(told: Terminated, name: str, setting: Setting) -> Interrupted:
    """Asks SLURM to start this worker's job again where that is right; all is saved by now."""
    outcome: Outcome = "no_job"
    if is_preemption(told):
        outcome = request_requeue(setting.folder.requeues)
        # SLURM sends SIGTERM again, to all processes of the job
        heed_no_more()
    return Interrupted(
        f"The worker {name} of sweep {setting.folder.name} was stopped by {told.signum.name}, and its trial keeps what "
        f"it had done; {_GOES_ON[outcome]}.",
        EX_TEMPFAIL if outcome in {"by_script", "already"} else told.exit_code,
    )


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
