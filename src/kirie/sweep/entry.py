"""A trial as the ledger has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from optuna.trial import FrozenTrial, TrialState

State = Literal["waiting", "running", "interrupted", "finished", "pruned", "failed"]
"""interrupted: its worker is gone or gave it back, and it waits to be taken up. failed: for good."""

PARAMS, RUN, ACCOUNT, REPEAT = "params", "run", "account", "repeat"
"""Names of what the journal has of a trial beside Optuna's own: its parameters, its run and worker, what its attempts
came to, and of which trial it is a repeat."""

ENDED: dict[TrialState, State] = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial.

    Attributes:
        number: Its number in the sweep, from 0.
        state: What became of it.
        params: Its parameters; empty until they are drawn.
        values: The metric, then the further objectives, of a finished trial; of a pruned one the metric. Empty before.
        run: The id of its run; None before that was known.
        worker: Who has it, or had it last; None before.
        attempts: How many attempts have ended, and the one that lasts.
        seconds: What the attempts that have ended took.
        error: What went wrong last; "" if nothing did.
        kind: Of which kind that was ("out of memory").
        reused: Whether its score was taken over from a run that was there already.
        iterations: How often its metric was reported.
        latest: The metric as reported last; None before.
        repeat_of: The trial that this one repeats with another seed; None for a trial of the search.
    """

    number: int
    state: State
    params: Mapping[str, Any]
    values: tuple[float, ...]
    run: str | None
    worker: str | None
    attempts: int
    seconds: float
    error: str
    kind: str
    reused: bool
    iterations: int
    latest: float | None
    repeat_of: int | None

    @property
    def ended(self) -> bool:
        """Whether it is finished, pruned or failed for good."""
        return self.state in ENDED.values()

    @property
    def value(self) -> float | None:
        """The metric; None if it has none."""
        return self.values[0] if self.values else None


def entry_of(frozen: FrozenTrial, *, held: bool = True) -> Trial:
    """A trial from Optuna's record.

    Args:
        frozen: The record.
        held: Of a running one: whether a worker holds it.
    """
    notes = frozen.user_attrs
    begun: Mapping[str, Any] = notes.get(RUN, {})
    account: Mapping[str, Any] = notes.get(ACCOUNT, {})
    at_work: State = "running" if held else "interrupted"
    state = ENDED.get(frozen.state, "waiting" if frozen.state == TrialState.WAITING else at_work)
    steps = frozen.intermediate_values
    repeat: Mapping[str, Any] = notes.get(REPEAT, {})
    return Trial(
        number=frozen.number,
        state=state,
        params=notes.get(PARAMS, {}),
        values=values_of(frozen),
        run=begun.get("id"),
        worker=begun.get("worker"),
        attempts=max(account.get("attempts", 0), begun.get("attempt", 0)),
        seconds=account.get("seconds", 0.0),
        error=account.get("error", ""),
        kind=account.get("kind", ""),
        reused=account.get("reused", False),
        iterations=len(steps),
        latest=steps[max(steps)] if steps else None,
        repeat_of=repeat.get("of"),
    )


def values_of(frozen: FrozenTrial) -> tuple[float, ...]:
    """A record's values; empty if it has none."""
    # `values` wants a value of a trial that is finished, and a sweep without a metric has none
    return tuple(frozen.values) if frozen.values is not None else ()
