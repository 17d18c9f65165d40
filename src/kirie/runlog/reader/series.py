"""One metric of one run: its values by step, over all segments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kirie.errors import RunError
from kirie.runlog.reader.columns import Axes, Column
from kirie.runlog.reader.merge import unrepeated

AXES = ("step", "epoch", "time", "images")


@dataclass(frozen=True, slots=True)
class Series:
    """A metric's values.

    Attributes:
        key: The metric.
        step: int64, never falling; equal ones in the log's order.
        value: float64, the value at each.
        row: int64, the number of the row of history that each was logged in, counted over all segments.
    """

    key: str
    step: NDArray[np.int64]
    value: NDArray[np.float64]
    row: NDArray[np.int64]
    _epoch: NDArray[np.float64]
    _time: NDArray[np.float64]
    _batch: float | None = None

    def __len__(self) -> int:
        return len(self.step)

    def axis(self, name: str) -> NDArray[np.float64]:
        """What the values may be drawn over, float64, one for each of them; NaN where a row does not say.

        Args:
            name: "step", "epoch", "time" (Unix seconds) or "images" (those seen in training so far).

        Raises:
            RunError: There is no such axis, or nobody knows how many images a step took.
        """
        if name == "step":
            return self.step.astype(np.float64)
        if name == "epoch":
            return self._epoch
        if name == "time":
            return self._time
        if name != "images":
            raise RunError(f"There is no axis '{name}'; allowed are {', '.join(AXES)}.")
        if self._batch is None:
            raise RunError(
                f"The images that {self.key} had seen are not known: the run's configuration has no data.batch_size "
                "or batch_size; use the axis step."
            )
        # A step is numbered from 0 when it is done
        return (self.step.astype(np.float64) + 1) * self._batch


def merged(key: str, parts: Sequence[tuple[Axes, Column]], batch: float | None) -> Series:
    """A metric over several segments.

    Args:
        key: The metric.
        parts: Each segment's axes and column, empty where it lacks the metric, the oldest first.
        batch: Images that a step takes, if it is known.
    """

    def joined(pick: Callable[[Axes], NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate([pick(axes)[column.rows] for axes, column in parts])

    kept = unrepeated([axes.step[column.rows] for axes, column in parts])
    values = np.concatenate([column.values for _, column in parts])
    steps = joined(lambda axes: axes.step)
    epochs, times = joined(lambda axes: axes.epoch), joined(lambda axes: axes.time)
    before = np.cumsum([0, *(len(axes.step) for axes, _ in parts)])
    rows = np.concatenate([first + column.rows for first, (_, column) in zip(before[:-1], parts, strict=True)])
    return Series(key, steps[kept], values[kept], rows[kept], epochs[kept], times[kept], batch)
