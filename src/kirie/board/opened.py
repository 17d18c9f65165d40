"""Runs that are read from their logs, because the cache does not hold what was asked."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kirie.web.answers import RequestError

if TYPE_CHECKING:
    from kirie.runlog.reader.run import Run

_MOST = 16


class Opened:
    """The runs that were asked for last; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: OrderedDict[tuple[tuple[str, int, int], ...], Run] = OrderedDict()

    def run(self, key: str, logs: Sequence[Path]) -> Run:
        """A run over its logs, opened anew when one of them has grown.

        Raises:
            RequestError: A log is gone.
        """
        from kirie.runlog.reader.find import find_logs
        from kirie.runlog.reader.run import Run

        try:
            stamps = tuple((str(path), (seen := path.stat()).st_mtime_ns, seen.st_size) for path in logs)
        except OSError:
            raise RequestError(404, f"The logs of '{key}' are gone.") from None
        with self._lock:
            if (known := self._runs.get(stamps)) is not None:
                self._runs.move_to_end(stamps)
                return known
        found = Run([log for path in logs for log in find_logs(path)], key)
        with self._lock:
            self._runs[stamps] = found
            while len(self._runs) > _MOST:
                self._runs.popitem(last=False)
        return found
