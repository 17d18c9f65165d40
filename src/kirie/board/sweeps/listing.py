"""Which sweeps there are: runs that share a sweep's name or id, or a group in which something varies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kirie.board.sweeps.trials import Member, varying

Row = Mapping[str, Any]

_SEEDS = ("seed", "random_state")


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep.

    Attributes:
        name: Its name; W&B's id of one that was started there.
        kind: "sweep", or "group" of runs that share a group and differ in their configurations.
        runs: Its runs, the oldest first.
        folder: kirie's folder of it; None without one.
    """

    name: str
    kind: str
    runs: tuple[str, ...]
    folder: Path | None


def sweeps(rows: Iterable[Row], folders: Mapping[str, Path]) -> list[Sweep]:
    """The sweeps of a board, those with the newest runs first.

    Args:
        rows: The runs' columns, the newest first.
        folders: The folders of sweeps around the runs, by name.
    """
    named: dict[str, list[str]] = {}
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        if isinstance(name := row.get("sweep"), str) and name:
            named.setdefault(name, []).insert(0, row["id"])
        elif isinstance(group := row.get("group"), str) and group:
            grouped.setdefault(group, []).insert(0, row)
    found = [Sweep(name, "sweep", tuple(runs), folders.get(name)) for name, runs in named.items()]
    found += [Sweep(name, "sweep", (), folder) for name, folder in folders.items() if name not in named]
    return found + [
        Sweep(name if name not in named else f"{name} (group)", "group", tuple(row["id"] for row in members), None)
        for name, members in grouped.items()
        if _differs(members)
    ]


def config_of(row: Row) -> dict[str, Any]:
    """A run's configuration, flat, from its columns."""
    return {key.removeprefix("config."): value for key, value in row.items() if key.startswith("config.")}


def _differs(members: list[Row]) -> bool:
    """Whether more than the seed varies: processes of one training share a group, too."""
    if len(members) < 2:
        return False
    names = varying([Member(row["id"], "", config_of(row)) for row in members])
    return any(not name.endswith(_SEEDS) for name in names)
