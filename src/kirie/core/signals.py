"""Signals that ask a process to end: an exception by default, a note while work must not be cut anywhere.

A command that is told to end tidies up: half-written files go, records are closed. Training is cut only at the end of
a batch: there the handlers do no more than note the signal, and the training looks at the note.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

GRACE = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
"""What a cluster sends before it kills. USR1 and USR2 would end Python on the spot if nobody caught them."""


class Terminated(BaseException):
    """The process was told to end.

    Args:
        signum: By which signal.
    """

    def __init__(self, signum: int = signal.SIGTERM) -> None:
        self.signum = signal.Signals(signum)
        super().__init__(self.signum.name)

    @property
    def exit_code(self) -> int:
        """128 and the signal's number, as shells count."""
        return 128 + self.signum


class Notice:
    """The signals that came, the first one first; nothing is raised after the first.

    Attributes:
        noted: The signals so far.
    """

    def __init__(self) -> None:
        self.noted: list[signal.Signals] = []
        self._patient = False

    @property
    def first(self) -> signal.Signals | None:
        """The signal to obey."""
        return self.noted[0] if self.noted else None

    @contextlib.contextmanager
    def patiently(self) -> Iterator[None]:
        """Inside the block a signal is noted and raises nothing; whoever works there looks at `first` in time.

        Raises:
            Terminated: At the end, if a signal came and the block did not end by an exception of its own.
        """
        self._patient = True
        try:
            yield
        finally:
            self._patient = False
        if self.noted:
            raise Terminated(self.noted[0])

    def take(self, signum: int) -> None:
        """Notes a signal, as a handler does.

        Raises:
            Terminated: It is the first, and no block is worked on patiently.
        """
        self.noted.append(signal.Signals(signum))
        if len(self.noted) == 1 and not self._patient:
            raise Terminated(signum)


@contextlib.contextmanager
def terminable(*more: signal.Signals) -> Iterator[Notice]:
    """Inside the block the signals of GRACE raise Terminated; afterwards the handlers before are back.

    A second signal of the same kind ends the process at once, should the first one's work hang; so does the first one
    in a process that was forked inside the block, whose tidying is its parent's.

    Args:
        more: Further signals to catch (SIGINT). One that the caller of this process had ignored stays ignored.
    """
    notice = Notice()
    if threading.current_thread() is not threading.main_thread():
        yield notice
        return
    owner = os.getpid()

    def stop(signum: int, _frame: FrameType | None) -> None:
        if os.getpid() != owner or signum in notice.noted:
            signal.signal(signum, signal.SIG_DFL)
            signal.raise_signal(signum)
        notice.take(signum)

    wanted = [*GRACE, *(each for each in more if signal.getsignal(each) is not signal.SIG_IGN)]
    before = {each: signal.signal(each, stop) for each in wanted}
    try:
        yield notice
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
