"""Whose a log is: which logs of one id are one run, what that run is called, and which of its logs came first.

Nothing here depends on the order in which logs are found.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple


class Owner(NamedTuple):
    """W&B's project, and its user or team; "" where a log does not say."""

    project: str
    entity: str


def owner_of(said: Mapping[str, Any]) -> Owner:
    """The owner of a log, by what it says of its run (see `Batch.run`)."""
    return Owner(said.get("project") or "", said.get("entity") or "")


def agreeing(owner: Owner, among: Iterable[Owner]) -> list[Owner]:
    """Of some owners those that it may be short for: itself, or those that say the same and more."""
    known = list(among)
    if owner in known:
        return [owner]
    return [one for one in known if all(not said or said == theirs for said, theirs in zip(owner, one, strict=True))]


def keys_of(id_: str, owners: Iterable[Owner]) -> dict[Owner, str]:
    """What the runs of one id are called, by the owners that their logs name.

    Logs are of one run if project and entity agree. One that leaves something out (offline it names no entity, at its
    very beginning nothing at all) is of the run that it agrees with if there is one such, and else a run of its own.

    Args:
        id_: The id.
        owners: Those of all logs of it.

    Returns:
        The id itself where it is of one run alone, and else of each run ID~PROJECT~ENTITY. A ~ of theirs is ^7E there
        and a ^ is ^5E, so that no two runs are called the same.
    """
    runs: dict[Owner, Owner] = {}
    # Those that say most come first, so that the others find them
    for owner in sorted(set(owners), key=lambda one: (-sum(map(bool, one)), one)):
        near = agreeing(owner, set(runs.values()))
        runs[owner] = near[0] if len(near) == 1 else owner
    if len(set(runs.values())) < 2:
        return dict.fromkeys(runs, escaped(id_))
    return {owner: "~".join(map(escaped, (id_, *run))) for owner, run in runs.items()}


def escaped(part: str) -> str:
    """Part of a key as it stands there, which alone is the key of an id that is of one run."""
    # No percent codes: who decodes an address twice would have another run's key
    return part.replace("^", "^5E").replace("~", "^7E")


def of_several(id_: str, keys: Sequence[str]) -> str:
    """The sentence for somebody who asks for an id that several runs have, or one that is called otherwise."""
    if len(keys) == 1:
        return f"The run of the id '{id_}' is called {keys[0]}; name it so."
    return f"{len(keys)} runs have the id '{id_}': {', '.join(sorted(keys)[:5])}; name one of them."


def began(said: Mapping[str, Any], stamp: str) -> float:
    """When a log's process began, Unix seconds; 0 if nothing tells.

    Its own word counts. The stamp of its folder is the local time of some machine, which goes back once a year, and
    stands in where there is none.

    Args:
        said: What the log says of its run.
        stamp: See `stamp_of`.
    """
    if said.get("started"):
        return float(said["started"])
    # Digits that are no date are somebody's own name
    with contextlib.suppress(ValueError, OverflowError):
        return time.mktime(time.strptime(stamp, "%Y%m%d_%H%M%S"))
    return 0.0
