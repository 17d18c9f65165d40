"""What the processes of a training leave for each other: torch's store, and notes of how a process ended."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Protocol, Self

import torch.distributed as dist

from kirie.cluster.place import Place
from kirie.core.signals import Terminated
from kirie.errors import PeerError

_FIRST = "ended/first"
"""The note of the process that was the first to end in error: the cause of what follows."""


class Store(Protocol):
    """What is used of torch's stores: keys and values that all processes see."""

    def set(self, key: str, value: str) -> None:
        """Sets a value."""

    def get(self, key: str) -> bytes:
        """A value; waits for a key that is not there."""

    def check(self, keys: list[str]) -> bool:
        """Whether all keys are there; never waits."""

    def compare_set(self, key: str, expected: str, desired: str) -> bytes:
        """Sets a value if the key holds `expected`, or with "" if it is not there."""

    def clone(self) -> Self:
        """The same store over a connection of its own."""


def tcp_store(host: str, port: int, world: int, serves: bool, seconds: float) -> tuple[Any, int]:
    """Torch's store at a host and port (0: any free one), and its port.

    Raises:
        RuntimeError: It cannot be served or reached.
    """
    # torch does not show its stores to type checkers
    stores: Any = dist
    store = stores.TCPStore(
        host, port, world, is_master=serves, timeout=timedelta(seconds=seconds), wait_for_workers=False
    )
    return store, int(store.port)


def part(store: Any, name: str) -> Any:
    """The same store with all keys under a name."""
    stores: Any = dist
    return stores.PrefixStore(name, store)


def leave_note(store: Store, rank: int, host: str, code: int, words: str, told: Terminated | None = None) -> None:
    """Leaves how a process ended, by a signal perhaps; the first one in error is kept as the cause."""
    signum = None if told is None else told.signum
    note = json.dumps({"rank": rank, "host": host, "code": code, "words": words, "signal": signum})
    store.set(f"ended/{rank}", note)
    if code:
        store.compare_set(_FIRST, "", note)


def has_left(store: Store, rank: int) -> bool:
    """Whether a process has left its note."""
    return store.check([f"ended/{rank}"])


def go(store: Store, rank: int) -> None:
    """Says that a process needs the store no more."""
    store.set(f"gone/{rank}", "")


def has_gone(store: Store, rank: int) -> bool:
    """Whether a process needs the store no more."""
    return store.check([f"gone/{rank}"])


def code_of(store: Store, rank: int) -> int:
    """The exit code of a process that has left its note."""
    return int(json.loads(store.get(f"ended/{rank}"))["code"])


def cause(store: Store, place: Place) -> PeerError | Terminated | None:
    """What ends the training, as this process is to raise it.

    Returns:
        None while nothing has gone wrong; the signal that another process was stopped by, which is meant for all; or
        an error, which the first process only tells.
    """
    if not store.check([_FIRST]):
        return None
    found = json.loads(store.get(_FIRST))
    if found["signal"] is not None:
        return Terminated(found["signal"])
    words = found["words"] or f"It ended with code {found['code']}."
    told = f"{words} (Process {found['rank']} of {place.world}, on {found['host']}.)"
    return PeerError(told if place.first else "", found["code"])
