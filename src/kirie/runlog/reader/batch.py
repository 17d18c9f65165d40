"""What one reading of a log found, and how its records are gathered into that."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from google.protobuf.json_format import MessageToDict
from numpy.typing import NDArray

from kirie.runlog.reader import messages
from kirie.runlog.reader.changes import Change
from kirie.runlog.reader.columns import Axes, Column, Rows, Value
from kirie.runlog.reader.items import Heads, changes, last_changes
from kirie.runlog.reader.values import decode, number

_IGNORED = frozenset(messages.KINDS) - {
    "history", "summary", "config", "run", "exit", "preempting", "header", "environment", "output", "output_raw",
    "stats",
}  # fmt: skip
"""Records that say nothing which kirie shows."""


class Batch(NamedTuple):
    """What is new in a log.

    Attributes:
        restarted: Whether the file was replaced by another or a shorter one: what was read of it before is void.
        more: Whether there is more to be read now.
        first_row: The number of the first row of history, counted over the file.
        rows: How many rows there are.
        axes: Their step, epoch and time.
        columns: Numbers, by key; without W&B's own keys (`_...`), and without the step.
        values: What is no number: pictures, tables, histograms, texts.
        first_stat: The number of the first sample of the system's metrics.
        system_time: When each was taken, Unix seconds.
        system: Their numbers, by key as W&B has it (`cpu`, `gpu.0.gpu`); the rows are numbers of samples.
        run: What is said of the run: id, entity, project, group, job_type, name, notes, tags, sweep, host, started.
            Only what these records say; later ones override.
        config: Changes of the configuration, in order.
        summary: Changes of the summary, in order.
        exit: The file's first exit, as code and runtime in s.
        preempting: Whether the run said that it ends early and will go on.
        environment: Python, system, hardware, as these records say.
        git: remote and commit, if they are said.
        version: wandb's, or "".
        console: Time (Unix seconds) and text of what was printed.
        skipped: What could not be read of the file so far, see `Tail.skipped`.
    """

    restarted: bool
    more: bool
    first_row: int
    rows: int
    axes: Axes
    columns: dict[str, Column]
    values: list[Value]
    first_stat: int
    system_time: NDArray[np.float64]
    system: dict[str, Column]
    run: dict[str, Any]
    config: list[Change]
    summary: list[Change]
    exit: tuple[int, int] | None
    preempting: bool
    environment: dict[str, Any]
    git: dict[str, str]
    version: str
    console: list[tuple[float, str]]
    skipped: dict[str, int]


class Gathered:
    """The records of one reading.

    Args:
        heads: The keys that were seen.
        rows: Rows of history before.
        stats: Samples of the system's metrics before.
    """

    def __init__(self, heads: Heads, rows: int, stats: int) -> None:
        self.rows, self.system = Rows(heads, rows), Rows(Heads(), stats)
        self.run: dict[str, Any] = {}
        self.config: list[Change] = []
        self.exit: tuple[int, int] | None = None
        self.preempting = False
        self.environment: dict[str, Any] = {}
        self.git: dict[str, str] = {}
        self.version = ""
        self.console: list[tuple[float, str]] = []
        self._summaries: list[bytes] = []
        self._times: list[float] = []
        self._bad = 0

    @property
    def bad(self) -> int:
        """Entries that cannot be read."""
        return self._bad + self.rows.bad

    def add(self, kind: str, content: bytes) -> None:
        """Takes one record.

        Raises:
            UnreadableError: It is damaged.
            DecodeError: The same.
        """
        if kind == "history":
            self.rows.add(content)
        elif kind == "summary":
            self._summaries.append(content)
        elif kind not in _IGNORED:
            getattr(self, f"_{kind}")(content)

    def summary(self) -> list[Change]:
        """The changes of the summary."""
        found, bad = last_changes(self._summaries)
        self._summaries = []
        self._bad += bad
        return found

    def system_time(self) -> NDArray[np.float64]:
        """When the samples were taken."""
        return np.array(self._times, dtype=np.float64)

    def _config(self, content: bytes) -> None:
        found, bad = changes(content)
        self.config += found
        self._bad += bad

    def _run(self, content: bytes) -> None:
        message = messages.Run.FromString(content)
        self._config(message.config)
        self._summaries.append(message.summary)
        names = ("entity", "project", "group", "job_type", "name", "notes", "sweep", "host")
        said = {name: text for name in names if (text := getattr(message, name))}
        if message.run_id:
            said["id"] = message.run_id
        if message.tags:
            said["tags"] = list(message.tags)
        if message.HasField("start_time"):
            said["started"] = _seconds(message.start_time)
        self.run |= said
        self.version = message.telemetry.cli_version or self.version
        if message.telemetry.python_version:
            self.environment.setdefault("python", message.telemetry.python_version)
        self._git(message.git)

    def _git(self, message: Any) -> None:
        said = {"remote": message.remote, "commit": message.commit}
        self.git |= {name: text for name, text in said.items() if text}

    def _exit(self, content: bytes) -> None:
        message = messages.Exit.FromString(content)
        if self.exit is None:
            self.exit = message.exit_code, message.runtime

    def _preempting(self, content: bytes) -> None:
        self.preempting = True

    def _header(self, content: bytes) -> None:
        # "0.31.0+<commit>", or with another mark between
        self.version = messages.Header.FromString(content).version.producer.partition("+")[0] or self.version

    def _environment(self, content: bytes) -> None:
        message = messages.Environment.FromString(content)
        self._git(message.git)
        said = MessageToDict(message, preserving_proto_field_name=True)
        said.pop("git", None)
        self.environment |= said

    def _output(self, content: bytes) -> None:
        message = messages.Output.FromString(content)
        self.console.append((_seconds(message.time), message.line))

    _output_raw = _output

    def _stats(self, content: bytes) -> None:
        message = messages.Stats.FromString(content)
        row = {}
        for item in message.item:
            try:
                value = number(decode(item.value_json))
            except ValueError:
                self._bad += 1
            else:
                if value is not None:
                    row[item.key] = value
        self._times.append(_seconds(message.time))
        self.system.add_row(row)


def _seconds(time: Any) -> float:
    return float(time.seconds + time.nanos / 1e9)
