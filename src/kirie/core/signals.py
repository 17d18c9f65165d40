"""SIGTERM as an exception, so that an ended command tidies up: half-written files go, records are closed."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class Terminated(BaseException):
    """The process was told to end (SIGTERM)."""


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Inside the block SIGTERM raises Terminated; afterwards the handler before it is back.

    A second SIGTERM ends the process at once, should the first one's work hang; so does the first one in a process
    that was forked inside the block, whose tidying is its parent's.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    owner = os.getpid()

    def stop(_signum: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if os.getpid() != owner:
            signal.raise_signal(signal.SIGTERM)
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
