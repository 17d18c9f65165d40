"""What runs log beside numbers, from the cache: output, histograms, tables."""

from __future__ import annotations

import json
from typing import Any

from kirie.board import chunks
from kirie.board.library import Library
from kirie.runlog.reader import media
from kirie.runlog.reader.console import printed as settled
from kirie.web.answers import RequestError

_MOST_STEPS = 500
_MOST_ROWS = 1000
_MOST_CELL = 1000


def printed(library: Library, run: str) -> list[str]:
    """The lines that a run printed, over all its segments.

    Raises:
        RequestError: There is no such run.
    """
    logs = library.logs(run)
    folder = library.run_folder(run)
    lines: list[str] = []
    with library.reading() as connection:
        pieces = [
            connection.execute("SELECT time, text FROM console WHERE segment = ? ORDER BY rowid", (segment,)).fetchall()
            for segment in library.segments(run)
        ]
    for log, part in zip(logs, pieces, strict=False):
        # A run's job logs are those of all its segments, so they are told once
        jobs = folder.path / "logs" if folder is not None and log == logs[-1] else None
        text = settled(part, log.parent / "files", jobs)
        if text:
            lines += text.removesuffix("\n").split("\n")
    return lines


def histograms(library: Library, run: str, key: str) -> dict[str, Any]:
    """A histogram over the steps, on the edges of the widest.

    Returns:
        steps, bins (n + 1 edges) and counts (n for each step); steps are thinned where there are very many.

    Raises:
        RequestError: There is no such run, or it has no such histogram.
    """
    found = [one for step, value in _logged(library, run, key) if (one := media.histogram(value, step)) is not None]
    if not found:
        raise RequestError(404, f"The run logged no histogram '{key[:80]}'.")
    found = found[:: -(-len(found) // _MOST_STEPS)]
    return {
        "steps": [one.step for one in found],
        "bins": [one.edges.tolist() for one in found],
        "counts": [one.counts.tolist() for one in found],
    }


def table(library: Library, run: str, key: str, step: int | None = None) -> dict[str, Any]:
    """A logged table, its first rows.

    Args:
        library: The runs.
        run: The run.
        key: The table's key.
        step: The step at which it was logged; None takes the newest.

    Raises:
        RequestError: There is no such run or table.
        RunError: The table's file is gone, too large or damaged.
    """
    logs = library.logs(run)
    for segment, log in reversed(list(zip(library.segments(run), logs, strict=False))):
        for at, value in reversed(_of_segment(library, segment, key)):
            if step is not None and at != step or media.kind_of(value) != "table":
                continue
            if (saved := media.saved(log.parent / "files", value.get("path"))) is None:
                continue
            columns, rows = media.Table(at, saved).read(_MOST_ROWS)
            return {"step": at, "columns": columns, "rows": [[_cell(cell) for cell in row] for row in rows]}
    raise RequestError(404, f"The run logged no table '{key[:80]}'" + ("." if step is None else f" at step {step}."))


def _cell(cell: Any) -> Any:
    """A cell as the page shows it: a number or a text."""
    if cell is None or isinstance(cell, bool | int | float):
        return cell
    text = cell if isinstance(cell, str) else json.dumps(cell)
    return text[:_MOST_CELL]


def _logged(library: Library, run: str, key: str) -> list[tuple[int, Any]]:
    """Step and value of what was logged under a key; of a step that was repeated, the later one."""
    found = {step: value for segment in library.segments(run) for step, value in _of_segment(library, segment, key)}
    return sorted(found.items())


def _of_segment(library: Library, segment: int, key: str) -> list[tuple[int, Any]]:
    with library.reading() as connection:
        name = chunks.number_of(connection, chunks.METRIC + key)
        found = connection.execute(
            "SELECT step, json FROM value WHERE segment = ? AND name = ? ORDER BY row", (segment, name)
        ).fetchall()
    return [(step, json.loads(text)) for step, text in found]
