"""A board's cache: one SQLite file, which several boards may share and anybody may delete at any time.

Where it cannot be written (a full disk, a read-only home), the board goes on with a cache in memory and says so; what
there is of it on the disk goes then, unless another board uses it.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from kirie.board import schema

_PATIENCE_S = 30.0
_MEMORY_BYTES = 512 * 2**20
_PAGE_BYTES = 8192
_FULL = " That memory is full: the oldest runs are left out, and of very long ones all but the first part."
_DAMAGED = {"SQLITE_CORRUPT", "SQLITE_NOTADB"}


class CacheLostError(Exception):
    """What was read before is gone: the cache was deleted, was damaged, or went to memory; begin anew."""


class CacheFullError(CacheLostError):
    """The cache is in memory, and a change did not fit; what was there before still is."""


class Cache:
    """The cache in a folder; safe to use from several threads.

    Args:
        folder: Its folder, made if missing.

    Attributes:
        trouble: Why the cache is not on the disk, and whether it does not take all; "" if all is well.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "columns.sqlite"
        self.trouble, self._closed = "", False
        self._lock, self._write_lock = threading.RLock(), threading.RLock()
        self._reader: sqlite3.Connection
        self._writer: sqlite3.Connection
        self._open()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the cache as long as the block lasts.

        Raises:
            CacheLostError: The cache was damaged, and is begun anew; or it was closed.
        """
        connection = None
        try:
            with self._lock:
                connection = self._reader
                if connection.in_transaction:
                    yield connection
                    return
                connection.execute("BEGIN")
                try:
                    yield connection
                finally:
                    if connection.in_transaction:
                        connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._lost(error, connection) from error

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection for one change, whole or not at all.

        Raises:
            CacheFullError: It is in memory, and the change does not fit.
            CacheLostError: The cache cannot be written, or was damaged; it is begun anew, in memory if need be.
        """
        connection = None
        try:
            with self._write_lock, self._lock if self.in_memory else contextlib.nullcontext():
                connection = self._writer
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                finally:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise self._lost(error, connection) from error

    @property
    def in_memory(self) -> bool:
        """Whether nothing of it is on the disk."""
        return self._inode is None

    def look(self) -> None:
        """Notices that the file was deleted or replaced.

        Raises:
            CacheLostError: It was; a new one is begun.
        """
        if self.in_memory:
            return
        if _inode(self.path) != self._inode:
            with self._write_lock, self._lock:
                self._close()
                self._open()
            raise CacheLostError

    def version(self) -> int:
        """A number that grows with each change, over deletions, too."""
        with self.reading() as connection:
            found: int = connection.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()[0]
            return found

    def close(self) -> None:
        """Lets the file go; who reads on hears that the cache is lost."""
        with self._write_lock, self._lock:
            self._closed = True
            self._close()

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._connect()
            except sqlite3.DatabaseError as error:
                if not _is_damaged(error):
                    raise
                self._remove()
                self._connect()
            self._inode: int | None = _inode(self.path)
        except (OSError, sqlite3.Error) as error:
            self._to_memory(error)

    def _connect(self) -> None:
        self._writer = sqlite3.connect(self.path, _PATIENCE_S, isolation_level=None, check_same_thread=False)
        self._writer.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        self._writer.execute("PRAGMA journal_mode = WAL")
        # A power cut may cost the last changes, which are read from the logs again, and never the file
        self._writer.execute("PRAGMA synchronous = NORMAL")
        schema.prepare(self._writer)
        self._reader = sqlite3.connect(self.path, _PATIENCE_S, isolation_level=None, check_same_thread=False)
        self._reader.execute("PRAGMA mmap_size = 268435456")

    def _to_memory(self, error: Exception) -> None:
        self.trouble = (
            f"The cache {self.path} cannot be written ({str(error) or type(error).__name__}), so the board keeps it in "
            "memory, and reads the logs again at its next start; free space, or set XDG_CACHE_HOME to another folder."
        )
        self._inode = None
        self._writer = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._writer.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        self._writer.execute(f"PRAGMA max_page_count = {_MEMORY_BYTES // _PAGE_BYTES}")
        schema.prepare(self._writer)
        self._reader = self._writer
        self._remove_if_unused()

    def _lost(self, error: sqlite3.Error, connection: sqlite3.Connection | None) -> Exception:
        """What to raise after an error, with the cache ready to be begun anew."""
        with self._write_lock, self._lock:
            return self._after(error, current=not self._closed and connection in {self._reader, self._writer})

    def _after(self, error: sqlite3.Error, *, current: bool) -> Exception:
        if not current:
            # Another thread closed it, or began it anew already, after the same error perhaps
            return CacheLostError()
        if self.in_memory:
            if getattr(error, "sqlite_errorname", "") != "SQLITE_FULL":
                return error
            self.trouble = self.trouble.removesuffix(_FULL) + _FULL
            return CacheFullError()
        if isinstance(error, sqlite3.ProgrammingError | sqlite3.IntegrityError):
            return error
        self._close()
        try:
            if _is_damaged(error):
                self._remove()
                self._open()
            elif _inode(self.path) != self._inode:
                self._open()
            else:
                self._to_memory(error)
        except OSError as why:
            # A damaged file that cannot be removed
            self._to_memory(why)
        return CacheLostError()

    def _close(self) -> None:
        for connection in {id(each): each for each in (self._reader, self._writer)}.values():
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _remove_if_unused(self) -> None:
        """Gives the disk back what a cache took that this board cannot write: it may be what fills it."""
        with contextlib.suppress(OSError, sqlite3.Error):
            if self.path.is_file():
                with contextlib.closing(sqlite3.connect(self.path, 0)) as alone:
                    # Refused as long as another board has it open
                    alone.execute("PRAGMA locking_mode = EXCLUSIVE")
                    alone.execute("BEGIN EXCLUSIVE")
                    self._remove()

    def _remove(self) -> None:
        for ending in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)


@contextlib.contextmanager
def part_of(connection: sqlite3.Connection) -> Iterator[None]:
    """A part of a change, whole or not at all: where the block raises, what was changed before it stays."""
    connection.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        # A full disk may have ended the whole change already
        if connection.in_transaction:
            connection.execute("ROLLBACK TO part")
        raise
    finally:
        if connection.in_transaction:
            connection.execute("RELEASE part")


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _is_damaged(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorname", "") in _DAMAGED
