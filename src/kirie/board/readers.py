"""Reading many logs: in this process where there is little to read, in others where there is much.

Reading is Python's own work, so in this process it would hold up every answer to the page.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from kirie.board.reading import KILLED, Facts, Reading, failed, read
from kirie.board.scan import Log

FEW_BYTES = 32 * 2**20
"""Less than this is read here: other processes take half a second to start."""

_MOST_PROCESSES = 8


class Wanted(NamedTuple):
    """A log to read: where it is, where its last look ended, and what it had said up to there."""

    log: Log
    path: Path
    state: object
    facts: Facts | None
    bytes: int


def readings(wanted: Sequence[Wanted]) -> Generator[tuple[Log, Reading | OSError]]:
    """Reads logs to their ends, about in the given order.

    Yields:
        A log and what a look at it gave, several of a long one; the error if it cannot be opened. One that kills the
        process that reads it is told on the terminal, and read in this process never.
    """
    killed = any(each.facts is not None and KILLED in each.facts["skipped"] for each in wanted)
    if sum(each.bytes for each in wanted) < FEW_BYTES and not killed:
        yield from _here(wanted)
        return
    processes = min(_MOST_PROCESSES, max(1, (os.cpu_count() or 2) - 1))
    left = list(reversed(wanted))
    while left:
        suspects = yield from _elsewhere(left, processes, 2 * processes)
        while suspects:
            each = suspects.pop()
            # Alone, so that it is known whose reading it is that kills
            alone = [each]
            if (yield from _elsewhere(alone, 1, 1)) or alone:
                print(f"kirie: the process that read {each.path} was killed; the log is left out.", file=sys.stderr)
                yield each.log, failed(KILLED)


def _begin() -> None:
    """Ctrl+C is for the process that serves, which then ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _here(wanted: Sequence[Wanted]) -> Iterator[tuple[Log, Reading | OSError]]:
    for log, path, state, facts, _ in wanted:
        while True:
            found = _tried(path, state, facts)
            yield log, found
            if isinstance(found, OSError) or not found.more:
                break
            state, facts = found.state, found.facts


def _elsewhere(
    left: list[Wanted], processes: int, at_once: int
) -> Generator[tuple[Log, Reading | OSError], None, list[Wanted]]:
    """Reads logs in other processes, and takes them off the list.

    Returns:
        Those that were being read when a process was killed, for its memory perhaps; none if all are read.

    Raises:
        BrokenProcessPool: No process can be started.
    """
    working: dict[Future[Reading | OSError], Wanted] = {}
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=_begin) as pool:
        begun = pool.submit(_begin)
        try:
            while left or working:
                while left and len(working) < at_once:
                    each = left[-1]
                    future = pool.submit(_tried, each.path, each.state, each.facts)
                    working[future] = left.pop()
                done, _ = wait(working, return_when=FIRST_COMPLETED)
                for future in done:
                    found, each = future.result(), working.pop(future)
                    if isinstance(found, Reading) and found.more:
                        left.append(each._replace(state=found.state, facts=found.facts))
                    yield each.log, found
        except BrokenProcessPool:
            if begun.exception() is not None:
                # No process could be started at all, which is no log's doing
                raise
            return list(working.values())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return []


def _tried(path: Path, state: object, facts: Facts | None) -> Reading | OSError:
    try:
        return read(path, state, facts)
    except OSError as error:
        return error
    except Exception:
        # One log that we cannot take must not keep back the others; it shows as one in which something was skipped
        traceback.print_exc(file=sys.stderr)
        return failed()
