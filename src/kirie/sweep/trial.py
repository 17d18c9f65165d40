"""One trial: found done already, waited for, or trained by a child process that is followed, pruned and judged."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from typing import Any, Literal

from kirie.cluster.holder import server_time
from kirie.cluster.lease import is_free
from kirie.cluster.requeue import cluster_of, job_alive, job_of, restarts_of
from kirie.errors import ConfigError, KirieError, ModelError, SweepError
from kirie.sweep.child import ENOUGH, HANDED_ON, KILLED, Child, Ending
from kirie.sweep.claim import Claim, TakenOverError
from kirie.sweep.curve import Curve, logged_names
from kirie.sweep.ground import GroundError
from kirie.sweep.orders import Orders
from kirie.sweep.plan import Plan, Setting, plan_trial
from kirie.sweep.score import NotLoggedError, UnmeasuredError, best_of, run_values
from kirie.sweep.wandb_parameters import write_parameters
from kirie.train.identify import is_done

Outcome = Literal["finished", "reused", "pruned", "failed", "again", "killed", "given back", "lost"]
"""failed: for good. again: failed, and waits for another attempt. killed: without a word, and waits as well.
given back: saved, and waits for a worker. lost: another worker has taken the trial over."""

_POLL_S = 0.5
_WAIT_S = 2.0


class NeverLoggedError(SweepError):
    """The sweep's metric is not among those that its trainings log."""


def run_trial(claim: Claim, setting: Setting, orders: Orders) -> Outcome:
    """Brings a claimed trial to its end, or gives it back.

    Args:
        claim: The trial, held by this worker.
        setting: What it is run with.
        orders: What the worker is told meanwhile.

    Returns:
        What became of it.

    Raises:
        NeverLoggedError: The training ended well, and logged no such metric. The trial is still claimed.
        GroundError: The sweep was begun on other data, or with other code. The trial is still claimed.
        StoreError: The store is missing or damaged, which every trial would find. The trial is still claimed.
        DeviceError: The disk is full or cannot be written. The trial is still claimed.
    """
    try:
        plan = plan_trial(setting, claim.params)
    except (ConfigError, ModelError) as error:
        return _failed(claim, str(error), "failed")
    return carry_out(claim, setting, plan, orders)


def carry_out(claim: Claim, setting: Setting, plan: Plan, orders: Orders) -> Outcome:
    """Brings a claimed trial that was worked out already to its end, or gives it back; as `run_trial`."""
    try:
        claim.begin(plan.run.path.name)
        return _Attempt(claim, setting, plan, orders).outcome()
    except TakenOverError:
        return "lost"


class _Attempt:
    def __init__(self, claim: Claim, setting: Setting, plan: Plan, orders: Orders) -> None:
        self.claim, self.setting, self.plan, self.orders = claim, setting, plan, orders
        metric = setting.spec.metric
        self.curve = None if metric is None else Curve(plan.run, metric.name)
        self.reported = 0

    def outcome(self) -> Outcome:
        while True:
            if is_done(self.plan.run):
                return self.scored(trained=self.claim.attempt > 1)
            if self.trained_elsewhere():
                if self.orders.given() in {"end", "now"}:
                    return self.given_back()
                if self.claim.lease.lost:
                    return "lost"
                self.orders.wait(_WAIT_S)
                continue
            if (outcome := self.trained()) is not None:
                return outcome

    def trained_elsewhere(self) -> bool:
        """Whether another process trains the run, for another sweep or by hand."""
        run = self.plan.run
        if not run.lease.is_dir():
            return False
        now = server_time(run.lease)
        return not is_free(run, now=now, job=job_of(), restarts=restarts_of(), cluster=cluster_of(), is_alive=job_alive)

    def trained(self) -> Outcome | None:
        """Trains; None if another process turned out to have begun the same run a moment before."""
        folder = self.setting.folder.trial(self.claim.number)
        named = write_parameters(folder.parameters, self.claim.params, self.setting.spec.parameters)
        environ = self.setting.share.environ() | named
        child = Child.start(self.plan.words, folder.log(self.claim.attempt), environ)
        try:
            pruned = self.follow(child)
        except BaseException:
            child.tell(HANDED_ON)
            child.ending()
            raise
        ending = child.ending()
        if self.claim.lease.lost:
            return "lost"
        if ending.kind == "done" and is_done(self.plan.run):
            return self.scored(trained=True)
        if ending.kind == "done":
            self.plan_anew()
            return None
        if ending.kind == "told":
            return self.pruned() if pruned else self.given_back()
        if self.trained_elsewhere():
            return None
        if ending.kind == KILLED:
            # By somebody's hand, until it has happened too often
            self.claim.lose(ending.error, ending.kind)
            return "killed"
        if self.setting.ground is not None:
            # Its process may have met what was changed after it was worked out, which is no fault of the trial
            with contextlib.suppress(ConfigError, ModelError):
                plan_trial(self.setting, self.claim.params)
        return _failed(self.claim, self.words_on(ending), ending.kind)

    def plan_anew(self) -> None:
        """Works the trial out anew, because its process has trained another run than was planned.

        Raises:
            GroundError: Data, code or configuration were changed while it started.
        """
        plan = plan_trial(self.setting, self.claim.params)
        if plan.run.path == self.plan.run.path:
            raise GroundError(
                f"Trial {self.claim.number} of sweep {self.setting.folder.name} ended well and has not trained run "
                f"{plan.run.path.name}: data, code or configuration were changed while it ran, and back again. Repeat "
                "the command."
            )
        self.plan = plan
        self.claim.begin(plan.run.path.name)
        metric = self.setting.spec.metric
        self.curve = None if metric is None else Curve(plan.run, metric.name)

    def follow(self, child: Child) -> bool:
        """Reports what is logged until the process has ended; whether it was pruned."""
        pruned = False
        while child.runs():
            order = self.orders.given()
            if order == "end":
                child.tell(HANDED_ON)
            elif order == "now" or self.claim.lease.lost:
                child.tell(ENOUGH)
            elif not pruned and self.prunable():
                pruned = True
                child.tell(ENOUGH)
            self.orders.wait(_POLL_S)
            if child.told:
                child.wait(_POLL_S)
        return pruned

    def prunable(self) -> bool:
        """Reports the values that are new; whether the pruner has had enough after one of them."""
        if self.curve is None:
            return False
        values = self.curve.values()
        for value in values[self.reported :]:
            self.reported += 1
            self.claim.report(value)
            if self.claim.should_prune():
                return True
        return False

    def scored(self, *, trained: bool) -> Outcome:
        setting = self.setting
        self.report_rest()
        try:
            values = run_values(self.plan.run, setting.companion.objectives, self.plan.store)
        except UnmeasuredError as error:
            return _failed(self.claim, str(error), "failed")
        except NotLoggedError as error:
            raise NeverLoggedError(
                f"The metric '{error}' was not logged by run {self.plan.run.path.name}, which is done; it logged "
                f"{', '.join(logged_names(self.plan.run)) or 'nothing'}. Name one of these in the sweep file (further "
                "objectives stand in its companion) and start the sweep again with --renew: what was trained is taken "
                "over."
            ) from None
        self.claim.finish(values, reused=not trained)
        return "finished" if trained else "reused"

    def report_rest(self) -> None:
        if self.curve is not None:
            for value in self.curve.values(at_once=True)[self.reported :]:
                self.reported += 1
                self.claim.report(value)

    def pruned(self) -> Outcome:
        assert self.setting.spec.metric is not None
        values = self.curve.values(at_once=True) if self.curve is not None else []
        best = best_of(values, self.setting.spec.metric.goal)
        self.claim.prune(math.nan if best is None else best)
        return "pruned"

    def given_back(self) -> Outcome:
        self.claim.give_back()
        return "given back"

    def words_on(self, ending: Ending) -> str:
        """The error that the run's own record has, which outlives the log, else the log's."""
        if not self.plan.run.record.is_file():
            return ending.error
        try:
            record: Mapping[str, Any] = self.plan.run.read_record()
        except KirieError:
            return ending.error
        error = str(record.get("error") or "").strip()
        return ending.error or (error if record.get("state") == "failed" else "") or f"exit code {ending.code}"


def _failed(claim: Claim, error: str, kind: str) -> Outcome:
    return "failed" if claim.fail(error, kind) else "again"
