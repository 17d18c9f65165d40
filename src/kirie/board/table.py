"""The table of runs as columns: kept in memory, brought up to date with what has changed."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from kirie.board.row import NOTE_COLUMNS, RUN_COLUMNS
from kirie.runlog.reader.values import spelled

_BOOL, _NUMBER, _TEXT, _LIST = 1, 2, 4, 8
_FLAGS: dict[type, int] = {bool: _BOOL, int: _NUMBER, float: _NUMBER, str: _TEXT, list: _LIST}
_KINDS = {_BOOL: "bool", _NUMBER: "number", _LIST: "list"}


@dataclass(frozen=True, slots=True)
class Row:
    """A run in the table.

    Attributes:
        columns: Its values by column; those that it lacks are left out. In the table numbers that JSON has not are
            texts, also in columns of numbers.
        metrics: Numbers of the names of its metrics.
        system: The same of its system metrics.
        started: Seconds since 1970.
        changed: The version with which it changed last.
    """

    columns: dict[str, Any]
    metrics: Sequence[int]
    system: Sequence[int]
    started: float
    changed: int

    def packed(self) -> str:
        """What a cache keeps of it beside `started` and `changed`.

        Numbers that JSON has not (NaN, infinities) are texts, and their columns are named.
        """
        odd = [key for key, value in self.columns.items() if isinstance(value, float) and not math.isfinite(value)]
        columns = spelled(self.columns) if odd else self.columns
        return json.dumps([columns, list(self.metrics), list(self.system), odd], separators=(",", ":"))


class Table:
    """All runs of a board, the newest first.

    Attributes:
        rows: The rows by the run's key.
        gone: The versions with which runs went, by key.
    """

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.gone: dict[str, int] = {}
        self._flags: dict[str, int] = {}
        self._ids: list[str] | None = None

    def take(self, packed: Sequence[tuple[str, float, int, str]], gone: Mapping[str, int]) -> None:
        """Brings the table up to date.

        Args:
            packed: Key, start, version and packed row of runs that changed.
            gone: The versions with which runs went, by key.
        """
        # One long text is read faster than many short ones
        contents = _read(f"[{','.join(text for _, _, _, text in packed)}]")
        for (key, started, changed, _), (columns, metrics, system, _) in zip(packed, contents, strict=True):
            self.rows[key] = Row(columns, metrics, system, started, changed)
            self.gone.pop(key, None)
        kinds: set[tuple[str, type]] = set()
        for columns, _, _, odd in contents:
            known = columns | dict.fromkeys(odd, 0.0) if odd else columns
            kinds.update(zip(known, map(type, known.values()), strict=True))
        for column, kind in kinds:
            self._flags[column] = self._flags.get(column, 0) | _FLAGS.get(kind, _TEXT)
        for key, version in gone.items():
            if key not in self.rows or self.rows[key].changed < version:
                self.rows.pop(key, None)
                self.gone[key] = version
        self._ids = None

    @property
    def ids(self) -> list[str]:
        """The keys of all runs, the newest first."""
        if self._ids is None:
            self._ids = sorted(self.rows, key=lambda key: (-self.rows[key].started, key))
        return self._ids

    def columns(self, ids: Sequence[str], notes: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The columns of some runs, as the page has them.

        Args:
            ids: The runs.
            notes: What people added, by run.
        """
        keys = (*RUN_COLUMNS, *NOTE_COLUMNS, *self._others())
        # Row by row and then turned, which is twice as fast as column by column
        rows = [tuple(map(with_note(self.rows[run].columns, notes.get(run)).get, keys)) for run in ids]
        columns = zip(*rows, strict=True) if rows else ((),) * len(keys)
        return [
            {"key": key, "kind": self._kind(key), "from": _origin(key), **_values(values, self._kind(key))}
            for key, values in zip(keys, columns, strict=True)
        ]

    def metrics(
        self, names: Mapping[int, str], runs: Sequence[str] | None = None
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The metrics and the system metrics, with how many runs have each.

        Args:
            names: The metrics' names by number.
            runs: Of these runs, as far as they are there; None for all.
        """
        rows = [self.rows[run] for run in (self.rows if runs is None else runs) if run in self.rows]
        return (
            _counted(Counter(number for row in rows for number in row.metrics), names),
            _counted(Counter(number for row in rows for number in row.system), names),
        )

    def _others(self) -> list[str]:
        """Columns of the configuration, then of the summary, by name."""
        others = [key for key in self._flags if key not in RUN_COLUMNS and key not in NOTE_COLUMNS]
        return sorted(others, key=lambda key: (not key.startswith("config."), key))

    def _kind(self, key: str) -> str:
        fixed = RUN_COLUMNS.get(key) or NOTE_COLUMNS.get(key)
        return fixed or _KINDS.get(self._flags.get(key, _TEXT), "text")


def _read(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # A configuration may hold NaN, or whole numbers without end
        return json.loads(text)


def with_note(columns: Mapping[str, Any], note: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """A row with what a person added to its run; tags of a person stand in the place of the log's."""
    if note is None:
        return columns
    tags = {} if note["tags"] is None else {"tags": note["tags"]}
    return {**columns, **tags, "note": note["note"], "pinned": note["pinned"], "hidden": note["hidden"]}


def _origin(key: str) -> str:
    if key in RUN_COLUMNS:
        return "run"
    if key in NOTE_COLUMNS:
        return "note"
    return "config" if key.startswith("config.") else "summary"


def _values(values: Sequence[Any], kind: str) -> dict[str, Any]:
    if kind == "list":
        return {"values": [value if value is None or isinstance(value, list) else [value] for value in values]}
    if kind != "text":
        return {"values": values}
    texts = [value if value is None or isinstance(value, str) else json.dumps(value) for value in values]
    words = list(dict.fromkeys(text for text in texts if text is not None))
    if len(words) * 2 > len(texts):
        return {"values": texts}
    codes = {word: code for code, word in enumerate(words)}
    return {"words": words, "codes": [None if text is None else codes[text] for text in texts]}


def _counted(counts: Counter[int], names: Mapping[int, str]) -> list[dict[str, Any]]:
    found = [
        {"key": names[number].partition(":")[2], "runs": runs} for number, runs in counts.items() if number in names
    ]
    return sorted(found, key=lambda entry: str(entry["key"]))
