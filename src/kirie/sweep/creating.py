"""How a sweep comes into being: built aside and renamed into its place, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from kirie.core import files
from kirie.core.folders import folder_beside
from kirie.errors import SweepError
from kirie.sweep.companion import Companion
from kirie.sweep.folder import SweepFolder
from kirie.sweep.pruning import pruner_of
from kirie.sweep.record import SweepRecord, differences
from kirie.sweep.spec import SweepSpec
from kirie.sweep.study import Draw, write_new
from kirie.train.compose import config_folder

MOST_TRIALS = 100_000


class OtherSweepError(SweepError):
    """The sweep of that name is another one."""


def check_searchable(spec: SweepSpec, companion: Companion, total: int | None, budget_s: float | None) -> None:
    """Refuses what is not searched here.

    Raises:
        SweepError: The method is custom, the number of trials is not known or too large, repeats have no metric, or
            early stopping does not fit.
    """
    pruner_of(spec, companion)
    if spec.method == "custom":
        raise SweepError(
            f"{spec.path} has `method: custom`, which W&B's own scheduler runs; use grid, random or bayes, or "
            "start it with --engine wandb."
        )
    if total is None and budget_s is None:
        raise SweepError(
            f"{spec.path} has no end: its space is not finite. Say how many trials (--trials N, or run_cap in the "
            "file), or how much device time (--budget 8h)."
        )
    if total is not None and not 1 <= total <= MOST_TRIALS:
        raise SweepError(
            f"It would have {total} trials; allowed are 1 to {MOST_TRIALS}. Set run_cap in {spec.path} or --trials."
        )
    if companion.repeats > 1 and spec.metric is None:
        raise SweepError(f"{spec.path} has repeats of its best trials, and no metric to tell them by; add metric.name.")


def make_folder(folder: SweepFolder, spec: SweepSpec, companion: Companion, record: SweepRecord, draw: Draw) -> bool:
    """Makes a sweep's folder; False if there is one of that name already.

    Raises:
        DeviceError: The disk is full or cannot be written.
    """
    if _taken(folder.path):
        return False
    with folder_beside(folder.path) as beside:
        new = SweepFolder(beside)
        files.write_text(new.spec, spec.text)
        if companion.text is not None:
            files.write_text(new.companion, companion.text)
        record.write(new)
        write_new(new, [objective.goal for objective in companion.objectives], record.total or 0, draw)
        with files.disk_errors(folder.path):
            try:
                beside.rename(folder.path)
            except OSError:
                # Another process was faster
                if _taken(folder.path):
                    return False
                raise
    return True


def same_sweep(folder: SweepFolder, spec: SweepSpec, companion: Companion, record: SweepRecord) -> None:
    """Sees to it that the sweep in a folder is the given one; what may differ is taken over into its copies.

    Raises:
        OtherSweepError: It is another one.
        SweepError: It is no sweep.
        DeviceError: The disk is full or cannot be written.
    """
    check_same(folder, spec, record)
    if _text(folder.spec) != spec.text:
        files.write_text(folder.spec, spec.text)
    if companion.text is None:
        with files.disk_errors(folder.companion):
            folder.companion.unlink(missing_ok=True)
    elif not folder.companion.is_file() or _text(folder.companion) != companion.text:
        files.write_text(folder.companion, companion.text)


def check_same(folder: SweepFolder, spec: SweepSpec, record: SweepRecord) -> bool:
    """Sees to it that the sweep in a folder, if there is one, is the given one; writes nothing.

    Returns:
        Whether there is one.

    Raises:
        OtherSweepError: It is another one.
        SweepError: It is no sweep, or no folder can be there.
        ConfigError: The folder of configuration that its workers compose from is gone.
    """
    above = next(one for one in folder.path.parents if os.path.lexists(one))
    if not above.is_dir():
        raise SweepError(f"{above} is no folder, so that no sweep can lie there; choose a place with --sweeps.")
    if not _taken(folder.path):
        return False
    if not folder.record.is_file():
        raise SweepError(f"{folder.path} is no sweep: it {_content(folder.path)}. Choose another name with --name.")
    old = SweepRecord.read(folder)
    if told := differences(old, record, _text(folder.spec), spec.text):
        raise OtherSweepError(
            f"There is another sweep '{folder.name}' in {folder.path}: {'; '.join(told)}. Choose another name with "
            "--name, begin anew with --renew (the old one is kept aside), or give back what was changed."
        )
    if record.config_dir is None and old.config_dir is not None:
        config_folder(Path(old.config_dir))
    return True


def _taken(path: Path) -> bool:
    """Whether there is something in that place; an empty folder may be filled."""
    # A link to nowhere is something as well
    return os.path.lexists(path) and not (path.is_dir() and not any(path.iterdir()))


def _content(path: Path) -> str:
    if path.is_dir():
        return f"holds {', '.join(sorted(entry.name for entry in path.iterdir())[:3])}"
    return "is a file" if path.exists() else "is a link to nowhere"


def _text(path: Path) -> str:
    """A sweep's own copy of a file.

    Raises:
        SweepError: It is gone or damaged.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SweepError(f"The sweep's file {path} cannot be read ({error}); put it back.") from None
