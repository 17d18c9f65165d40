"""Keeps a board's cache true, in the background: newest runs first, then only what grows.

Every few seconds living runs are looked at, and now and then all folders. A look costs what is new, not what is there.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from kirie.board.cache import Cache, CacheFullError, CacheLostError
from kirie.board.judge import Judge
from kirie.board.keeper import Keeper
from kirie.board.readers import Wanted, readings
from kirie.board.reading import Reading, closed
from kirie.board.room import Room
from kirie.board.scan import Log, Scan, newest
from kirie.board.states import ALIVE, Asked
from kirie.board.trouble import Trouble
from kirie.board.turn import Turn
from kirie.runlog.reader.find import id_of
from kirie.runlog.reader.state import SILENT_S

LOOK_S = 1.5
"""Seconds between two looks at living runs."""
SCAN_S = 2.0
"""Seconds between two looks at all folders, at least: with LOOK_S, a new run shows within 5 s."""
_SCAN_SHARE = 0.05
"""Share of the time that looking at folders may take: a slow file server is looked at less often."""
_HEAD_START_S = 1.0
"""Looking at ten thousand folders would hold up the page's first answers, which the cache has."""
_MANY = 50
"""Logs that are put into the cache with one change."""

MOST_LOGS = 25_000
"""Logs that a board shows, of the newest runs: ten thousand runs take a third of a GiB, and the page as much."""


class _Known(NamedTuple):
    size: int
    mtime: int
    told: int
    waits: bool
    """Whether it looks damaged, and is to be judged once it has been silent."""

    def is_of(self, log: Log) -> bool:
        """Whether nothing is to be read of a log that is known."""
        judged = self.waits and time.time() - log.mtime / 1e9 > SILENT_S
        return (self.size, self.mtime, self.told) == (log.size, log.mtime, log.told) and not judged


_UNKNOWN = _Known(-1, -1, 0, waits=False)


class Indexer:
    """Fills a cache from the logs below a folder.

    Args:
        folder: The folder.
        cache: Its cache.
        turn: Tells whether another board does this already.
        asked: SLURM.
    """

    def __init__(self, folder: Path, cache: Cache, turn: Turn, asked: Asked | None = None) -> None:
        self._folder, self._cache, self._turn = folder, cache, turn
        self._asked = asked or Asked()
        self._keeper, self._scan = Keeper(folder), Scan(folder)
        self._judge = Judge(cache, self._keeper, self._asked)
        self._room = Room(cache)
        self._known: dict[str, _Known] | None = None
        self._next_scan = 0.0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kirie-board-index", daemon=True)
        self._trouble = Trouble(folder, cache)
        self._unread: dict[str, str] = {}

    @property
    def trouble(self) -> str:
        """What keeps it from its work, or from a part of it, in sentences; "" if nothing does."""
        return self._trouble.sentence

    def start(self) -> None:
        """Begins to work in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the change that is being made."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._turn.leave()

    def _run(self) -> None:
        if self._is_warm():
            self._stopping.wait(_HEAD_START_S)
        while not self._stopping.is_set():
            try:
                self.look()
                self._trouble.failure = ""
            except CacheFullError:
                pass
            except CacheLostError:
                continue
            except Exception as error:
                # The board goes on with what it has; the next look may do better
                if not self._trouble.failure:
                    traceback.print_exc(file=sys.stderr)
                self._trouble.failure = f"The logs could not be read on ({type(error).__name__}: {error})."
            self._stopping.wait(LOOK_S)

    def look(self, *, everywhere: bool = False) -> None:
        """Looks once at what may have changed, and keeps what is new.

        Args:
            everywhere: Look at all folders, however long ago that was done.

        Raises:
            CacheLostError: The cache is begun anew; look again.
        """
        with self._lock:
            if everywhere:
                self._next_scan = 0.0
            self._look()

    def _look(self) -> None:
        try:
            self._cache.look()
            if self._cache.in_memory:
                # Whoever still has a cache on the disk may fill it
                self._turn.leave()
            elif not self._turn.mine():
                self._trouble.hear()
                return
            if self._known is None:
                self._known = self._remembered()
                self._next_scan = 0.0
            if time.monotonic() >= self._next_scan:
                self._look_at_all(self._known)
            else:
                self._look_at_living(self._known)
            self._judge.look()
            self._trouble.tell()
        except BaseException as error:
            # What was not kept is looked up again
            self._known = None
            self._keeper.forget()
            self._trouble.forget()
            if isinstance(error, CacheFullError):
                self._forget(self._room.shrink())
            raise

    def _look_at_all(self, known: dict[str, _Known]) -> None:
        begin = time.monotonic()
        logs = self._scan.look()
        self._next_scan = time.monotonic() + max(SCAN_S, (time.monotonic() - begin) / _SCAN_SHARE)
        self._trouble.gone = not self._folder.is_dir()
        if self._trouble.gone:
            # A disk that is not mounted at the moment takes no runs with it
            return
        self._room.grow()
        there, logs = len(logs), newest(logs, min(self._room.most, MOST_LOGS))
        self._trouble.logs = there, len(logs)
        if gone := [path for path in known if path not in logs and not self._is_closed(path)]:
            self._forget(gone)
            for path in gone:
                del known[path]
        new = [log for log in logs.values() if not known.get(log.path, _UNKNOWN).is_of(log)]
        new.sort(key=lambda log: log.age, reverse=True)
        self._keep([], (len(logs) - len(new), len(logs)))
        self._read(new, known, len(logs))
        self._unread = {path: why for path, why in self._unread.items() if path in logs}
        self._trouble.closed = self._scan.closed | self._unread
        with self._cache.writing() as connection:
            connection.execute("REPLACE INTO meta VALUES ('refreshed', ?)", (int(time.time()),))

    def _forget(self, paths: Sequence[str]) -> None:
        if paths:
            with self._cache.writing() as connection:
                self._keeper.make(connection, self._keeper.remove(connection, paths), self._asked.states)

    def _is_closed(self, path: str) -> bool:
        """Whether a log, or a folder that it lies in, could not be looked at just now: it may be there still."""
        closed = self._scan.closed
        return bool(closed) and not closed.keys().isdisjoint({path, *map(str, Path(path).parents)})

    def _look_at_living(self, known: dict[str, _Known]) -> None:
        with self._cache.reading() as connection:
            living = connection.execute(
                "SELECT path, stamp FROM segment WHERE open AND run IN (SELECT key FROM run WHERE state IN (?, ?))",
                sorted(ALIVE),
            ).fetchall()
        found = []
        for path, stamp in [(os.fsdecode(path), stamp) for path, stamp in living]:
            try:
                status = (self._folder / path).stat()
            except OSError:
                # The next look at all folders tells whether it is gone
                continue
            # One that is not known at all is being read just now, or will be with the next look at all folders
            if path in known:
                log = Log(path, stamp, id_of(Path(path).name), status.st_size, status.st_mtime_ns, known[path].told)
                found += [] if known[path].is_of(log) else [log]
        self._read(found, known, None)

    def _read(self, logs: Sequence[Log], known: dict[str, _Known], total: int | None) -> None:
        """Reads logs and keeps what they say; in between, living runs and Ctrl+C are not forgotten."""
        if not logs:
            return
        looked, kept = time.monotonic(), 0
        waiting: list[tuple[Log, Reading]] = []
        source = readings(self._wanted(logs))
        before = {log.path: known.pop(log.path, _UNKNOWN) for log in logs}
        try:
            for log, reading in source:
                more = isinstance(reading, Reading) and reading.more
                if isinstance(reading, Reading):
                    self._unread.pop(log.path, None)
                    waiting.append((log, self._room.cut(log, reading)))
                    if not more:
                        known[log.path] = _Known(log.size, log.mtime, log.told, waits=reading.waits)
                else:
                    # To be tried again, and to be noticed when it goes
                    known[log.path] = _Known(-1, log.mtime, log.told, waits=False)
                    if not isinstance(reading, FileNotFoundError):
                        self._unread[log.path] = reading.strerror or type(reading).__name__
                        if before[log.path].mtime != log.mtime:
                            waiting.append((log, closed()))
                kept += not more
                late = time.monotonic() - looked > LOOK_S
                if len(waiting) >= _MANY or late or more:
                    self._keep(waiting, None if total is None else (total - len(logs) + kept, total))
                    waiting = []
                if self._stopping.is_set():
                    break
                if late and total is not None:
                    self._look_at_living(known)
                    looked = time.monotonic()
        finally:
            source.close()
        self._keep(waiting, None if total is None else (total - len(logs) + kept, total))

    def _keep(self, found: Sequence[tuple[Log, Reading]], progress: tuple[int, int] | None) -> None:
        """Puts readings into the cache, and tells all boards how far it is."""
        if not found and progress is None:
            return
        try:
            with self._cache.writing() as connection:
                ids = {self._keeper.take(connection, log, reading) for log, reading in found}
                self._keeper.make(connection, ids, self._asked.states)
                if progress is not None:
                    connection.execute("REPLACE INTO meta VALUES ('done', ?), ('total', ?)", progress)
        except CacheFullError:
            self._keeper.forget()
            if len(found) < 2:
                for log, reading in found:
                    self._room.refuse(log, reading)
                raise
            # The newer ones may fit
            half = len(found) // 2
            self._keep(found[:half], None)
            self._keep(found[half:], progress)

    def _is_warm(self) -> bool:
        """Whether there is something to show already."""
        try:
            with self._cache.reading() as connection:
                return connection.execute("SELECT 1 FROM run LIMIT 1").fetchone() is not None
        except CacheLostError:
            return False

    def _remembered(self) -> dict[str, _Known]:
        """What the cache knows of logs."""
        with self._cache.reading() as connection:
            found = connection.execute(
                "SELECT path, size, mtime, told, json_extract(state, '$.frames.waits') FROM segment"
            )
            return {os.fsdecode(path): _Known(*known) for path, *known in found}

    def _wanted(self, logs: Sequence[Log]) -> list[Wanted]:
        """Logs with where their last look ended."""
        found = []
        with self._cache.reading() as connection:
            for log in logs:
                path = os.fsencode(log.path)
                row = connection.execute("SELECT state, facts FROM segment WHERE path = ?", (path,)).fetchone()
                state, facts = (json.loads(row[0]), json.loads(row[1])) if row is not None else (None, None)
                # Other processes are not started again and again for what cannot be opened
                size = log.size if state is None and log.path not in self._unread else 0
                found.append(Wanted(log, self._folder / log.path, state, facts, size))
        return found
