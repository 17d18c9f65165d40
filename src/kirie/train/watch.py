"""A thread that ends this process when another one has ended and no collective call says so.

gloo's calls fail at once when a process goes; NCCL's wait for their timeout. The watch shortens that.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Sequence
from subprocess import Popen
from types import TracebackType
from typing import Self

from kirie.cluster.place import Place
from kirie.core.signals import Terminated
from kirie.train.notes import Store, cause, has_left, leave_note
from kirie.train.starting import code_of

GRACE_S = 30.0
"""How long this process may go on after another has ended in error: long enough to save, record and log."""

_EVERY_S = 0.5


class Watch:
    """Watches over the others while this process is inside; see the module.

    Args:
        place: This process's place.
        store: A connection to the store for this thread alone.
        children: Processes that this one has started, from rank 1 on.
    """

    def __init__(self, place: Place, store: Store, children: Sequence[Popen[bytes]]) -> None:
        self._place, self._store, self._children = place, store, children
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="kirie-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(2 * _EVERY_S)

    def _watch(self) -> None:
        since: float | None = None
        while not self._stop.wait(_EVERY_S):
            code = self._broken()
            if code is None:
                since = None
                continue
            since = time.monotonic() if since is None else since
            if time.monotonic() - since > GRACE_S:
                if self._place.first:
                    sys.stderr.write(f"kirie: Another process of the training ended with code {code}; this one too.\n")
                    sys.stderr.flush()
                # Not an exception: the main thread waits inside a call that does not return
                os._exit(code)

    def _broken(self) -> int | None:
        """The exit code of a process that has ended in error, None while there is none."""
        try:
            note_children(self._store, self._children)
            found = cause(self._store, self._place)
        except RuntimeError:
            # The store went with the first process
            return 2
        return code_of(found) if isinstance(found, Terminated) else None if found is None else found.exit_code


def note_children(store: Store, children: Sequence[Popen[bytes]]) -> None:
    """Leaves the note that a process killed by a signal could not leave."""
    for rank, child in enumerate(children, 1):
        if child.poll() and not has_left(store, rank):
            how = f"signal {-child.returncode}" if child.returncode < 0 else f"exit code {child.returncode}"
            words = f"A process of the training was ended by {how}; repeat the command to go on."
            leave_note(store, rank, "this machine", 2, words)
