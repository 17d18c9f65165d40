"""Several segments of one run as one: a step that was repeated after a restart counts once, and the later one wins."""

from __future__ import annotations

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
    return order[np.append(found[1:] != found[:-1], True)]
