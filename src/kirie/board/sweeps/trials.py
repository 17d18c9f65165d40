"""The trials of a sweep: what its runs came to, joined with what its ledger knows beyond them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kirie.board.sweeps.importance import DECADES, is_number
from kirie.board.sweeps.journal import Entry
from kirie.runlog.reader.values import number

_OF_THE_RUN = ("run_id", "name", "sweep", "group", "runs", "reused", "id", "parameters", "data.store", "data.workers")
_NOTED = (
    "log.",
    "trainer.",
    "_wandb",
    "made_of.",
    "git.",
    "hardware.",
    "versions.",
    "data.fingerprint",
    "data.dvc",
    "init.",
)
"""Entries of a configuration that no sweep varies: where it ran, and what kirie notes of a run beside it."""

_MOST_CHOICES = 100


@dataclass(frozen=True, slots=True)
class Member:
    """A run of a sweep as the board knows it.

    Attributes:
        run: Its id.
        state: running, finished, failed, crashed or interrupted.
        config: Its configuration, flat.
        best: The best value of its metric; None if it logged none.
        last: The last one.
        seconds: How long it took; None if nobody knows.
        devices: On how many devices.
        latency_ms: Of one picture, where it was measured.
        size: Number of parameters, where it is known.
        started: Unix seconds.
        ended: Unix seconds.
    """

    run: str
    state: str
    config: Mapping[str, Any]
    best: float | None = None
    last: float | None = None
    seconds: float | None = None
    devices: int = 1
    latency_ms: float | None = None
    size: float | None = None
    started: float | None = None
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial of a sweep.

    Attributes:
        number: Its number, from 0.
        run: Its run, if that is on the board.
        state: waiting, running, interrupted, finished, pruned or failed.
        params: What was chosen for it.
        value: Its metric; None before.
        curve_end: The metric as it was last reported.
        cost_s: Device seconds.
        latency_ms: Of one picture, where it was measured.
        size: Number of parameters, where it is known.
        started: Unix seconds.
        ended: Unix seconds.
        repeat_of: The trial that it repeats with another seed.
    """

    number: int
    run: str | None
    state: str
    params: Mapping[str, Any]
    value: float | None = None
    curve_end: float | None = None
    cost_s: float | None = None
    latency_ms: float | None = None
    size: float | None = None
    started: float | None = None
    ended: float | None = None
    repeat_of: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """For an answer."""
        return {name: getattr(self, name) for name in self.__slots__} | {
            "params": dict(self.params),
            "pruned": self.state == "pruned",
        }


@dataclass(frozen=True, slots=True)
class Parameter:
    """What is varied in a sweep.

    Attributes:
        name: Its name.
        kind: number or choice.
        log: Whether numbers are to be shown on a scale of logarithms.
        values: The choices, in order; empty of numbers.
    """

    name: str
    kind: str
    log: bool
    values: tuple[Any, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """For an answer."""
        choices = {"values": list(self.values)} if self.kind == "choice" else {}
        return {"name": self.name, "kind": self.kind, "log": self.log} | choices


def join(
    members: Sequence[Member],
    entries: Sequence[Entry],
    names: Sequence[str],
    held: Callable[[int], bool] = lambda _: True,
) -> list[Trial]:
    """The trials of a sweep by number, those that wait left out.

    Args:
        members: Its runs, in the order of their beginnings.
        entries: Its ledger; empty without one.
        names: Its parameters.
        held: Whether a worker holds a trial, by its number; asked of those that run and are not on the board.
    """
    by_run = {one.run: one for one in members}
    told = [_from_ledger(entry, by_run.get(entry.run or ""), held) for entry in entries if entry.state != "waiting"]
    taken = {entry.run for entry in entries}
    after = len(entries)
    loose = [one for one in members if one.run not in taken]
    return told + [_from_run(one, after + at, names) for at, one in enumerate(loose)]


def varying(members: Sequence[Member]) -> list[str]:
    """The entries of the configuration that differ among runs, in the order of the first run's."""
    found: dict[str, set[str]] = {}
    for one in members:
        for name, value in one.config.items():
            if name not in _OF_THE_RUN and not name.startswith(_NOTED):
                found.setdefault(name, set()).add(json.dumps(value, sort_keys=True, default=str))
    lacking = {name for name in found if any(name not in one.config for one in members)}
    return [name for name, values in found.items() if len(values) + (name in lacking) > 1]


def described(name: str, trials: Sequence[Trial], log: bool | None) -> Parameter:
    """What kind of parameter it is.

    Args:
        name: Its name.
        trials: The sweep's trials.
        log: Whether it is drawn by its logarithm; None: its values decide.
    """
    tried = [one.params[name] for one in trials if name in one.params]
    # NaN and infinities, texts in JSON, have no place on a scale, and make no words of the numbers beside them
    finite = [value for value in tried if math.isfinite(number(value) or 0)]
    if finite and all(is_number(value) for value in finite):
        low, high = min(finite), max(finite)
        wide = low > 0 and high / low >= DECADES
        return Parameter(name, "number", bool(low > 0 and log) if log is not None else wide)
    # In the order of numbers and words, nothing first; equal ones once
    choices = {json.dumps(value, sort_keys=True, default=str): value for value in tried}
    order = sorted(choices, key=lambda text: (not is_number(choices[text]), _order(choices[text]), text))
    return Parameter(name, "choice", False, tuple(choices[text] for text in order[:_MOST_CHOICES]))


def _from_ledger(entry: Entry, member: Member | None, held: Callable[[int], bool]) -> Trial:
    state, last = entry.state, entry.steps[max(entry.steps)] if entry.steps else None
    if member is None:
        if state == "running" and not held(entry.number):
            state = "interrupted"
        return Trial(
            number=entry.number,
            run=None,
            state=state,
            params=entry.params,
            value=entry.values[0] if entry.values else None,
            curve_end=last,
            cost_s=entry.seconds,
            started=entry.began,
            ended=entry.ended,
            repeat_of=entry.repeat_of,
        )
    if state == "running" and member.state != "running":
        state = "interrupted"
    return Trial(
        number=entry.number,
        run=member.run,
        state=state,
        params=entry.params,
        value=entry.values[0] if entry.values else member.best,
        curve_end=last if member.last is None else member.last,
        # The ledger counts what lost attempts took, too; a trial that was taken over took nothing
        cost_s=_device_s(member.seconds if entry.seconds is None else entry.seconds, member.devices),
        latency_ms=member.latency_ms,
        size=member.size,
        started=entry.began or member.started,
        ended=entry.ended or member.ended,
        repeat_of=entry.repeat_of,
    )


def _from_run(one: Member, number: int, names: Sequence[str]) -> Trial:
    states = {"finished": "finished", "running": "running", "interrupted": "interrupted"}
    params = {name: value for name in names if (value := _chosen(one.config, name)) is not None or name in one.config}
    return Trial(
        number=number,
        run=one.run,
        state=states.get(one.state, "failed"),
        params=params,
        value=one.best,
        curve_end=one.last,
        cost_s=_device_s(one.seconds, one.devices),
        latency_ms=one.latency_ms,
        size=one.size,
        started=one.started,
        ended=one.ended,
    )


def _chosen(config: Mapping[str, Any], name: str) -> Any:
    """A parameter's value in a configuration; that of a group of settings is the group's name."""
    return config.get(name, config.get(f"{name}.name"))


def _device_s(seconds: float | None, devices: int) -> float | None:
    return None if seconds is None else seconds * devices


def _order(value: Any) -> float:
    return float(value) if is_number(value) else 0.0
