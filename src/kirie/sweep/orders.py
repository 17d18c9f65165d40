"""What a worker is told while it works: by a signal, or by the sweep's stop marker."""

from __future__ import annotations

import time
from typing import Literal

from kirie.core.signals import Notice
from kirie.sweep.folder import SweepFolder
from kirie.sweep.stopping import asked_to_stop

Order = Literal["end", "now", "finish"]
"""end: a signal says that this worker is to end; its trial saves. now: all workers are, and their trials save.
finish: all workers are, when their trials have ended."""

_LOOK_S = 1.0


class Orders:
    """The orders of one worker.

    Args:
        folder: The sweep.
        notice: The signals that came to this process.
    """

    def __init__(self, folder: SweepFolder, notice: Notice) -> None:
        self._folder, self._notice = folder, notice
        self._looked = -_LOOK_S
        self._marker: Order | None = None

    def given(self) -> Order | None:
        """The order to obey, None without one. A signal counts first."""
        if self._notice.first is not None:
            return "end"
        if time.monotonic() - self._looked >= _LOOK_S:
            self._marker, self._looked = asked_to_stop(self._folder), time.monotonic()
        return self._marker

    def wait(self, seconds: float) -> None:
        """Waits so long, or until an order to save comes."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self.given() in {None, "finish"}:
            time.sleep(min(left, 0.25))
