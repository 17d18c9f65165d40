"""What curves are drawn against: steps, epochs, time, images."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kirie.board import chunks
from kirie.runlog.reader.merge import unrepeated

AXES = ("step", "epoch", "time", "wall", "images")

Numbers = NDArray[np.float64]


class Points(NamedTuple):
    """Values with all their places; NaN where a place is not known.

    Attributes:
        steps: Steps.
        times: Seconds since 1970.
        epochs: Epochs.
        values: The values.
    """

    steps: Numbers
    times: Numbers
    epochs: Numbers
    values: Numbers


_NONE = Points(*(np.zeros(0) for _ in Points._fields))


def along(connection: sqlite3.Connection, segment: int, name: str, *, system: bool) -> Points:
    """A segment's column.

    Args:
        connection: The cache.
        segment: The segment.
        name: The column's name.
        system: Whether it is a system metric, which has a time and no step.
    """
    number = chunks.number_of(connection, name)
    if number is None:
        return _NONE
    rows, values = chunks.read(connection, segment, number)
    if system:
        nowhere = np.full(len(rows), np.nan)
        return Points(nowhere, _at(connection, segment, chunks.SYSTEM_TIME, rows), nowhere, values)
    steps, times, epochs = (_at(connection, segment, axis, rows) for axis in (chunks.STEP, chunks.TIME, chunks.EPOCH))
    return Points(steps, times, epochs, values)


def merged(parts: Sequence[Points], *, system: bool) -> Points:
    """The points of several segments, the oldest first, without steps that a later one repeats; see `unrepeated`."""
    whole = Points(*map(np.concatenate, zip(*parts, strict=True))) if parts else _NONE
    if system or not len(whole.steps) or np.isnan(whole.steps).any():
        return whole
    kept = unrepeated([part.steps.astype(np.int64) for part in parts])
    return Points(*(column[kept] for column in whole))


def places(points: Points, x: str, started: float | None, batch: float | None) -> Numbers:
    """Where points lie on an axis; NaN where that is not known.

    Args:
        points: The points.
        x: One of `AXES`.
        started: When the run started, seconds since 1970; None if that is not known.
        batch: The images of a step; None if they are not known, or not asked for.
    """
    if x == "step":
        return points.steps
    if x == "epoch":
        return points.epochs
    if x == "wall":
        return points.times
    if x == "time":
        return points.times - (np.nan if started is None else started)
    # A step is numbered from 0 when it is done
    return (points.steps + 1) * (np.nan if batch is None else batch)


def _at(connection: sqlite3.Connection, segment: int, axis: str, rows: NDArray[np.int64]) -> Numbers:
    """An axis at some rows."""
    number = chunks.number_of(connection, axis)
    if number is None or not len(rows):
        return np.full(len(rows), np.nan)
    _, found = chunks.read(connection, segment, number)
    # An axis has a number for each row that was read with it
    return found[rows] if len(found) > rows[-1] else np.full(len(rows), np.nan)
