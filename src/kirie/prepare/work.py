"""One picture from source to rows: what a worker process does, and the processes that do it."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, resource_tracker

import numpy as np

from kirie.errors import DeviceError, KirieError
from kirie.prepare.framed import framed
from kirie.prepare.layout import SPLITS, Frame
from kirie.prepare.plan import Planned, Readable
from kirie.prepare.record import Record, measure
from kirie.prepare.rows import Pixels

_IN_PROCESS = 8
"""Fewer pictures than this are done before a worker process has started."""


@dataclass(frozen=True, slots=True)
class Done:
    """A prepared picture."""

    record: Record
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class Failed:
    """A picture that cannot be prepared.

    Attributes:
        name: The picture.
        problem: Why, unless only labels are unknown.
        unknown: Label names that the set does not have.
    """

    name: str
    problem: str | None = None
    unknown: tuple[str, ...] = ()


def prepare_one(source: Readable, frame: Frame, planned: Planned) -> Done | Failed:
    """Reads, checks, paints and frames one picture."""
    entry = planned.entry
    if planned.key is None:
        return Failed(entry.name, planned.problem)
    try:
        sample = source.read(entry)
        unknown = sorted({region.label for region in sample.regions if not source.labels.knows(region.label)})
        if unknown:
            return Failed(entry.name, unknown=tuple(unknown))
        if sample.split is not None and sample.split not in SPLITS:
            return Failed(entry.name, f"its split is '{sample.split}'; splits are {', '.join(SPLITS)}")
        rows = framed(sample, source.labels, frame)
    except KirieError as error:
        return Failed(entry.name, str(error))
    except OSError as error:
        return Failed(entry.name, f"it cannot be read ({error})")
    found = measure(rows.pixels, rows.inside_BHW, len(source.labels))
    shape = f"{sample.size[0]}x{sample.size[1]} ".encode()
    record = Record(
        key=planned.key,
        name=entry.name,
        group=sample.group,
        given=sample.split,
        size=sample.size,
        digest=found.digest,
        pixels=hashlib.sha256(shape + np.ascontiguousarray(sample.image_HWC).tobytes()).hexdigest(),
        counts=found.counts,
        ignored=found.ignored,
        valid=found.valid,
        sums=found.sums,
        squares=found.squares,
        notes=rows.notes,
        instances=rows.instances,
    )
    return Done(record, rows.pixels)


def prepare_all(
    source: Readable, frame: Frame, todo: Sequence[Planned], workers: int
) -> Generator[Done | Failed, None, None]:
    """Prepares pictures in worker processes and gives them back in order.

    Only a few results per worker are held at a time, however many pictures there are.

    Args:
        source: The source, picklable.
        frame: How samples become rows.
        todo: The pictures.
        workers: Processes; with one, or for few pictures, this process does it alone.

    Raises:
        DeviceError: A worker was ended from outside.
    """
    if workers == 1 or len(todo) < _IN_PROCESS:
        for planned in todo:
            yield prepare_one(source, frame, planned)
        return
    with _pool(source, frame, min(workers, len(todo))) as submit:
        rest = iter(todo)
        running = deque(submit(planned) for planned in itertools.islice(rest, 2 * workers + 1))
        while running:
            outcome = running.popleft().result()
            running.extend(submit(planned) for planned in itertools.islice(rest, 1))
            yield outcome


@contextmanager
def _pool(source: Readable, frame: Frame, workers: int) -> Iterator[Callable[[Planned], Future[Done | Failed]]]:
    if dataclasses.is_dataclass(source):
        # Each worker is sent its entries one by one; a second list of all would grow with the source
        source = dataclasses.replace(source, entries=())
    others = set(multiprocessing.active_children())
    # spawn: a fork would copy the threads' locks and the open store of this process
    pool = ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), initializer=_start, initargs=(source, frame)
    )
    # Starting it changes the signal mask, so it must run before `submit` does
    resource_tracker.ensure_running()

    def submit(planned: Planned) -> Future[Done | Failed]:
        # Submitting may start a process. It inherits the mask, so Ctrl+C, which reaches the whole group, leaves workers
        # alone from their first moment; the parent ends the pool in order.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return pool.submit(_work, planned)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    try:
        yield submit
    except BrokenProcessPool:
        # A worker that started while the pool ended the others is left by it, blocked on a pipe that nobody reads
        for worker in set(multiprocessing.active_children()) - others:
            worker.kill()
        raise DeviceError(
            "A worker process was ended from outside, most often because memory ran out; repeat the command with "
            f"fewer workers than {workers} (--workers). Finished pictures are not prepared again."
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_job: tuple[Readable, Frame] | None = None
"""What this worker process works on, sent once."""


def _start(source: Readable, frame: Frame) -> None:
    global _job
    _job = source, frame
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process when its parent is killed; the pool's queue alone would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _work(planned: Planned) -> Done | Failed:
    assert _job is not None
    return prepare_one(*_job, planned)
