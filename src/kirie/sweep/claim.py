"""A trial in a worker's hands: what it reports, and how it ends."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from kirie.cluster.lease import Lease
from kirie.errors import SweepError
from kirie.sweep.attempts import FAILED, LOST, Attempt, failures, write_attempts
from kirie.sweep.entry import ACCOUNT, RUN
from kirie.sweep.folder import TrialFolder
from kirie.sweep.study import JournalStudy

Prune = Callable[[FrozenTrial], bool]


class TakenOverError(SweepError):
    """Another worker has the trial; this one writes nothing more of it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all trials of a sweep.

    Attributes:
        study: The ledger's trials.
        attempts: How many failures of its own make a trial failed for good.
        prune: Whether a trial is to be stopped, as its record stands; None: none is.
        objectives: Names of the values of a finished trial, for messages.
    """

    study: JournalStudy
    attempts: int
    prune: Prune | None
    objectives: tuple[str, ...]


class Claim:
    """A trial that this worker holds until it says how it ended, or until `lease.lost`.

    Every method raises TakenOverError once another worker has the trial, and DeviceError when the disk is full; the
    trial is then still there, for any worker.

    Attributes:
        number: The trial's number.
        params: Its parameters.
        attempt: Which attempt this is, from 1.
        lease: What says that it is ours.
        past: The attempts before.
    """

    def __init__(
        self,
        frozen: FrozenTrial,
        params: Mapping[str, Any],
        attempts: Sequence[Attempt],
        lease: Lease,
        place: TrialFolder,
        terms: Terms,
    ) -> None:
        self.number, self.params, self.lease = frozen.number, params, lease
        *self.past, self._own = attempts
        self.attempt = self._own.attempt
        self._trial_id, self._place, self._terms = terms.study.id_of(frozen.number), place, terms
        self._began = time.monotonic()
        self._known = len(frozen.intermediate_values)
        self._reported = 0

    def begin(self, run_id: str) -> None:
        """Notes which run the trial is."""
        self._own = replace(self._own, run=run_id)
        with self._held():
            note = {"id": run_id, "worker": self._own.worker, "attempt": self.attempt}
            self._terms.study.storage.set_trial_user_attr(self._trial_id, RUN, note)

    def report(self, value: float) -> None:
        """Reports the metric as logged once more.

        A run that is taken up again gives its whole curve again: what was reported before is not reported twice.
        """
        self._reported += 1
        if self._reported > self._known:
            with self._held():
                self._terms.study.storage.set_trial_intermediate_value(self._trial_id, self._reported, value)
            self._known = self._reported

    def should_prune(self) -> bool:
        """Whether the trial is to be stopped after the value that was reported last."""
        if self._terms.prune is None or self._reported < self._known or not self._known:
            return False
        with self._held():
            return self._terms.prune(self._terms.study.storage.get_trial(self._trial_id))

    def finish(self, values: Sequence[float], reused: bool = False) -> None:
        """Ends the trial: its run is done. One whose values are no numbers has failed for good, for another attempt
        would give the same.

        Args:
            values: The metric, then the further objectives.
            reused: Whether the score was taken over without training.
        """
        if len(values) != len(self._terms.objectives):
            raise SweepError(
                f"Trial {self.number} has {len(values)} values, and the sweep has {len(self._terms.objectives)} "
                f"objectives: {', '.join(self._terms.objectives) or 'none'}."
            )
        wrong = [
            f"{name} is {value}"
            for name, value in zip(self._terms.objectives, values, strict=True)
            if not math.isfinite(value)
        ]
        if wrong:
            self._end(TrialState.FAIL, None, FAILED, f"The run is done, but {' and '.join(wrong)}.", FAILED)
        else:
            self._end(TrialState.COMPLETE, values or None, "finished", reused=reused)

    def prune(self, value: float) -> None:
        """Ends the trial before its run is done.

        Args:
            value: The metric at its best so far.
        """
        # The search gives more weight to trials that came further; a single value says all that there is
        self._end(TrialState.PRUNED, [value] if math.isfinite(value) else None, "pruned")

    def fail(self, error: str, kind: str) -> bool:
        """Notes that the attempt failed for reasons of the trial's own.

        Args:
            error: What went wrong.
            kind: "failed", "out of memory" and the like.

        Returns:
            Whether the trial has failed for good; else it waits for another attempt.
        """
        if failures(self.past) + 1 >= self._terms.attempts:
            self._end(TrialState.FAIL, None, FAILED, error, kind)
            return True
        self._leave(FAILED, error, kind)
        return False

    def lose(self, error: str, kind: str) -> None:
        """Notes that the attempt was killed without a word, as one whose worker was; any worker takes the trial up.

        Args:
            error: What is known of it.
            kind: "killed" and the like.
        """
        self._leave(LOST, error, kind)

    def give_back(self) -> None:
        """Lets any worker take the trial up, from where its run was saved. Not a failure."""
        self._leave("given back", "", "")

    def _leave(self, how: str, error: str, kind: str) -> None:
        self.lease.renew()
        with self._held():
            attempts = self._attempts(how, error, kind)
            # Failures are counted here
            write_attempts(self._place, attempts, lasting=True)
            note_account(self._terms.study, self.number, attempts)
        self.lease.release()

    def _end(
        self,
        state: TrialState,
        values: Sequence[float] | None,
        how: str,
        error: str = "",
        kind: str = "",
        *,
        reused: bool = False,
    ) -> None:
        # At once, and not with the next beat: this process may have slept
        self.lease.renew()
        with self._held():
            attempts = self._attempts(how, error, kind)
            with self._terms.study.together():
                note_account(self._terms.study, self.number, attempts, reused=reused)
                self._terms.study.storage.set_trial_state_values(self._trial_id, state, values)
            write_attempts(self._place, attempts)
        self.lease.leave()

    def _attempts(self, how: str, error: str, kind: str) -> list[Attempt]:
        seconds = time.monotonic() - self._began
        ended = replace(self._own, exit=how, error=error, kind=kind, seconds=seconds, iterations=self._known)
        return [*self.past, ended]

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        """Writing for a trial that is ours: a worker that slept through its own succession is told."""
        if self.lease.lost:
            raise TakenOverError(self._taken())
        try:
            yield
        except UpdateFinishedTrialError:
            raise TakenOverError(self._taken()) from None

    def _taken(self) -> str:
        return f"Trial {self.number} was taken over by another worker; this one writes nothing more of it."


def note_account(study: JournalStudy, number: int, attempts: Sequence[Attempt], *, reused: bool = False) -> None:
    """Writes what a trial's attempts came to into the ledger, where all see it without opening its folder."""
    last = attempts[-1]
    study.storage.set_trial_user_attr(
        study.id_of(number),
        ACCOUNT,
        {
            "attempts": len(attempts),
            "seconds": sum(attempt.seconds for attempt in attempts),
            "error": last.error,
            "kind": last.kind,
            "reused": reused,
        },
    )
