"""Reading a log from where it was left: what is new comes as one batch of columns and facts.

The state between two readings is small and JSON, so that a cache can keep it. A log that is being written is read up
to its last whole record, and from there the next time; the cost grows with the new bytes.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from kirie.runlog.reader.batch import Batch, Gathered
from kirie.runlog.reader.columns import STEP, Column, axes
from kirie.runlog.reader.framing import Frames
from kirie.runlog.reader.items import Heads, UnreadableError
from kirie.runlog.reader.messages import Record
from kirie.runlog.reader.state import SILENT_S

MOST = 8 << 20
"""Bytes of log that one reading takes, about."""


@dataclass(slots=True)
class _State:
    frames: Frames = field(default_factory=Frames)
    file: int = 0
    rows: int = 0
    stats: int = 0
    step: float | None = None
    epoch: float | None = None
    records: int = 0
    unknown: int = 0
    exited: bool = False


class Tail:
    """A log, read on from a state.

    Args:
        path: The `.wandb` file.
        state: What `state` gave before; None to begin with the file's start.
    """

    def __init__(self, path: Path, state: Mapping[str, Any] | None = None) -> None:
        self.path = path
        self._state = _State()
        if state is not None:
            self._state = _State(**{**state, "frames": Frames(**state["frames"])})
        self._heads = Heads()

    @property
    def state(self) -> dict[str, Any]:
        """Where the reading is: a few numbers, that JSON can hold."""
        return asdict(self._state)

    @property
    def begun(self) -> bool:
        """Whether the file begins as a log does; not so an empty one."""
        frames = self._state.frames
        return frames.offset > 0 or frames.torn

    @property
    def skipped(self) -> dict[str, int]:
        """What could not be read so far.

        `torn`: 1 if the file ends within a record; `blocks`: damaged blocks; `records`: records and entries of which
        a piece is missing or that are damaged; `unknown`: records of a kind that this version does not know;
        `foreign`: 1 if the file is no log.
        """
        frames = self._state.frames
        return {
            "torn": int(frames.torn),
            "blocks": frames.blocks,
            "records": frames.broken + self._state.records,
            "unknown": self._state.unknown,
            "foreign": int(frames.foreign),
        }

    def read(self, most: int = MOST) -> Batch:
        """Reads what is new.

        Args:
            most: Bytes of log after which it stops, with the record that passes them; `more` is true then.

        Raises:
            OSError: The file cannot be read.
        """
        with self.path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            restarted = self._replaced(status.st_ino, status.st_size)
            if restarted:
                self._state, self._heads = _State(), Heads()
            state = self._state
            state.file = status.st_ino
            gathered = Gathered(self._heads, state.rows, state.stats)
            frames, more = state.frames, False
            until = frames.offset + most
            settled = time.time() - status.st_mtime > SILENT_S
            for content in frames.records(stream, settled=settled):
                self._take(content, gathered)
                if frames.offset >= until:
                    more = frames.offset < status.st_size
                    break
        return self._batch(gathered, restarted=restarted, more=more)

    def _replaced(self, file: int, size: int) -> bool:
        state = self._state
        return state.frames.offset > size or (state.file not in {0, file} and state.frames.offset > 0)

    def _take(self, content: bytes, gathered: Gathered) -> None:
        try:
            record = Record.FromString(content)
            kind = record.WhichOneof("kind")
            if kind is None:
                # Without any kind it may be one of a newer version, or nothing
                self._state.unknown += 1
            else:
                gathered.add(kind, getattr(record, kind))
        except (DecodeError, UnreadableError, ValueError):
            self._state.records += 1

    def _batch(self, gathered: Gathered, *, restarted: bool, more: bool) -> Batch:
        state = self._state
        columns = gathered.rows.columns()
        count = gathered.rows.count
        found = axes(columns, state.rows, count, state.step, state.epoch)
        state.step = _last(columns.get(STEP), state.step)
        if count and not math.isnan(found.epoch[-1]):
            state.epoch = float(found.epoch[-1])
        summary = gathered.summary()
        state.records += gathered.bad
        batch = Batch(
            restarted=restarted,
            more=more,
            first_row=state.rows,
            rows=count,
            axes=found,
            columns={key: column for key, column in columns.items() if key != STEP and not key.startswith("_")},
            values=[value for value in gathered.rows.values if not value.key.startswith("_")],
            first_stat=state.stats,
            system_time=gathered.system_time(),
            system=gathered.system.columns(),
            run=gathered.run,
            config=gathered.config,
            summary=summary,
            exit=None if state.exited else gathered.exit,
            preempting=gathered.preempting,
            environment=gathered.environment,
            git=gathered.git,
            version=gathered.version,
            console=gathered.console,
            skipped={},
        )
        state.rows += count
        state.stats += gathered.system.count
        state.exited |= gathered.exit is not None
        return batch._replace(skipped=self.skipped)


def _last(column: Column | None, before: float | None) -> float | None:
    if column is None:
        return before
    sound = [float(value) for value in column.values[-1:] if abs(value) < 2.0**62]
    return sound[-1] if sound else before
