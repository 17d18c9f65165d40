"""What runs log beside numbers, from the cache: output, histograms, pictures, tables. No log is read for it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kirie.board import chunks
from kirie.board.library import Library
from kirie.runlog.reader import media
from kirie.runlog.reader.console import printed as settled
from kirie.runlog.reader.merge import unrepeated
from kirie.web.answers import RequestError

_MOST_STEPS = 500
_MOST_ROWS = 1000
_MOST_CELL = 1000


def printed(library: Library, run: str) -> tuple[list[str], int]:
    """The lines that a run printed, over all its segments, and how many pieces of output were left out before them.

    Raises:
        RequestError: There is no such run.
    """
    logs = library.logs(run)
    folder = library.run_folder(run)
    lines: list[str] = []
    with library.reading() as connection:
        pieces = [
            connection.execute(
                "SELECT number, time, text FROM console WHERE segment = ? ORDER BY number", (segment,)
            ).fetchall()
            for segment in library.segments(run)
        ]
    left_out = [part[0][0] if part else 0 for part in pieces]
    for log, part, before in zip(logs, pieces, left_out, strict=False):
        # A run's job logs are those of all its segments, so they are told once
        jobs = folder.path / "logs" if folder is not None and log == logs[-1] else None
        text = settled([piece for _, *piece in part], log.parent / "files", jobs, before)
        if text:
            lines += text.removesuffix("\n").split("\n")
    return lines, sum(left_out)


def histograms(library: Library, run: str, key: str) -> dict[str, Any]:
    """A histogram over the steps, each on its own edges.

    Returns:
        steps, bins (n + 1 edges for each step) and counts (n for each step); of very many some between the first and
        the last are left out.

    Raises:
        RequestError: There is no such run, or it has no such histogram.
    """
    logged = _logged(library, run, key, _MOST_STEPS)
    found = [one for kept in logged if (one := media.histogram(kept.value, kept.step)) is not None]
    if not found:
        raise RequestError(404, f"The run logged no histogram '{key[:80]}'.")
    return {
        "steps": [one.step for one in found],
        "bins": [one.edges.tolist() for one in found],
        "counts": [one.counts.tolist() for one in found],
    }


def pictures(library: Library, run: str, key: str) -> list[media.Picture]:
    """The pictures that were logged under a key, by step.

    Raises:
        RequestError: There is no such run.
    """
    logged = _logged(library, run, key)
    labels = {segment: _mask_labels(library, segment, key) for segment in {kept.segment for kept in logged}}
    return [
        picture
        for kept in logged
        for picture in media.pictures(kept.value, kept.files, kept.step, labels[kept.segment])
    ]


def tables(library: Library, run: str, key: str) -> list[media.Table]:
    """The tables that were logged under a key, by step.

    Raises:
        RequestError: There is no such run.
    """
    return [
        media.Table(kept.step, saved)
        for kept in _logged(library, run, key)
        if media.kind_of(kept.value) == "table"
        and (saved := media.saved(kept.files, kept.value.get("path"))) is not None
    ]


def table(library: Library, run: str, key: str, step: int | None = None) -> dict[str, Any]:
    """A logged table, its first rows.

    Args:
        library: The runs.
        run: The run.
        key: The table's key.
        step: The step at which it was logged; None takes the last.

    Raises:
        RequestError: There is no such run or table.
        RunError: The table's file is gone, too large or damaged.
    """
    found = [one for one in tables(library, run, key) if step is None or one.step == step]
    if not found:
        raise RequestError(
            404, f"The run logged no table '{key[:80]}'" + ("." if step is None else f" at step {step}.")
        )
    columns, rows = found[-1].read(_MOST_ROWS)
    return {"step": found[-1].step, "columns": columns, "rows": [[_cell(cell) for cell in row] for row in rows]}


def _cell(cell: Any) -> Any:
    """A cell as the page shows it: a number or a text."""
    if cell is None or isinstance(cell, bool | int | float):
        return cell
    text = cell if isinstance(cell, str) else json.dumps(cell)
    return text[:_MOST_CELL]


class _Kept(NamedTuple):
    """What was logged under a key at a step: in which segment, the folder of that segment's files, the value."""

    step: int
    segment: int
    files: Path
    value: Any


def _logged(library: Library, run: str, key: str, most: int | None = None) -> list[_Kept]:
    """What was logged under a key, by step; see `unrepeated`.

    Args:
        library: The runs.
        run: The run.
        key: The key.
        most: How many at most; of more some between the first and the last are left out, unread.
    """
    logs = library.logs(run)
    found: list[tuple[int, int, Path, int]] = []
    steps = []
    with library.reading() as connection:
        name = chunks.number_of(connection, chunks.METRIC + key)
        for segment, log in zip(library.segments(run), logs, strict=False):
            rows = connection.execute(
                "SELECT step, rowid FROM value WHERE segment = ? AND name = ? ORDER BY row", (segment, name)
            ).fetchall()
            found += [(step, segment, log.parent / "files", place) for step, place in rows]
            steps.append(np.array([step for step, _ in rows], np.int64))
        shown = unrepeated(steps)
        if most is not None and len(shown) > most:
            shown = shown[np.linspace(0, len(shown) - 1, most).round().astype(int)]
        kept = []
        for at in shown:
            step, segment, files, place = found[at]
            (text,) = connection.execute("SELECT json FROM value WHERE rowid = ?", (place,)).fetchone()
            kept.append(_Kept(step, segment, files, json.loads(text)))
    return kept


def _mask_labels(library: Library, segment: int, key: str) -> dict[str, dict[int, str]]:
    with library.reading() as connection:
        found = connection.execute("SELECT facts FROM segment WHERE id = ?", (segment,)).fetchone()
    return media.mask_labels(json.loads(found[0])["config"], key) if found else {}
