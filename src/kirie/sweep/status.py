"""How a sweep stands: its trials by state, the best so far, who works on what, and when it will end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from kirie.sweep.entry import Trial
from kirie.sweep.folder import SweepFolder
from kirie.sweep.importance import importances
from kirie.sweep.ledger import Ledger
from kirie.sweep.ranking import Goal, Ranked, ranked
from kirie.sweep.record import SweepRecord
from kirie.sweep.stopping import Stop, asked_to_stop

STATES = ("finished", "pruned", "failed", "running", "interrupted", "waiting")


@dataclass(frozen=True, slots=True)
class Status:
    """How a sweep stands.

    Attributes:
        name: Its name.
        record: What it is.
        counts: How many trials are in which state; all states are there.
        total: How many trials there are, repeats among them.
        over: Whether nothing is left to do.
        why: Why it is over although trials wait or were interrupted, in words; None if none did, or one may begin.
        stop: How the workers are asked to end; None if they are not.
        trials: All trials, by number.
        best: The best finished ones, the best first.
        pareto: With several objectives: those that no other one beats.
        importance: Each parameter's share, the largest first.
        seconds_left: Until the estimated end; None if that cannot be told.
        usual_iterations: How often a finished trial has reported its metric; None before the first.
    """

    name: str
    record: SweepRecord
    counts: Mapping[str, int]
    total: int
    over: bool
    why: str | None
    stop: Stop | None
    trials: Sequence[Trial]
    best: Sequence[Ranked]
    pareto: Sequence[Trial]
    importance: Mapping[str, float]
    seconds_left: float | None
    usual_iterations: float | None

    @property
    def goal(self) -> Goal | None:
        """The metric's goal; None for a sweep without a metric."""
        return _goal(self.record)

    def progress(self, trial: Trial) -> float | None:
        """How far a running trial is, from 0 to 1, going by those that have finished."""
        if not self.usual_iterations:
            return None
        return min(1.0, trial.iterations / self.usual_iterations)


def status_of(folder: SweepFolder, ledger: Ledger | None = None) -> Status:
    """How a sweep stands now.

    Args:
        folder: The sweep.
        ledger: Its ledger, where it is open already.

    Raises:
        SweepError: There is no such sweep, or it is damaged.
    """
    ledger = Ledger.open(folder) if ledger is None else ledger
    record, trials = SweepRecord.read(folder), ledger.trials()
    counts = Counter[str](trial.state for trial in trials)
    goal, stop = _goal(record), asked_to_stop(folder)
    iterations = [trial.iterations for trial in trials if trial.state == "finished" and trial.iterations]
    # Stopped is not over, though nothing is left to do for now
    over = ledger.over() if stop is None else all(trial.ended for trial in trials)
    return Status(
        name=folder.name,
        record=record,
        counts={state: counts[state] for state in STATES},
        total=len(trials),
        over=over,
        why=ledger.closed() if over and (counts["waiting"] or counts["interrupted"]) else None,
        stop=stop,
        trials=trials,
        best=ranked(trials, goal) if goal is not None else (),
        pareto=ledger.pareto() if len(record.objectives) > 1 else (),
        importance=importances(trials, goal) if goal is not None else {},
        seconds_left=seconds_left(trials),
        usual_iterations=median(iterations) if iterations else None,
    )


def seconds_left(trials: Sequence[Trial]) -> float | None:
    """Seconds until all trials have ended, if as many workers go on as now; None if that cannot be told.

    What is left of the running ones counts as half a trial each.
    """
    took = [trial.seconds for trial in trials if trial.ended and not trial.reused and trial.seconds > 0]
    running = sum(trial.state == "running" for trial in trials)
    if not took or not running:
        return None
    waiting = sum(trial.state in {"waiting", "interrupted"} for trial in trials)
    return fmean(took) * (waiting + running / 2) / running


def _goal(record: SweepRecord) -> Goal | None:
    if not record.objectives:
        return None
    return "maximize" if record.objectives[0][1] == "maximize" else "minimize"
