"""Signals that ask a process to end: an exception by default, a note while work must not be cut anywhere.

A command that is told to end tidies up: half-written files go, records are closed. Training is cut only at the end of
a batch: there the handlers do no more than note the signal, and the training looks at the note.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

GRACE = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
"""What a cluster sends before it kills. USR1 and USR2 would end Python on the spot if nobody caught them."""

_ONE_PRESS_S = 1.0
"""SIGINTs closer together are one press of Ctrl+C: a terminal sends it to a launcher, too, which hands it on."""


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
    """The signals that came, each kind once, the first one first; nothing is raised after the first.

    Attributes:
        noted: The signals so far.
    """

    def __init__(self) -> None:
        self.noted: list[signal.Signals] = []
        self._patient = False
        self._pressed = 0.0

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
        news = not self.noted
        self.hear(signum)
        if news and not self._patient:
            raise Terminated(signum)

    def hear(self, signum: int) -> None:
        """Notes a signal that is obeyed already, wherever it came from; what comes now is no news."""
        if signum in self.noted:
            return
        if signum == signal.SIGINT:
            self._pressed = time.monotonic()
        self.noted.append(signal.Signals(signum))

    def impatient(self, signum: int) -> bool:
        """Whether a person presses Ctrl+C again, who wants to wait no longer."""
        return signum == signal.SIGINT and signum in self.noted and time.monotonic() - self._pressed > _ONE_PRESS_S


_open: list[Notice] = []
"""The notices of the blocks that the main thread is in, the outermost first."""


@contextlib.contextmanager
def terminable(*more: signal.Signals) -> Iterator[Notice]:
    """Inside the block the signals of GRACE raise Terminated; afterwards the handlers before are back.

    A cluster's signals that come again ask for what is being done already and change nothing: SLURM sends SIGTERM two
    or three times. A person's second SIGINT ends the process at once; so does the first signal in a process that was
    forked inside the block, whose tidying is its parent's. A handler that the block itself has set stays.

    Args:
        more: Further signals to catch (SIGINT). One that the caller of this process had ignored stays ignored.
    """
    notice = Notice()
    if threading.current_thread() is not threading.main_thread():
        yield notice
        return
    owner = os.getpid()

    def stop(signum: int, _frame: FrameType | None) -> None:
        if os.getpid() != owner or notice.impatient(signum):
            signal.signal(signum, signal.SIG_DFL)
            signal.raise_signal(signum)
        notice.take(signum)

    wanted = [*GRACE, *(each for each in more if signal.getsignal(each) is not signal.SIG_IGN)]
    before = {each: signal.signal(each, stop) for each in wanted}
    _open.append(notice)
    try:
        yield notice
    finally:
        _open.remove(notice)
        if _open:
            # Told to end is told to end: the block around this one is not to hear of it as news
            _open[-1].noted += [each for each in notice.noted if each not in _open[-1].noted]
        for each, handler in before.items():
            if signal.getsignal(each) is stop:
                signal.signal(each, handler)


def obeyed(told: Terminated) -> None:
    """Says that a signal is being obeyed, also one that another process was sent: from here on others raise nothing."""
    if _open and threading.current_thread() is threading.main_thread():
        _open[-1].hear(told.signum)


def heed_no_more() -> None:
    """From here to the process's end the signals of GRACE are ignored: what they ask for is done, up to the exit code.

    Without this the last of several would meet a process on its way out, and its exit code would be the signal's.
    """
    if threading.current_thread() is threading.main_thread():
        for each in GRACE:
            signal.signal(each, signal.SIG_IGN)
