"""The journal's study: how trials get into it, in their order, and how one is taken out, by exactly one process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from kirie.errors import SweepError
from kirie.sweep.entry import PARAMS, REPEAT
from kirie.sweep.folder import SweepFolder
from kirie.sweep.journal import Draft, Journal
from kirie.sweep.ranking import Goal
from kirie.sweep.repeats import Repeat

NAME = "sweep"
"""The one study of a journal."""

Draw = Callable[[int], dict[str, Any] | None]
"""The parameters of the n-th trial of the search, or None if they are chosen when it begins."""


class JournalStudy:
    """The study in a sweep's journal.

    Args:
        folder: The sweep.

    Attributes:
        storage: Optuna's storage.

    Raises:
        SweepError: The journal is gone or damaged.
    """

    def __init__(self, folder: SweepFolder) -> None:
        self._journal = Journal(folder.journal)
        self.storage = _storage(self._journal)
        try:
            self._id = self.storage.get_study_id_from_name(NAME)
        except KeyError:
            raise SweepError(
                f"The ledger {folder.journal} holds no sweep, perhaps because a disk lost its content. Put it back, or "
                f"remove {folder.path} and start the sweep again: what was trained is taken over."
            ) from None

    def id_of(self, number: int) -> int:
        """The storage's own number of a trial."""
        return self.storage.get_trial_id_from_study_id_trial_number(self._id, number)

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """The trials as they stand now, all or those in some states. They are not to be changed."""
        return self.storage.get_all_trials(self._id, deepcopy=False, states=states or None)

    def trial(self, number: int) -> FrozenTrial:
        """One trial as it stands now."""
        return self.storage.get_trial(self.id_of(number))

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """What is written through the storage inside the block gets into the journal at its end, in one write.

        Raises:
            UpdateFinishedTrialError: It is about a trial that has ended.
            DeviceError: The disk is full or cannot be written.
        """
        with self._journal.together():
            yield
        # What was written may turn out not to count
        self.check()

    def check(self) -> None:
        """Reads what is new in the journal.

        Raises:
            PutAsideError: Another sweep's journal lies there now.
            SweepError: The journal is gone or damaged.
        """
        self.storage.get_study_name_from_id(self._id)

    def take_waiting(self, allowed: Callable[[FrozenTrial], bool], more: Draw | None) -> int | None:
        """Begins the first trial that waits, and is the only process to do so.

        Args:
            allowed: Which ones may begin.
            more: Without an end to the search: draws one trial more, should none wait.

        Returns:
            Its number; None if there is none.

        Raises:
            DeviceError: The disk is full or cannot be written.
        """
        with self._journal.alone():
            waiting = next(filter(allowed, self.trials(TrialState.WAITING)), None)
            if waiting is None and more is not None:
                self.grow(self._searched() + 1, more)
                waiting = next(filter(allowed, self.trials(TrialState.WAITING)), None)
            if waiting is None:
                return None
            self.storage.set_trial_state_values(self.id_of(waiting.number), TrialState.RUNNING)
            return waiting.number

    def grow(self, total: int, draw: Draw) -> None:
        """Adds the trials that the search lacks, in one write.

        Raises:
            DeviceError: The disk is full or cannot be written.
        """
        with self._journal.alone():
            if missing := range(self._searched(), total):
                self._append([_waiting(params=draw(index)) for index in missing])

    def repeat(self, wanted: Callable[[], Sequence[Repeat]]) -> None:
        """Adds repeats, in one write.

        Args:
            wanted: Which ones are still to be added; asked while no other process writes.

        Raises:
            DeviceError: The disk is full or cannot be written.
        """
        with self._journal.alone():
            if adding := wanted():
                self._append([_waiting(params=one.params, repeat={"of": one.of, "index": one.index}) for one in adding])

    def _searched(self) -> int:
        return sum(REPEAT not in trial.user_attrs for trial in self.trials())

    def _append(self, trials: Sequence[FrozenTrial]) -> None:
        before = list(self._journal.read_logs(0))
        draft = Draft(before)
        storage = _storage(draft)
        for trial in trials:
            storage.create_new_trial(self._id, trial)
        self._journal.append_logs(draft.records[len(before) :])


def write_new(folder: SweepFolder, goals: Sequence[Goal], total: int, draw: Draw) -> None:
    """Writes the journal of a new sweep.

    Args:
        folder: Where, not yet seen by others.
        goals: Its objectives' goals; none for a sweep without a metric.
        total: How many trials wait in it.
        draw: Their parameters.

    Raises:
        DeviceError: The disk is full or cannot be written.
    """
    draft = Draft()
    storage = _storage(draft)
    wanted = {"maximize": StudyDirection.MAXIMIZE, "minimize": StudyDirection.MINIMIZE}
    # Optuna has no study without one
    study = storage.create_new_study([wanted[goal] for goal in goals] or [StudyDirection.MINIMIZE], NAME)
    for index in range(total):
        storage.create_new_trial(study, _waiting(params=draw(index)))
    draft.write(folder.journal)


def _waiting(*, params: dict[str, Any] | None, repeat: dict[str, int] | None = None) -> FrozenTrial:
    notes = ({} if params is None else {PARAMS: params}) | ({} if repeat is None else {REPEAT: repeat})
    return create_trial(state=TrialState.WAITING, user_attrs=notes)


def _storage(backend: BaseJournalBackend) -> JournalStorage:
    # It tells of every study that it makes
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return JournalStorage(backend)
