"""What a run is, besides what it logged: its names, configuration, summary, state, and where it ran."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from kirie.runlog.reader import kirie_folder
from kirie.runlog.reader.environment import environment
from kirie.runlog.reader.find import LogFile
from kirie.runlog.reader.merge import git_of, latest, together
from kirie.runlog.reader.segment import Segment
from kirie.runlog.reader.state import state_of


class Facts:
    """Whose a run is, where and how it ran, and what became of it.

    Args:
        logs: Its logs, the oldest first.
        key: What it is called among the runs that were opened with it: its id, where that is of one run alone.
    """

    def __init__(self, logs: Sequence[LogFile], key: str) -> None:
        self.key = key
        self.logs = tuple(logs)

    @cached_property
    def segments(self) -> list[Segment]:
        """Its segments, read as far as they are written; `refresh` reads on."""
        found = [Segment(log) for log in self.logs]
        for segment in found:
            segment.read()
        return found

    def refresh(self) -> None:
        """Reads what was written since."""
        if "segments" in self.__dict__:
            for segment in self.segments:
                segment.read()
        self.__dict__.pop("config", None)
        self.__dict__.pop("record", None)

    def forget(self) -> None:
        """Gives the memory back; what is asked for next is read again."""
        for name in ("segments", "config", "record"):
            self.__dict__.pop(name, None)

    @property
    def id(self) -> str:
        """The run's id."""
        return self.logs[-1].id

    @property
    def folder(self) -> Path | None:
        """kirie's run folder; None of a run that kirie did not make."""
        return kirie_folder.of(self.logs[-1].path)

    @cached_property
    def record(self) -> dict[str, Any]:
        """kirie's run record (`run.json`); empty without one."""
        return kirie_folder.record(self.folder) if self.folder is not None else {}

    @property
    def name(self) -> str:
        """The name that it was given, or its id."""
        return self._text("name") or self.id

    @property
    def project(self) -> str:
        """W&B's project."""
        return self._text("project")

    @property
    def entity(self) -> str:
        """W&B's user or team; "" of an offline run that names none."""
        return self._text("entity")

    @property
    def group(self) -> str:
        """The group, as `log.group` set it."""
        return self._text("group")

    @property
    def job_type(self) -> str:
        """W&B's job type."""
        return self._text("job_type")

    @property
    def sweep(self) -> str:
        """The id of the W&B sweep that started it."""
        return self._text("sweep")

    @property
    def notes(self) -> str:
        """The notes that it was given."""
        return self._text("notes")

    @property
    def host(self) -> str:
        """Where it ran last."""
        return self._text("host")

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that it was given."""
        return tuple(self._said("tags", ()))

    @property
    def version(self) -> str:
        """The version of wandb that wrote it last."""
        return self.segments[-1].version or str(self.environment.get("wandb", ""))

    def _text(self, name: str) -> str:
        return str(self._said(name, ""))

    def _said(self, name: str, otherwise: Any) -> Any:
        return next((found for segment in reversed(self.segments) if (found := segment.run.get(name))), otherwise)

    @property
    def started(self) -> float | None:
        """When the first segment began, Unix seconds."""
        return next((found for segment in self.segments if (found := segment.run.get("started"))), None)

    @property
    def updated(self) -> float:
        """When its newest log grew last, Unix seconds; 0 if they are gone."""
        return max((_modified(log.path) for log in self.logs), default=0.0)

    @property
    def runtime(self) -> float:
        """Seconds that its processes ran, added up."""
        return sum(segment.runtime for segment in self.segments)

    @property
    def exit_code(self) -> int | None:
        """What its newest segment ended with; None if it says no end."""
        found = self.segments[-1].exit
        return None if found is None else found[0]

    @property
    def state(self) -> str:
        """running, finished, failed, crashed or interrupted."""
        folder = self.folder
        recorded = self.record.get("state")
        return state_of(
            self.exit_code,
            preempting=self.segments[-1].preempting,
            silent_s=math.inf if self.segments[-1].says_nothing else time.time() - self.updated,
            recorded=recorded if isinstance(recorded, str) else None,
            held=folder is not None and kirie_folder.is_held(folder),
        )

    @cached_property
    def config(self) -> dict[str, Any]:
        """The configuration, nested; of each key what the newest segment says that has it."""
        found = together(segment.config for segment in self.segments)
        return {key: value for key, value in found.items() if key != "_wandb"}

    @property
    def summary(self) -> dict[str, Any]:
        """The summary by dotted key: each metric's last value, unless the run said another."""
        found: dict[str, Any] = {}
        for segment in self.segments:
            found |= segment.summarized()
        return found

    @property
    def git(self) -> dict[str, Any]:
        """Commit and remote, as far as they are known."""
        return git_of((segment.git for segment in self.segments), self.record)

    @property
    def environment(self) -> dict[str, Any]:
        """Where it ran last: python, os, host, cpu, cores, gpu, gpus, memory ... and with kirie `versions`."""
        said = latest(segment.environment for segment in self.segments)
        config = together(segment.config for segment in self.segments)
        found = environment(said, config, self.segments[-1].log.files)
        versions = self.record.get("versions")
        return {**found, "versions": versions} if isinstance(versions, dict) else found

    @property
    def data_version(self) -> dict[str, Any] | None:
        """kirie's word on the data (fingerprint, DVC's hash); None of a run that kirie did not make."""
        found = self.record.get("data")
        return found if isinstance(found, dict) else None

    @property
    def skipped(self) -> dict[str, int]:
        """What could not be read, added up over the segments; see `Tail.skipped`."""
        found: dict[str, int] = {}
        for segment in self.segments:
            for name, count in segment.skipped.items():
                found[name] = found.get(name, 0) + count
        return found

    @property
    def notices(self) -> list[str]:
        """What was skipped, in sentences."""
        return [said for segment in self.segments for said in segment.notices()]


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
