"""What fits into a cache in memory once that is full: the newest runs, and of one very long the first columns."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time

from kirie.board.cache import Cache
from kirie.board.reading import Reading, failed
from kirie.board.scan import Log

_SHARE = 4
"""Once it is full, one log takes at most this part of the memory."""
_WAIT_S = 10.0
"""Before more logs are let in again; twice as long after each time that they did not fit."""
_LONGEST_S = 3600.0

# 64 bytes are what a chunk, a value or a line takes beside its content
_TAKEN = """
SELECT path,
    (SELECT total(length(rows) + length(numbers) + 64) FROM chunk WHERE segment = log.id)
    + (SELECT total(length(json) + 64) FROM value WHERE segment = log.id)
    + (SELECT total(length(text) + 64) FROM console WHERE segment = log.id)
FROM segment AS log WHERE path = :path OR :path IS NULL
"""


class Room:
    """How many logs a cache takes, and how much of each.

    Args:
        cache: The cache.

    Attributes:
        most: Logs that it has room for, as far as is known.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self.most = sys.maxsize
        self._ended: dict[str, bool] = {}
        """Logs that take no more than their share, and whether they have come to its end."""
        self._unfit: set[str] = set()
        """Logs of which even what became of them does not fit."""
        self._refused = "", 0, 0
        self._wait, self._next, self._has_grown = _WAIT_S, 0.0, False

    def cut(self, log: Log, reading: Reading) -> Reading:
        """What is kept of a reading: of a log that has taken its share no more columns, only what became of it."""
        if log.path in self._unfit:
            return failed()
        if log.path not in self._ended:
            return reading
        begins = reading.restarted or reading.since is None
        # Without a gap: what comes after a part that was left out is left out, too
        if begins or not self._ended[log.path]:
            taken = _bytes(reading) + (0 if begins else self._taken(log).get(log.path, 0))
            self._ended[log.path] = taken > self._memory()[0] // _SHARE
        return dataclasses.replace(reading, chunks=[], values=[], console=[]) if self._ended[log.path] else reading

    def refuse(self, log: Log, reading: Reading) -> None:
        """Notes a log of which one reading did not fit."""
        # The facts are kept twice: as the log's, and as the run's
        self._refused = log.path, _bytes(reading), 2 * len(json.dumps(reading.facts))

    def shrink(self) -> list[str]:
        """After a change did not fit: where one log takes more than its share, that one is to be cut; else a tenth of
        the logs that are there are to give way.

        Returns:
            Logs to forget, and to read anew.
        """
        taken, share = self._taken(), self._memory()[0] // _SHARE
        path, more, facts = self._refused
        self._refused = "", 0, 0
        if facts > share:
            self._unfit.add(path)
            return [path]
        taken[path] = taken.get(path, 0) + more
        longest = max(taken, key=lambda path: taken[path])
        if longest not in self._ended and taken[longest] > share:
            self._ended[longest] = False
            return [longest]
        with self._cache.reading() as connection:
            (logs,) = connection.execute("SELECT count(*) FROM segment").fetchone()
        self.most = max(1, logs * 9 // 10)
        if self._has_grown:
            self._wait, self._has_grown = min(2 * self._wait, _LONGEST_S), False
        self._next = time.monotonic() + self._wait
        return []

    def grow(self) -> None:
        """Lets twice as many logs in where the memory is half empty again, as after a very long one was cut."""
        if self.most == sys.maxsize or time.monotonic() < self._next:
            return
        limit, used = self._memory()
        if used < limit // 2:
            self.most, self._has_grown = min(2 * self.most, sys.maxsize), True
            self._next = time.monotonic() + self._wait

    def _memory(self) -> tuple[int, int]:
        """Bytes that there are, and bytes that are in use."""
        with self._cache.reading() as connection:
            page, most, all_, free = (
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_size", "max_page_count", "page_count", "freelist_count")
            )
        return page * most, page * (all_ - free)

    def _taken(self, log: Log | None = None) -> dict[str, int]:
        """Bytes that the columns, values and output of each log take, or of one, about."""
        path = None if log is None else os.fsencode(log.path)
        with self._cache.reading() as connection:
            return {os.fsdecode(path): int(taken) for path, taken in connection.execute(_TAKEN, {"path": path})}


def _bytes(reading: Reading) -> int:
    texts = [text for _, _, _, text in reading.values] + [text for _, text in reading.console]
    columns = [len(each.rows) + len(each.numbers) for each in reading.chunks]
    return sum(columns) + sum(map(len, texts)) + 64 * (len(columns) + len(texts))
