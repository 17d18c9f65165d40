"""A run: its segments as one, read when something is asked for."""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kirie.errors import RunError
from kirie.runlog.reader import media, state
from kirie.runlog.reader.columns import Value
from kirie.runlog.reader.console import printed
from kirie.runlog.reader.environment import environment
from kirie.runlog.reader.find import LogFile
from kirie.runlog.reader.segment import Segment
from kirie.runlog.reader.series import Series, merged
from kirie.runlog.reader.values import number

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


class Run:
    """One run, over all its segments.

    Args:
        logs: Its logs, the oldest first.
        key: What it is called among the runs that were opened with it: its id, where that is of one run alone.
    """

    def __init__(self, logs: Sequence[LogFile], key: str) -> None:
        self.key = key
        self.logs = tuple(logs)

    def __repr__(self) -> str:
        return f"Run({self.key!r}, {len(self.logs)} segments)"

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
        return state.kirie_folder(self.logs[-1].path)

    @cached_property
    def record(self) -> dict[str, Any]:
        """kirie's run record (`run.json`); empty without one."""
        return state.read_record(self.folder) if self.folder is not None else {}

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
        return state.state_of(
            self.exit_code,
            preempting=self.segments[-1].preempting,
            silent_s=time.time() - self.updated,
            recorded=recorded if isinstance(recorded, str) else None,
            held=folder is not None and state.is_held(folder),
        )

    @cached_property
    def config(self) -> dict[str, Any]:
        """The configuration, nested; of several segments the newest that has one."""
        found = next((segment.config for segment in reversed(self.segments) if segment.config.keys() - {"_wandb"}), {})
        return {key: value for key, value in found.items() if key != "_wandb"}

    @property
    def summary(self) -> dict[str, Any]:
        """The summary by dotted key: each metric's last value, unless the run said another."""
        found: dict[str, Any] = {}
        for segment in self.segments:
            found |= segment.summarized()
        return found

    @property
    def metrics(self) -> list[str]:
        """The keys of `history`."""
        return sorted(set[str]().union(*(segment.keys for segment in self.segments)))

    @property
    def system_metrics(self) -> list[str]:
        """The keys of `system`, as W&B has them."""
        return sorted(set[str]().union(*(segment.system_keys for segment in self.segments)))

    @property
    def media(self) -> dict[str, str]:
        """What was logged besides numbers: its kind (images, histogram, table, text ...) by key."""
        return {value.key: media.kind_of(value.value) for segment in self.segments for value in segment.values}

    def history(self, key: str) -> Series:
        """A metric, each step once; where steps were repeated after a restart, as they were the last time.

        Raises:
            RunError: The run has not logged it.
        """
        parts = [(segment.axes, segment.column(key)) for segment in self.segments if key in segment.keys]
        if not parts:
            raise self._no(key, self.metrics, "metric")
        return merged(key, parts, self._images_a_step())

    def system(self, key: str) -> Series:
        """A metric of the system; its steps are the numbers of the samples.

        Raises:
            RunError: The run has none of that name.
        """
        parts = [segment.system(key) for segment in self.segments if key in segment.system_keys]
        if not parts:
            raise self._no(key, self.system_metrics, "metric of the system")
        times, values = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Series(key, np.arange(len(values)), values, np.full(len(values), np.nan), times)

    def _no(self, key: str, keys: Sequence[str], what: str) -> RunError:
        near = difflib.get_close_matches(key, keys, n=3) or keys[:5]
        return RunError(f"The run {self.key} has no {what} '{key}'; it has {', '.join(near) or 'none'}.")

    def _images_a_step(self) -> float | None:
        data, train = self.config.get("data"), self.config.get("train")
        batch = data.get("batch_size") if isinstance(data, dict) else self.config.get("batch_size")
        added = train.get("accumulate", 1) if isinstance(train, dict) else 1
        found, times = number(batch), number(added)
        return found * times if found is not None and times is not None and found * times > 0 else None

    def _values(self, key: str) -> Iterator[tuple[Segment, int, Value]]:
        """The values of a key in order of their steps, each step once, with the segment that has it."""
        found = {
            int(segment.axes.step[value.row]): (segment, value)
            for segment in self.segments
            for value in segment.values
            if value.key == key
        }
        for step in sorted(found):
            yield found[step][0], step, found[step][1]

    def pictures(self, key: str) -> list[media.Picture]:
        """The pictures that were logged under a key, by step."""
        return [
            picture
            for segment, step, value in self._values(key)
            for picture in media.pictures(value.value, segment.log.files, step, media.mask_labels(segment.config, key))
        ]

    def histograms(self, key: str) -> list[media.Histogram]:
        """The histograms that were logged under a key, by step."""
        found = [media.histogram(value.value, step) for _, step, value in self._values(key)]
        return [histogram for histogram in found if histogram is not None]

    def tables(self, key: str) -> list[media.Table]:
        """The tables that were logged under a key, by step."""
        return [
            media.Table(step, saved)
            for segment, step, value in self._values(key)
            if media.kind_of(value.value) == "table"
            and (saved := media.saved(segment.log.files, value.value.get("path"))) is not None
        ]

    def texts(self, key: str) -> list[tuple[int, str]]:
        """The texts that were logged under a key, by step."""
        return [(step, value.value) for _, step, value in self._values(key) if isinstance(value.value, str)]

    def console(self) -> str:
        """What it printed, one segment after the other."""
        logs = self.folder / "logs" if self.folder is not None else None
        parts = [printed(segment.console, segment.log.files) for segment in self.segments]
        return "".join(parts) or printed((), self.segments[-1].log.files, logs)

    @property
    def git(self) -> dict[str, Any]:
        """Commit and remote, as far as they are known."""
        kept = self.record.get("git")
        said = {name: value for name, value in kept.items() if value is not None} if isinstance(kept, dict) else {}
        return {**self.segments[-1].git, **said}

    @property
    def environment(self) -> dict[str, Any]:
        """Where it ran last: python, os, host, cpu, cores, gpu, gpus, memory ... and with kirie `versions`."""
        last = self.segments[-1]
        found = environment(last.environment, last.config, last.log.files)
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

    def to_pandas(self, keys: Sequence[str] | None = None) -> pd.DataFrame:
        """The history as a pandas table: a row a step, a column a metric; NaN where a step lacks one."""
        from kirie.runlog.reader import tables

        return tables.to_pandas(tables.history(self, keys)).set_index("step")

    def to_polars(self, keys: Sequence[str] | None = None) -> pl.DataFrame:
        """The history as a polars table, with a column `step`; null where a step lacks a metric."""
        from kirie.runlog.reader import tables

        return tables.to_polars(tables.history(self, keys))


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
