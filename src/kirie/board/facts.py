"""What the comparison of runs asks of one run: its record, its tables, its repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kirie.board import media
from kirie.board.difference.repository import roots
from kirie.board.library import Library
from kirie.board.numbers.tables import ImageTable, Logged, read_counted
from kirie.core.run import SPLITS
from kirie.errors import RunError
from kirie.runlog.reader import kirie_folder
from kirie.runlog.reader.own import own
from kirie.web.answers import RequestError

_MOST_ROWS = 200_000
"""Rows that are read of a logged table."""


def record_of(library: Library, run: str) -> dict[str, Any]:
    """A run's record; empty of a run of another program, or where it is damaged.

    Raises:
        RequestError: There is no such run.
    """
    folder = library.run_folder(run)
    return {} if folder is None else record_in(folder.path)


def record_in(folder: Path) -> dict[str, Any]:
    """The run record in a folder; empty where there is none, or a damaged one."""
    return kirie_folder.record(folder)


def held(folder: Path) -> bool:
    """Whether a process holds the lease of a run or a trial."""
    return kirie_folder.is_held(folder)


def config_of(library: Library, run: str) -> dict[str, Any]:
    """A run's configuration: kirie's own file where there is one, for W&B's holds notes on the run, too.

    Raises:
        RequestError: There is no such run.
    """
    folder = library.run_folder(run)
    if folder is not None and (found := kirie_folder.config(folder.path)):
        return found
    config: dict[str, Any] = library.detail(run)["config"]
    return config


def name_of(library: Library, run: str) -> str:
    """What people call a run.

    Raises:
        RequestError: There is no such run.
    """
    return str(library.row(run).get("name") or run)


def files_of(library: Library, run: str) -> Path | None:
    """W&B's `files/` folder of a run's newest segment; None if its logs are gone.

    Raises:
        RequestError: There is no such run.
    """
    logs = library.logs(run)
    return logs[-1].parent / "files" if logs else None


def table_of(library: Library, run: str, split: str) -> ImageTable:
    """What a run has for each image of a split.

    Raises:
        RequestError: There is no such run, or it has no such table.
        RunError: The table is damaged.
    """
    folder = library.run_folder(run)
    path = own(folder.path, folder.per_image(split).name) if folder is not None and split in SPLITS else None
    if path is not None and path.is_file():
        return read_counted(path)
    if (logged := _logged_table(library, run, split)) is not None:
        return logged
    if folder is not None:
        raise RequestError(
            404,
            f"'{name_of(library, run)}' has no per-image table of {split}; `kirie evaluate {folder.path} --split "
            f"{split}` writes it.",
        )
    raise RequestError(
        404,
        f"'{name_of(library, run)}' has no per-image table of {split}; log a wandb.Table whose name has "
        f"'{split}' in it, with a column `image` and a column for each score.",
    )


def repositories(library: Library) -> list[Path]:
    """The roots of the repositories that the runs, or this process, lie in."""
    return roots([library.folder, Path.cwd()])


def _logged_table(library: Library, run: str, split: str) -> Logged | None:
    """The newest table of images and numbers that another program logged of a split."""
    for key in library.detail(run).get("tables") or ():
        if split not in key.lower():
            continue
        for table in reversed(media.tables(library, run, key)):
            try:
                found = Logged.of(*table.read(_MOST_ROWS))
            except RunError:
                continue
            if found is not None:
                return found
    return None
