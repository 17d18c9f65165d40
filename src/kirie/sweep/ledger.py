"""The ledger of a sweep: which trials there are, which one a worker may have, and what became of each.

It is an Optuna study in a journal file that all workers append to; there is no server. Every trial of the total is in
it from the beginning, so that the number is exact whatever dies. The journal knows that a trial was begun, and a lease
in the trial's folder who has it: a begun trial that nobody holds is taken up again before anything new.

A ledger is used by one thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from kirie.sweep.attempts import LOST, Attempt, hopeless, new_attempt, read_attempts, write_attempts
from kirie.sweep.claim import Claim, TakenOverError, Terms, note_account
from kirie.sweep.companion import Companion
from kirie.sweep.creating import check_searchable, make_folder, same_sweep
from kirie.sweep.entry import PARAMS, REPEAT, RUN, Trial, entry_of
from kirie.sweep.folder import SweepFolder
from kirie.sweep.ground import Ground
from kirie.sweep.holders import Holders
from kirie.sweep.limits import Limits
from kirie.sweep.pruning import prune_with, pruner_of
from kirie.sweep.ranking import pareto, ranked
from kirie.sweep.record import SweepRecord
from kirie.sweep.repeats import Repeat, missing_repeats
from kirie.sweep.search import drawn, suggested
from kirie.sweep.space import Space
from kirie.sweep.spec import SweepSpec
from kirie.sweep.stopping import asked_to_stop
from kirie.sweep.study import NAME, JournalStudy

__all__ = ["Claim", "Ledger", "TakenOverError", "Trial"]

GLANCES = 8
"""While others wait, no more of the begun trials are looked at for a claim: a look opens files of each."""


class Ledger:
    """A sweep's ledger. Make one with `create` or `open`.

    Attributes:
        folder: The sweep's folder.
        spec: Its sweep file.
        companion: What its companion file says.
        record: What it is.
    """

    def __init__(
        self, folder: SweepFolder, spec: SweepSpec, companion: Companion, record: SweepRecord, space: Space
    ) -> None:
        self.folder, self.spec, self.companion, self.record = folder, spec, companion, record
        self._space = space
        self._study, self._holders = JournalStudy(folder), Holders(folder)
        self._glance = -1
        prune = prune_with(pruner_of(spec, companion), self._study.storage, NAME)
        self._terms = Terms(self._study, companion.attempts, prune, tuple(one.name for one in companion.objectives))

    @classmethod
    def create(
        cls,
        folder: SweepFolder,
        spec: SweepSpec,
        companion: Companion,
        space: Space,
        total: int | None,
        seed: int,
        budget_s: float | None = None,
        ground: Ground | None = None,
        config_dir: Path | None = None,
    ) -> Ledger:
        """Makes a sweep with all its trials, or goes on with the one that is there.

        Args:
            folder: Its folder.
            spec: The sweep file.
            companion: What its companion file says.
            space: The search space.
            total: How many trials it has, repeats not counted; None: as many as the budget pays. A sweep that is there
                already gets those that it lacks, and never fewer.
            seed: What its draws come from.
            budget_s: Its budget of device time, in seconds; None: the companion file's.
            ground: What its trials stand on beside its file.
            config_dir: The folder of configuration, where it is given.

        Raises:
            OtherSweepError: Another sweep of that name is there; the message says what differs.
            SweepError: The folder holds something else, or the method is none that is searched here.
            DeviceError: The disk is full or cannot be written.
        """
        asked = (total, seed, budget_s, ground, config_dir)
        record = SweepRecord.new(folder.name, spec, companion, space, *asked)
        check_searchable(spec, companion, record.total, record.budget_s)
        if not make_folder(folder, spec, companion, record, lambda index: drawn(space, spec.method, seed, index)):
            same_sweep(folder, spec, companion, record)
        ledger = cls.open(folder)
        ledger._go_on(total, record.budget_s, record.config_dir)
        return ledger

    @classmethod
    def open(cls, folder: SweepFolder) -> Ledger:
        """The ledger of a sweep that is there.

        Raises:
            SweepError: There is none, or it is damaged.
        """
        record = SweepRecord.read(folder)
        spec = SweepSpec.read(folder.spec)
        companion = Companion.read(folder.companion if folder.companion.is_file() else None, spec)
        return cls(folder, spec, companion, record, Space(spec, companion, record.excluded))

    def grow(self, total: int) -> None:
        """Adds the trials that the search lacks to a larger total; a smaller one changes nothing.

        Raises:
            DeviceError: The disk is full or cannot be written.
        """
        self._go_on(total, None, None)

    def claim(self, worker: str) -> Claim | None:
        """Takes a trial: one that was begun and that nobody holds, else the next one that waits.

        Args:
            worker: Who asks, for people.

        Returns:
            The trial; None if there is nothing to take for now (`over` tells whether there will be).

        Raises:
            PutAsideError: Another sweep lies there now.
            SweepError: The ledger is damaged.
            DeviceError: The disk is full or cannot be written; no trial is lost.
        """
        self._look_again()
        while asked_to_stop(self.folder) is None:
            number = self._lost()
            if number is None:
                number = self._next()
            if number is None:
                return None
            if (claim := self._hold(number, worker)) is not None:
                return claim
        return None

    def trials(self) -> list[Trial]:
        """All trials by number, repeats among them."""
        now = self._holders.now()
        return [
            entry_of(one, held=one.state == TrialState.RUNNING and not self._holders.free(one.number, now))
            for one in self._study.trials()
        ]

    def over(self) -> bool:
        """Whether there is nothing left to do, now and later: all trials have ended, or no other one is begun."""
        self._look_again()
        if asked_to_stop(self.folder) is not None:
            return self._none_held()
        if self._study.trials(TrialState.RUNNING):
            return self._limits.spent() and self._none_held()
        return self.closed() is not None

    def closed(self) -> str | None:
        """Why no further trial is begun, in words; None if one is, as soon as a worker asks."""
        if self._study.trials(TrialState.RUNNING) and self._limits.spent():
            return "the budget is spent"
        waiting = self._study.trials(TrialState.WAITING)
        searched = self.record.total is not None and all(REPEAT in trial.user_attrs for trial in waiting)
        enough = self._limits.reached()
        repeats = any(REPEAT in trial.user_attrs for trial in waiting) or self._repeats_missing()
        if (searched or enough) and not repeats:
            return "all trials were begun" if searched else "the target is reached"
        return None if self._limits.pays_another() else "the budget is spent"

    def best(self) -> Trial | None:
        """The best finished trial by the metric: by its mean where it was repeated. None before one has finished."""
        metric = self.spec.metric
        found = ranked(self.trials(), metric.goal) if metric is not None else []
        return found[0].trial if found else None

    def pareto(self) -> list[Trial]:
        """The finished trials that no other one beats in all objectives."""
        return pareto(self.trials(), [objective.goal for objective in self.companion.objectives])

    def _look_again(self) -> None:
        # Whether it is still the same sweep the journal tells, and only then the record
        self._study.check()
        # It may have been given more trials or a larger budget meanwhile
        self.record = SweepRecord.read(self.folder)

    def _go_on(self, total: int | None, budget_s: float | None, config_dir: str | None) -> None:
        before = self.record
        if total is not None and (before.total is None or total > before.total):
            self._study.grow(total, self._draw)
            self.record = replace(self.record, total=total)
        # One that was given once lasts until another is given
        if budget_s is not None and budget_s != before.budget_s:
            self.record = replace(self.record, budget_s=budget_s)
        if config_dir is not None:
            self.record = replace(self.record, config_dir=config_dir)
        if self.record != before:
            self.record.write(self.folder)

    def _draw(self, index: int) -> dict[str, Any] | None:
        return drawn(self._space, self.record.method, self.record.seed, index)

    def _lost(self) -> int | None:
        begun = self._study.trials(TrialState.RUNNING)
        if not begun or self._limits.spent():
            return None
        if len(begun) > GLANCES and self._study.trials(TrialState.WAITING):
            # Round and round, so that all are looked at soon
            begun.sort(key=lambda one: (one.number <= self._glance, one.number))
            begun = begun[:GLANCES]
            self._glance = begun[-1].number
        now = self._holders.now()
        return next((one.number for one in begun if self._holders.free(one.number, now)), None)

    def _next(self) -> int | None:
        if not self._limits.pays_another():
            return None
        search = not self._limits.reached()
        if search:
            unlimited = self._draw if self.record.total is None else None
            number = self._study.take_waiting(lambda _: True, unlimited)
            if number is not None:
                return number
        if not self._study.trials(TrialState.RUNNING):
            self._study.repeat(self._repeats_missing)
        return self._study.take_waiting(lambda trial: REPEAT in trial.user_attrs, None)

    def _hold(self, number: int, worker: str) -> Claim | None:
        """Takes a begun trial's lease; None if another worker was faster, or the trial turns out to have ended."""
        place, lasted = self.folder.trial(number), self._holders.lasted(number)
        lease = self._holders.take(number)
        if lease is None:
            return None
        try:
            frozen = self._study.trial(number)
            if frozen.state == TrialState.RUNNING:
                past = self._closed_attempts(frozen, lasted)
                if (error := hopeless(past)) is None:
                    params = self._params(frozen)
                    attempts = [*past, new_attempt(past, worker, lease.holder.number)]
                    # First, as the account is made of it: who dies before the second leaves nothing to be counted twice
                    write_attempts(place, attempts)
                    if past and past[-1].exit == LOST:
                        note_account(self._study, number, past)
                    return Claim(frozen, params, attempts, lease, place, self._terms)
                self._give_up(number, past, error)
        except BaseException:
            lease.release()
            raise
        lease.release()
        return None

    def _closed_attempts(self, frozen: FrozenTrial, lasted: float) -> list[Attempt]:
        """The attempts so far, one that ended without a word as a lost one."""
        attempts = read_attempts(self.folder.trial(frozen.number))
        if attempts and attempts[-1].exit is None:
            steps, run = len(frozen.intermediate_values), frozen.user_attrs.get(RUN, {}).get("id")
            attempts[-1] = replace(attempts[-1], exit=LOST, run=run, seconds=lasted, iterations=steps)
        return attempts

    def _give_up(self, number: int, attempts: list[Attempt], error: str) -> None:
        attempts[-1] = replace(attempts[-1], error=error, kind=LOST)
        with self._study.together():
            note_account(self._study, number, attempts)
            self._study.storage.set_trial_state_values(self._study.id_of(number), TrialState.FAIL)
        write_attempts(self.folder.trial(number), attempts)

    def _params(self, frozen: FrozenTrial) -> Mapping[str, Any]:
        if PARAMS in frozen.user_attrs:
            known: Mapping[str, Any] = frozen.user_attrs[PARAMS]
            return known
        trial_id, storage = self._study.id_of(frozen.number), self._study.storage
        with self._study.together():
            params = suggested(storage, NAME, trial_id, self._space, self.companion.sampler, self.record.seed)
            storage.set_trial_user_attr(trial_id, PARAMS, params)
        return params

    @property
    def _limits(self) -> Limits:
        return Limits(self.record, self.companion, self.spec.metric, self._study, self._holders)

    def _none_held(self) -> bool:
        return all(trial.state != "running" for trial in self.trials())

    def _repeats_missing(self) -> list[Repeat]:
        metric, companion = self.spec.metric, self.companion
        if metric is None or companion.repeats < 2:
            return []
        notes = (trial.user_attrs.get(REPEAT) for trial in self._study.trials())
        there = {(note["of"], note["index"]) for note in notes if note}
        trials = [entry_of(one) for one in self._study.trials(TrialState.COMPLETE)]
        return missing_repeats(trials, there, goal=metric.goal, runs=companion.repeats, top=companion.top)
