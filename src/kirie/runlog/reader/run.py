"""A run: its segments as one, read when something is asked for."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kirie.errors import RunError
from kirie.runlog.reader import kirie_folder
from kirie.runlog.reader.columns import Value
from kirie.runlog.reader.console import printed
from kirie.runlog.reader.facts import Facts
from kirie.runlog.reader.media import Histogram, Picture, Table, histogram, kind_of, mask_labels, pictures, saved
from kirie.runlog.reader.merge import unrepeated
from kirie.runlog.reader.segment import Segment
from kirie.runlog.reader.series import Series, merged
from kirie.runlog.reader.values import number

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


class Run(Facts):
    """One run, over all its segments; nothing is read before it is asked for."""

    def __repr__(self) -> str:
        return f"Run({self.key!r}, {len(self.logs)} segments)"

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
        return {value.key: kind_of(value.value) for segment in self.segments for value in segment.values}

    def history(self, key: str) -> Series:
        """A metric by step; steps that were repeated after a restart are there as they were the last time.

        Raises:
            RunError: The run has not logged it.
        """
        parts = [(segment.axes, segment.column(key)) for segment in self.segments]
        if not any(key in segment.keys for segment in self.segments):
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
        samples = np.arange(len(values))
        return Series(key, samples, values, samples, np.full(len(values), np.nan), times)

    def _no(self, key: str, keys: Sequence[str], what: str) -> RunError:
        near = difflib.get_close_matches(key, keys, n=3) or keys[:5]
        return RunError(f"The run {self.key} has no {what} '{key}'; it has {', '.join(near) or 'none'}.")

    def _images_a_step(self) -> float | None:
        # kirie's own log has the data's version where its configuration has the batch size; the folder has both
        config = kirie_folder.config(self.folder) if self.folder is not None else self.config
        data, train = config.get("data"), config.get("train")
        batch = data.get("batch_size") if isinstance(data, dict) else config.get("batch_size")
        added = train.get("accumulate", 1) if isinstance(train, dict) else 1
        found, times = number(batch), number(added)
        return found * times if found is not None and times is not None and found * times > 0 else None

    def _values(self, key: str) -> Iterator[tuple[Segment, int, Value]]:
        """The values of a key in order of their steps, with the segment that has each; see `unrepeated`."""
        parts = [[value for value in segment.values if value.key == key] for segment in self.segments]
        steps = [
            segment.axes.step[[value.row for value in part]] for segment, part in zip(self.segments, parts, strict=True)
        ]
        found = [(segment, value) for segment, part in zip(self.segments, parts, strict=True) for value in part]
        for at in unrepeated(steps):
            segment, value = found[at]
            yield segment, int(segment.axes.step[value.row]), value

    def pictures(self, key: str) -> list[Picture]:
        """The pictures that were logged under a key, by step."""
        return [
            picture
            for segment, step, value in self._values(key)
            for picture in pictures(value.value, segment.log.files, step, mask_labels(segment.config, key))
        ]

    def histograms(self, key: str) -> list[Histogram]:
        """The histograms that were logged under a key, by step."""
        found = [histogram(value.value, step) for _, step, value in self._values(key)]
        return [one for one in found if one is not None]

    def tables(self, key: str) -> list[Table]:
        """The tables that were logged under a key, by step."""
        return [
            Table(step, file)
            for segment, step, value in self._values(key)
            if kind_of(value.value) == "table"
            and (file := saved(segment.log.files, value.value.get("path"))) is not None
        ]

    def texts(self, key: str) -> list[tuple[int, str]]:
        """The texts that were logged under a key, by step."""
        return [(step, value.value) for _, step, value in self._values(key) if isinstance(value.value, str)]

    def console(self) -> str:
        """What it printed, one segment after the other."""
        logs = self.folder / "logs" if self.folder is not None else None
        parts = [printed(segment.console, segment.log.files, None, segment.left_out) for segment in self.segments]
        return "".join(parts) or printed((), self.segments[-1].log.files, logs)

    def to_pandas(self, keys: Sequence[str] | None = None) -> pd.DataFrame:
        """The history as a pandas table: a column a metric, NaN where a row lacks one; see `tables.history`."""
        from kirie.runlog.reader import tables

        return tables.to_pandas(tables.history(self, keys)).set_index("step")

    def to_polars(self, keys: Sequence[str] | None = None) -> pl.DataFrame:
        """The history as a polars table, with a column `step`; null where a row lacks a metric."""
        from kirie.runlog.reader import tables

        return tables.to_polars(tables.history(self, keys))
