"""What fits into a cache in memory once that is full: the newest runs, and of one too long for it the first columns."""

from __future__ import annotations

import dataclasses
import os
import sys

from kirie.board.cache import Cache
from kirie.board.reading import Reading
from kirie.board.scan import Log


class Room:
    """How many logs a cache takes.

    Args:
        cache: The cache.

    Attributes:
        most: Logs that it has room for, as far as is known.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self.most = sys.maxsize
        self._too_long: set[str] = set()

    def cut(self, log: Log, reading: Reading) -> Reading:
        """What is kept of a reading: of a log that does not fit even alone no more columns, only what became of it."""
        return dataclasses.replace(reading, chunks=[], values=[], console=[]) if log.path in self._too_long else reading

    def give_up(self, log: Log) -> None:
        """After a log's reading did not fit: where there is no other log that could give way, the rest is cut."""
        with self._cache.reading() as connection:
            others = connection.execute("SELECT 1 FROM segment WHERE path != ? LIMIT 1", (os.fsencode(log.path),))
            if others.fetchone() is None:
                self._too_long.add(log.path)

    def shrink(self) -> None:
        """After a change did not fit: a tenth of the logs that are there are to give way."""
        with self._cache.reading() as connection:
            (logs,) = connection.execute("SELECT count(*) FROM segment").fetchone()
        self.most = max(1, logs * 9 // 10)
