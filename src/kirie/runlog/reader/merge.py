"""Several segments of one run as one: what two of them say, a step or a setting, is as the later one has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def last_of_each(steps: NDArray[np.int64]) -> NDArray[np.intp]:
    """Where the last of each step stands, in order of the steps.

    Args:
        steps: Steps in the order in which they were logged, one segment after the other.

    Returns:
        Indices into `steps`.
    """
    if len(steps) == 0 or bool(np.all(steps[1:] > steps[:-1])):
        return np.arange(len(steps))
    order = np.argsort(steps, kind="stable")
    found = steps[order]
    kept: NDArray[np.intp] = order[np.append(found[1:] != found[:-1], True)]
    return kept


def together(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Configurations or summaries of segments as one: of each nested key the last value.

    What a later segment leaves out is not taken back by it. A dict that says its kind (`_type`, as a picture) is one
    value.

    Args:
        parts: Those of each segment, the oldest first.
    """
    found: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            before = found.get(key)
            if isinstance(before, dict) and isinstance(value, dict) and "_type" not in before.keys() | value.keys():
                value = together((before, value))
            found[key] = value
    return found
