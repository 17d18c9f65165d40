"""A trial's attempts: `trial.json`, which only the worker that holds the trial writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from kirie.core import files
from kirie.errors import SweepError
from kirie.sweep.folder import TrialFolder

FAILED, LOST = "failed", "lost"
"""Exits that count: for reasons of the trial's own, and without a word (killed, or its node is gone)."""

MOST_LOST = 20
"""So many times a trial's worker may end without a word and without getting further, until the trial is taken to be
the reason."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a trial.

    Attributes:
        attempt: Its number, from 1.
        worker: Who made it.
        began: When, ISO 8601, by that machine's clock.
        run: The run's id; None before it was known.
        exit: "finished", "pruned", "failed", "given back" or "lost"; None while it lasts.
        kind: Of a failure: "failed", "out of memory" and the like; "" otherwise.
        error: What went wrong; "" if nothing did.
        seconds: How long it took; of a lost one, to half a beat after its last sign of life.
        iterations: How often the metric had been reported when it ended, in all attempts.
        lease: The number of the lease that its worker held the trial by.
    """

    attempt: int
    worker: str
    began: str
    run: str | None = None
    exit: str | None = None
    kind: str = ""
    error: str = ""
    seconds: float = 0.0
    iterations: int = 0
    lease: int = 0


def read_attempts(trial: TrialFolder) -> list[Attempt]:
    """The attempts at a trial, the newest last.

    Raises:
        SweepError: The file is damaged.
    """
    if not trial.record.is_file() or trial.record.stat().st_size == 0:
        # The machine failed before a new file was on its disk
        return []
    content: Any = files.read_json(trial.record, SweepError, "The trial's record")
    try:
        return [Attempt(**entry) for entry in content["attempts"]]
    except (KeyError, TypeError):
        raise SweepError(
            f"The trial's record {trial.record} is damaged: it has no list of attempts. Remove it; the trial's "
            "failures are then counted anew."
        ) from None


def write_attempts(trial: TrialFolder, attempts: Sequence[Attempt], *, lasting: bool = False) -> None:
    """Writes the attempts at a trial.

    Args:
        trial: The trial.
        attempts: Its attempts.
        lasting: Wait until they are on the disk. What the ledger has as well need not be waited for.

    Raises:
        DeviceError: The disk is full or cannot be written.
    """
    content = {"attempts": [asdict(attempt) for attempt in attempts]}
    if lasting:
        files.write_json(trial.record, content)
        return
    beside = trial.record.with_suffix(".part")
    with files.disk_errors(trial.record):
        # Only the holder of the trial writes here
        beside.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        beside.replace(trial.record)


def new_attempt(attempts: Sequence[Attempt], worker: str, lease: int) -> Attempt:
    """The attempt that follows others, beginning now."""
    return Attempt(len(attempts) + 1, worker, datetime.now(UTC).isoformat(timespec="seconds"), lease=lease)


def failures(attempts: Sequence[Attempt]) -> int:
    """How often a trial has failed for reasons of its own."""
    return sum(attempt.exit == FAILED for attempt in attempts)


def hopeless(attempts: Sequence[Attempt]) -> str | None:
    """Why a trial is not taken up again: the last attempts all ended without a word, and none came further than the one
    before it. None if it is worth another."""
    count = 0
    for at, attempt in reversed(list(enumerate(attempts))):
        before = attempts[at - 1].iterations if at else 0
        if attempt.exit != LOST or attempt.iterations > before:
            break
        count += 1
    if count < MOST_LOST:
        return None
    return f"its worker ended without a word {count} times in a row, and the trial came no further"
