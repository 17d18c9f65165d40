"""SIGTERM as an exception, so that an ended training leaves its record and its run log ended, too."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class Terminated(BaseException):
    """The process was told to end (SIGTERM)."""


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Inside the block SIGTERM raises Terminated; afterwards the handler before it is back."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signum: int, _frame: FrameType | None) -> None:
        # A second SIGTERM ends the process at once, should the first one's work hang
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
