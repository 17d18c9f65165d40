"""A sweep file with all that is asked for on the command line, read and checked before anything starts."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from kirie.core import files
from kirie.errors import SweepError, UsageError
from kirie.sweep.aside import put_aside
from kirie.sweep.check import LeftOut, check_sweep
from kirie.sweep.command_line import words
from kirie.sweep.companion import Companion
from kirie.sweep.creating import OtherSweepError, check_same
from kirie.sweep.duration import read_duration
from kirie.sweep.folder import SweepFolder
from kirie.sweep.ground import Ground
from kirie.sweep.ledger import Ledger
from kirie.sweep.lock import FileLock
from kirie.sweep.record import SweepRecord
from kirie.sweep.space import Space
from kirie.sweep.spec import SweepSpec, companion_path
from kirie.train.compose import config_folder

_EXAMPLES = 3
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


@dataclass(frozen=True, slots=True)
class Opening:
    """A sweep as it is to be started or gone on with.

    Attributes:
        name: Its name.
        spec: Its file.
        companion: What its companion file says.
        space: Its search space.
        left_out: Combinations that are no model, which it is without.
        total: How many trials the search has; None: as many as the budget pays for.
        seed: What its draws come from.
        budget_s: Device time in all, in seconds; None: no limit.
        ground: What its trials stand on beside its file.
        first: The words of a trial that was tried.
        config_dir: The folder of configuration, where it is given.
    """

    name: str
    spec: SweepSpec
    companion: Companion
    space: Space
    left_out: tuple[LeftOut, ...]
    total: int | None
    seed: int
    budget_s: float | None
    ground: Ground
    first: tuple[str, ...]
    config_dir: Path | None = None

    def check_end(self) -> None:
        """Sees to it that the search has an end.

        Raises:
            SweepError: It has none.
        """
        if self.total is None and self.budget_s is None:
            raise SweepError(
                f"{self.spec.path} has no end: its space is not finite, and it has no run_cap; add --trials N or "
                "--budget 8h, or write run_cap into the file."
            )

    def open(self, sweeps: Path, *, renew: bool = False) -> SweepFolder:
        """Makes the sweep with all its trials, or goes on with the one that is there.

        Args:
            sweeps: Where sweeps lie.
            renew: Put another sweep of that name aside, and begin anew.

        Raises:
            SweepError: A sweep of that name is another one (with `renew`: and is being worked for), or the folder holds
                something else.
            DeviceError: The disk is full or cannot be written.
        """
        folder = SweepFolder(sweeps / self.name)
        if not renew:
            self._create(folder)
            return folder
        with files.disk_errors(sweeps):
            sweeps.mkdir(parents=True, exist_ok=True)
            # Of several at once the first begins anew, and the others find that it is theirs
            lock = FileLock(sweeps / f".{self.name}.renew")
            lock.acquire()
        try:
            self._renew(folder)
        finally:
            lock.release()
        return folder

    def there(self, sweeps: Path, *, renew: bool = False) -> SweepFolder | None:
        """The sweep of that name that `open` would go on with; None where it would make a new one. Writes nothing.

        Args:
            sweeps: Where sweeps lie.
            renew: Whether another sweep of that name is put aside.

        Raises:
            SweepError: As `open`.
        """
        folder = SweepFolder(sweeps / self.name)
        record = SweepRecord.new(self.name, self.spec, self.companion, self.space, *self._asked)
        try:
            return folder if check_same(folder, self.spec, record) else None
        except OtherSweepError:
            if not renew:
                raise
            _check_idle(folder)
            return None

    def ledger(self, there: SweepFolder) -> Ledger:
        """The ledger of the sweep that is there, as it stands with these files."""
        return Ledger(there, self.spec, self.companion, SweepRecord.read(there), self.space)

    def adds_to(self, record: SweepRecord) -> bool:
        """Whether a start would give the sweep that is there more trials, or another budget."""
        more = self.total is not None and (record.total is None or self.total > record.total)
        return more or self.budget_s not in {None, record.budget_s}

    def _renew(self, folder: SweepFolder) -> None:
        try:
            self._create(folder)
        except OtherSweepError:
            _check_idle(folder)
            place = put_aside(folder)
            print(f"the sweep {folder.name} was another one and lies in {place} now", file=sys.stderr)
            self._create(folder)

    def _create(self, folder: SweepFolder) -> None:
        Ledger.create(folder, self.spec, self.companion, self.space, *self._asked)

    @property
    def _asked(self) -> tuple[int | None, int, float | None, Ground, Path | None]:
        return self.total, self.seed, self.budget_s, self.ground, self.config_dir

    def examples(self) -> list[list[str]]:
        """The commands of the first trials; of a Bayesian search, whose are not known yet, one that was tried."""
        if self.spec.method == "bayes":
            # What a sampler draws is known when a worker asks it
            return [["kirie", "train", *self.first]]
        count = _EXAMPLES if self.total is None else min(_EXAMPLES, self.total)
        found = [
            self.space.combination(at) if self.spec.method == "grid" else self.space.draw(self.seed, at)
            for at in range(count)
        ]
        return [list(words(self.spec.command, params, os.environ, program=self.spec.program)) for params in found]


def read_opening(
    file: Path,
    *,
    name: str | None = None,
    trials: int | None = None,
    budget: str | None = None,
    seed: int | None = None,
    config_dir: Path | None = None,
) -> Opening:
    """Reads a sweep file and its companion, and checks both against the configuration.

    Args:
        file: The sweep file.
        name: The sweep's name; by default the file's.
        trials: How many trials the search is to have; by default the file's `run_cap`, else all of a finite space.
        budget: Device time in all, as "8h"; by default the companion's.
        seed: What draws come from; by default the companion's, else 0.
        config_dir: The folder of configuration, where it is given.

    Raises:
        SweepError: The file, its companion or its parameters are wrong.
        UsageError: The name or the time is none.
    """
    # What is told at once before what takes seconds
    budget_given = None if budget is None else read_duration(budget, "--budget")
    spec = SweepSpec.read(file)
    called = _checked(spec.name if name is None else name)
    beside = companion_path(file)
    companion = Companion.read(beside if beside.is_file() else None, spec)
    conf = config_folder(config_dir)
    checked = check_sweep(spec, companion, conf)
    space = checked.space
    ground = Ground.of(checked.stores, conf, checked.files, checked.overrides)
    budget_s = companion.budget_s if budget_given is None else budget_given
    size = space.size()
    total = trials if trials is not None else spec.run_cap
    if size is not None and spec.method == "grid":
        total = size if total is None else min(total, size)
    if total is None and size is not None and budget_s is None:
        total = size
    found = companion.seed if seed is None else seed
    return Opening(
        *(called, spec, companion, space, checked.left_out, total, found, budget_s, ground, checked.overrides),
        config_dir=config_dir,
    )


def _check_idle(folder: SweepFolder) -> None:
    if any(trial.state == "running" for trial in Ledger.open(folder).trials()):
        raise SweepError(
            f"The sweep {folder.name} is being worked for, so it is not put aside; `kirie sweep stop {folder.name} "
            "--now` ends that."
        )


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"'{name}' is no name for a sweep, whose folder has it; allowed are letters, digits, _ . and -, at most "
            "128. Give one with --name."
        )
    return name
