"""The run record `run.json`: what state a run is in, and what it was made of."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kirie.cluster.traces import STATES
from kirie.core import files
from kirie.core.run import RunFolder


class Record:
    """The record of one run, kept on disk from `begin` on at every change.

    Args:
        run: The run's folder.
        content: What is known at the start; `id` among it.
    """

    def __init__(self, run: RunFolder, content: Mapping[str, Any]) -> None:
        self.run = run
        before = run.read_record() if run.record.is_file() else {}
        self.content: dict[str, Any] = {
            **content,
            "state": "running",
            "started": before.get("started", _now()),
            "seconds": float(before.get("seconds", 0.0)),
            "resumed": int(before.get("resumed", -1)) + 1,
        }
        self._since = time.monotonic()
        self._spent_before = self.content["seconds"]

    def begin(self) -> None:
        """Writes it down for the first time: the run is being trained.

        Whoever is to write how it ends knows the record by now; a signal may come while this is at work.
        """
        self._write()

    def change(self, state: str, **facts: Any) -> None:
        """Writes a new state with further facts."""
        if state not in STATES:
            raise ValueError(state)
        self.content |= {"state": state, "ended": _now(), **facts}
        self.content["seconds"] = round(self._spent_before + time.monotonic() - self._since, 1)
        self._write()

    def _write(self) -> None:
        files.write_json(self.run.record, self.content)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
