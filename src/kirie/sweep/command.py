"""`kirie sweep`: the table of what it does beside starting a sweep, loaded on use."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence

ACTIONS: dict[str, tuple[str, str]] = {
    "work": ("kirie.sweep.work_command:main", "NAME  a further worker, here, until there is nothing left to do"),
    "agent": ("kirie.sweep.agent_command:main", "NAME  a further agent, here, for a sweep that was registered at W&B"),
    "status": ("kirie.sweep.status_command:main", "NAME  its trials, the best so far, who works, when it will end"),
    "best": ("kirie.sweep.best_command:main", "NAME  the best trials, and the command that trains the best one"),
    "stop": ("kirie.sweep.stop_command:main", "NAME  running trials go on to their end; with --now they save and wait"),
    "list": ("kirie.sweep.list_command:main", "the sweeps of this folder"),
}

_MORE = """what can be done with a sweep:
{rows}

`kirie sweep ACTION --help` tells its options."""


def main(argv: Sequence[str]) -> int:
    """Runs `kirie sweep`: one of its actions, or the start of a sweep."""
    if argv and argv[0] in ACTIONS:
        return _load(ACTIONS[argv[0]][0])(argv[1:])
    return _load("kirie.sweep.start_command:main")(argv)


def actions() -> str:
    """The actions as a text for `--help`."""
    return _MORE.format(rows="\n".join(f"  {name:<7} {words}" for name, (_, words) in ACTIONS.items()))


def _load(target: str) -> Callable[[Sequence[str]], int]:
    module, _, function = target.partition(":")
    found: Callable[[Sequence[str]], int] = getattr(importlib.import_module(module), function)
    return found
