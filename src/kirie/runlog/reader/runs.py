"""All runs of a folder, whoever made them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from kirie.errors import RunError
from kirie.runlog.reader import tables
from kirie.runlog.reader.find import LogFile, find_logs
from kirie.runlog.reader.run import Run
from kirie.runlog.reader.tail import Tail
from kirie.runlog.reader.whose import began, escaped, keys_of, of_several, owner_of

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_HEAD = 16384
"""Bytes of a log among which it says whose run it is."""


def open_runs(path: str | Path) -> Runs:
    """Opens the runs of a folder; nothing is read before it is asked for, and nothing is written.

    Args:
        path: A folder with W&B's folders at any depth (kirie's `runs/`, any project's `wandb/`), one run's folder, or
            one `.wandb` log.

    Raises:
        RunError: It is not there.
    """
    return Runs(Path(path))


class Runs(Sequence[Run]):
    """The runs of a folder, the newest first.

    Args:
        root: The folder, or one log.

    Raises:
        RunError: It is not there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._runs: dict[str, Run] = {}
        self._sizes: dict[Path, int] = {}
        self.refresh()

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(list(self._runs.values()))

    def __contains__(self, key: object) -> bool:
        return key in self._runs or key in list(self._runs.values())

    @overload
    def __getitem__(self, key: int | str) -> Run: ...
    @overload
    def __getitem__(self, key: slice) -> list[Run]: ...

    def __getitem__(self, key: int | str | slice) -> Run | list[Run]:
        """A run by its place, or by its key: its id, where that is of one run alone.

        Raises:
            RunError: There is none of that key.
            IndexError: There are not as many.
        """
        if not isinstance(key, str):
            return list(self._runs.values())[key]
        if key not in self._runs:
            if same := [run.key for run in self if run.id == key]:
                raise RunError(of_several(key, same))
            near = ", ".join(list(self._runs)[:5]) or "none"
            raise RunError(f"There is no run '{key}' in {self.root}; there are {len(self)}, the newest {near}.")
        return self._runs[key]

    def refresh(self) -> set[str]:
        """Looks at the folder again.

        Returns:
            The keys of runs that are new, gone, or have grown.

        Raises:
            RunError: The folder is gone.
        """
        before, sizes = self._runs, self._sizes
        grouped = group(find_logs(self.root))
        self._sizes = {log.path: _size(log.path) for logs in grouped.values() for log in logs}
        self._runs = {}
        changed = before.keys() - grouped.keys()
        for key, logs in sorted(grouped.items(), key=lambda item: item[1][-1].stamp, reverse=True):
            run = before.get(key)
            if run is None or run.logs != tuple(logs):
                run = Run(logs, key)
                changed = changed | {key}
            elif any(sizes.get(log.path) != self._sizes[log.path] for log in logs):
                run.refresh()
                changed = changed | {key}
            self._runs[key] = run
        return changed

    def to_pandas(self) -> pd.DataFrame:
        """A pandas table, a row a run: what it is, `config.…` and `summary.…`."""
        return tables.to_pandas(tables.runs(self))

    def to_polars(self) -> pl.DataFrame:
        """The same as a polars table."""
        return tables.to_polars(tables.runs(self))

    def to_arrow(self) -> Any:
        """The same as a pyarrow table, where pyarrow is installed."""
        return tables.to_arrow(tables.runs(self))


def group(logs: Sequence[LogFile]) -> dict[str, list[LogFile]]:
    """The segments of each run, by the run's key, see `keys_of`.

    Only where an id stands on several logs are their beginnings read.

    Args:
        logs: In any order.

    Returns:
        By key the logs in order of their beginnings.
    """
    by_id: dict[str, list[LogFile]] = {}
    for log in logs:
        by_id.setdefault(log.id, []).append(log)
    found: dict[str, list[LogFile]] = {}
    for id_, same in by_id.items():
        if len(same) == 1:
            found[escaped(id_)] = same
            continue
        said = {log: _said(log) for log in same}
        keys = keys_of(id_, map(owner_of, said.values()))
        for log in sorted(same, key=lambda log: (began(said[log], log.stamp), log.stamp, str(log.path))):
            found.setdefault(keys[owner_of(said[log])], []).append(log)
    return found


def _said(log: LogFile) -> dict[str, Any]:
    """What a log says of its run."""
    try:
        return Tail(log.path).read(_HEAD).run
    except OSError:
        return {}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
