"""Why a sweep begins no further trial although some wait: its budget is spent, or its target is reached."""

from __future__ import annotations

from optuna.trial import TrialState

from kirie.sweep.budget import Budget
from kirie.sweep.companion import Companion
from kirie.sweep.entry import Trial, entry_of
from kirie.sweep.holders import Holders
from kirie.sweep.ranking import better
from kirie.sweep.record import SweepRecord
from kirie.sweep.spec_fields import Metric
from kirie.sweep.study import JournalStudy


class Limits:
    """The limits of a sweep.

    Args:
        record: What it is.
        companion: What its companion file says.
        metric: What it optimises, if anything.
        study: Its trials.
        holders: Who holds them.
    """

    def __init__(
        self,
        record: SweepRecord,
        companion: Companion,
        metric: Metric | None,
        study: JournalStudy,
        holders: Holders,
    ) -> None:
        self._metric, self._study, self._holders = metric, study, holders
        resources = companion.resources
        # A trial's GPUs are those of all its nodes
        devices = resources.gpus or resources.nodes or 1
        self._budget = None if record.budget_s is None else Budget(record.budget_s, devices)

    def pays_another(self) -> bool:
        """Whether the budget, if there is one, pays another trial beside those that were begun."""
        return self._budget is None or self._budget.pays_another(*self._times())

    def spent(self) -> bool:
        """Whether there is a budget of which nothing is left."""
        return self._budget is not None and not self._budget.lasts(*self._times())

    def reached(self) -> bool:
        """Whether a run has reached the metric's target, if it has one."""
        metric = self._metric
        if metric is None or metric.target is None:
            return False
        return any(
            better(value, metric.target, metric.goal)
            for trial in self._study.trials()
            for value in [*trial.intermediate_values.values(), *(trial.values or ())[:1]]
        )

    def _times(self) -> tuple[list[Trial], dict[int, float]]:
        """All trials, and for each attempt that no account has yet how long it lasts, or lasted until it was lost."""
        now = self._holders.now()
        found, running = [], {}
        for one in self._study.trials():
            held = one.state == TrialState.RUNNING and not self._holders.free(one.number, now)
            found.append(entry_of(one, held=held))
            if held:
                running[one.number] = self._holders.lasts(one.number, now)
            elif one.state == TrialState.RUNNING:
                running[one.number] = self._holders.lasted(one.number)
        return found, running
