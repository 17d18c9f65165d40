"""Several segments of one run as one: what two of them say, a step or a setting, is as the later one has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kirie.runlog.reader.values import is_nested


def unrepeated(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.intp]:
    """Where the steps stand that no later segment repeats, in order of the steps.

    What one segment logs several times at a step all counts: only a restart says a step anew.

    Args:
        parts: The steps of each segment as it logged them, the oldest first.

    Returns:
        Indices into all of them, one segment after the other; those of equal steps rise.
    """
    steps = np.concatenate([np.empty(0, np.int64), *parts])
    if bool(np.all(steps[1:] > steps[:-1])):
        return np.arange(len(steps))
    order = np.argsort(steps, kind="stable")
    if len(parts) == 1:
        return order
    found, of = steps[order], np.repeat(np.arange(len(parts)), [len(part) for part in parts])[order]
    ends = np.append(found[1:] != found[:-1], True)
    # Of equal steps the last one is of the newest segment
    newest = of[ends][np.cumsum(ends) - ends]
    kept: NDArray[np.intp] = order[of == newest]
    return kept


def latest(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Facts of segments as one: of each what the newest segment says that says it.

    Args:
        parts: Those of each segment, the oldest first.
    """
    found: dict[str, Any] = {}
    for part in parts:
        found |= part
    return found


def git_of(parts: Iterable[Mapping[str, Any]], record: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a run's code.

    Args:
        parts: What each segment says of git, the oldest first.
        record: kirie's run record, whose word counts more; empty without one.
    """
    kept = record.get("git")
    own = {name: value for name, value in kept.items() if value is not None} if isinstance(kept, Mapping) else {}
    return latest((*parts, own))


def together(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Configurations or summaries of segments as one: of each nested key the last value.

    What a later segment leaves out is not taken back by it. A picture, table or the like is one value.

    Args:
        parts: Those of each segment, the oldest first.
    """
    found: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            before = found.get(key)
            if is_nested(before) and is_nested(value):
                value = together((before, value))
            found[key] = value
    return found
