"""Runs that are read from their logs, because the cache does not hold what was asked."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from kirie.runlog.reader.find import LogFile
from kirie.runlog.reader.run import Run
from kirie.web.answers import RequestError

_MOST = 16

_Logs = tuple[tuple[str, int, int], ...]


class Opened:
    """The runs that were asked for last; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: OrderedDict[_Logs, Run] = OrderedDict()

    def run(self, key: str, logs: Sequence[LogFile]) -> Run:
        """A run over its logs, opened anew when one of them has grown.

        Args:
            key: The run's name on this board.
            logs: Its logs, the oldest first.

        Raises:
            RequestError: A log is gone.
        """
        try:
            now = tuple((str(log.path), (status := log.path.stat()).st_size, status.st_mtime_ns) for log in logs)
        except OSError:
            raise RequestError(404, f"The logs of '{key[:80]}' are gone, or cannot be read any more.") from None
        with self._lock:
            run = self._runs.pop(now, None) or Run(logs, key)
            self._runs[now] = run
            while len(self._runs) > _MOST:
                self._runs.popitem(last=False)
        return run
