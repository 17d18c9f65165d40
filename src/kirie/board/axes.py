"""What curves are drawn against: steps, epochs, time, images."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kirie.board import chunks
from kirie.board.row import batch_of

Numbers = NDArray[np.float64]


def along(
    connection: sqlite3.Connection, segment: int, name: str, *, system: bool
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """A segment's column with its places.

    Args:
        connection: The cache.
        segment: The segment.
        name: The column's name.
        system: Whether it is a system metric, which has a time and no step.

    Returns:
        Steps, times (seconds since 1970), epochs and values; NaN where a place is not known.
    """
    number = chunks.number_of(connection, name)
    if number is None:
        return (np.zeros(0),) * 4
    rows, values = chunks.read(connection, segment, number)
    if system:
        nowhere = np.full(len(rows), np.nan)
        return nowhere, _at(connection, segment, chunks.SYSTEM_TIME, rows), nowhere, values
    steps, times, epochs = (_at(connection, segment, axis, rows) for axis in (chunks.STEP, chunks.TIME, chunks.EPOCH))
    return steps, times, epochs, values


def _at(connection: sqlite3.Connection, segment: int, axis: str, rows: NDArray[np.int64]) -> Numbers:
    """An axis at some rows."""
    number = chunks.number_of(connection, axis)
    if number is None or not len(rows):
        return np.full(len(rows), np.nan)
    _, places = chunks.read(connection, segment, number)
    # An axis has a number for each row that was read with it
    return places[rows] if len(places) > rows[-1] else np.full(len(rows), np.nan)


Axis = Callable[[Numbers, Numbers, Numbers, Mapping[str, Any]], Numbers]


def _images(steps: Numbers, _times: Numbers, _epochs: Numbers, row: Mapping[str, Any]) -> Numbers:
    """Images seen up to a step, where the configuration tells the batch size."""
    config = {key.removeprefix("config."): value for key, value in row.items() if key.startswith("config.")}
    batch = batch_of(config)
    return (steps + 1) * batch if batch else np.full(len(steps), np.nan)


AXES: dict[str, Axis] = {
    "step": lambda steps, times, epochs, row: steps,
    "epoch": lambda steps, times, epochs, row: epochs,
    "time": lambda steps, times, epochs, row: times - float(row.get("started") or np.nan),
    "wall": lambda steps, times, epochs, row: times,
    "images": _images,
}
"""The axes by name: from steps, times, epochs and the run's row to places."""
