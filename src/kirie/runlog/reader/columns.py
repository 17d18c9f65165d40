"""Rows become columns: of each key the rows that have it and their values, and of each row its step, epoch and time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from kirie.runlog.reader.changes import Change, apply
from kirie.runlog.reader.items import Heads, UnreadableError, entry, items_of
from kirie.runlog.reader.messages import Step
from kirie.runlog.reader.values import flat, number

STEP = "trainer/global_step"
"""The key under which Lightning logs the step; W&B's own `_step` counts calls."""

EPOCH = "epoch"
"""The key under which it logs the epoch, in each row."""

_CALLS, _TIME = "_step", "_timestamp"
_FAR = 2.0**62
"""No step is as large; what is, is none."""


class Column(NamedTuple):
    """The values of one key.

    Attributes:
        rows: int64, the numbers of the rows that have it, not falling.
        values: float64, the value in each.
    """

    rows: NDArray[np.int64]
    values: NDArray[np.float64]


class Value(NamedTuple):
    """What a row has that is no number.

    Attributes:
        row: The row's number.
        key: The key, dotted if it is nested.
        value: A dict that says its kind (`_type`), a text or a list.
    """

    row: int
    key: str
    value: Any


class Axes(NamedTuple):
    """Of each row in order: step (int64), epoch (float64) and time (float64, Unix seconds); NaN where unknown."""

    step: NDArray[np.int64]
    epoch: NDArray[np.float64]
    time: NDArray[np.float64]


class Rows:
    """Rows on their way to columns.

    Args:
        first: The number of the first row.

    Attributes:
        count: How many there are.
        values: What is no number.
        bad: Entries that cannot be read.
    """

    def __init__(self, heads: Heads, first: int) -> None:
        self.first, self.count, self.bad = first, 0, 0
        self.values: list[Value] = []
        self._heads = heads
        self._calls = heads.number_of(_CALLS)
        self._keys: list[int] = []
        self._numbers: list[float] = []
        self._ends: list[int] = []

    def add(self, content: bytes) -> None:
        """Adds a history record.

        Raises:
            UnreadableError: It is none.
        """
        items = items_of(content)
        had = len(self._keys)
        left = self._heads.row(list(items.update), self._keys, self._numbers)
        if left:
            self._slowly(left)
        if items.remove and not self._has_calls(had):
            self._step(items.remove[0])
        self._ends.append(len(self._keys))
        self.count += 1

    def add_row(self, row: Mapping[str, float]) -> None:
        """Adds a row of plain numbers."""
        for key, value in row.items():
            self._set(key, value)
        self._ends.append(len(self._keys))
        self.count += 1

    def _slowly(self, items: list[bytes]) -> None:
        nested: dict[str, Any] = {}
        for item in items:
            try:
                path, value = entry(item)
            except UnreadableError:
                self.bad += 1
                continue
            found = number(value)
            if found is not None and len(path) == 1:
                self._heads.learn(item, path)
                self._set(path[0], found)
            else:
                apply([Change(path, value)], nested)
        for key, value in flat(nested):
            found = number(value)
            if found is not None:
                self._set(key, found)
            elif value is not None:
                self.values.append(Value(self.first + self.count, key, value))

    def _set(self, key: str, value: float) -> None:
        self._keys.append(self._heads.number_of(key))
        self._numbers.append(value)

    def _has_calls(self, had: int) -> bool:
        return self._calls in self._keys[had:]

    def _step(self, content: bytes) -> None:
        try:
            self._set(_CALLS, float(Step.FromString(content).num))
        except DecodeError:
            self.bad += 1

    def columns(self) -> dict[str, Column]:
        """The columns of all rows so far."""
        keys = np.array(self._keys, dtype=np.int64)
        values = np.array(self._numbers, dtype=np.float64)
        ends = np.array(self._ends, dtype=np.int64)
        rows = np.repeat(np.arange(self.first, self.first + self.count), np.diff(ends, prepend=0))
        order = np.argsort(keys, kind="stable")
        keys, values, rows = keys[order], values[order], rows[order]
        begins = np.flatnonzero(np.diff(keys, prepend=-1))
        ends = np.append(begins, len(keys))[1:]
        return {
            self._heads.keys[keys[begin]]: Column(rows[begin:end], values[begin:end])
            for begin, end in zip(begins, ends, strict=True)
        }


def axes(columns: Mapping[str, Column], first: int, count: int, step: float | None, epoch: float | None) -> Axes:
    """The axes of rows.

    The step is Lightning's, where a row lacks it that of the row before, and without any W&B's own count.

    Args:
        columns: Their columns.
        first: The first row's number.
        count: How many there are.
        step: Lightning's step before them, if it is known.
        epoch: The epoch before them, if it is known.
    """

    def dense(key: str) -> NDArray[np.float64]:
        found = np.full(count, np.nan)
        if (column := columns.get(key)) is not None:
            found[column.rows - first] = column.values
        return found

    steps = _carried(_sound(dense(STEP)), step)
    calls = _sound(dense(_CALLS))
    calls = np.where(np.isnan(calls), np.arange(first, first + count), calls)
    steps = np.where(np.isnan(steps), calls, steps)
    return Axes(steps.astype(np.int64), _carried(dense(EPOCH), epoch), dense(_TIME))


def _sound(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.abs(values) < _FAR, values, np.nan)


def _carried(values: NDArray[np.float64], before: float | None) -> NDArray[np.float64]:
    """The values, with each NaN replaced by the last value before it."""
    all_ = np.append(math.nan if before is None else before, values)
    at = np.maximum.accumulate(np.where(np.isnan(all_), 0, np.arange(len(all_))))
    return all_[at][1:]
