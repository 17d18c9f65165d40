"""A report by command: the board's answers without a server, and a file written whole."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from starlette.applications import Starlette

from kirie.board.library import Library
from kirie.board.report.asks import Asker
from kirie.board.report.book import make_book
from kirie.board.report.page import check_built, report_html
from kirie.core import files
from kirie.core.run import RunFolder
from kirie.errors import RunError
from kirie.runlog.reader.state import read_record
from kirie.web.page import BUILT

_DEPTH = 2
"""How deep below a named folder runs are looked for: `out/train` finds `out/train/unet`."""


def export_report(app: Starlette, runs: Sequence[str], out: Path, page: Path = BUILT) -> list[str]:
    """Writes a report.

    Args:
        app: The board, its index up to date.
        runs: The runs' ids, names, or folders of runs of kirie.
        out: The HTML file; replaced whole.
        page: The folder of the built page.

    Returns:
        What was left out, in sentences.

    Raises:
        UsageError: The page is not built, or there are too many runs.
        RunError: A run is not on the board.
        DeviceError: The file cannot be written.
    """
    check_built(page)
    library: Library = app.state.library
    ids = ids_of(library, runs)
    view = f"#/runs?runs={','.join(quote(one) for one in ids)}"
    book = asyncio.run(make_book(Asker(app), ids, view))
    files.write_text(out, report_html(page, book))
    notes: list[str] = book["answers"]["/api/board"]["notes"]
    return notes


def ids_of(library: Library, words: Sequence[str]) -> list[str]:
    """The runs that words name: an id, a name that one run has, or a folder with runs of kirie in it.

    Raises:
        RunError: A word names no run of the board, or several.
    """
    there = set(library.ids())
    named: dict[str, list[str]] = {}
    for row in library.rows():
        named.setdefault(str(row.get("name") or ""), []).append(str(row["id"]))
    found: dict[str, None] = {}
    for word in words:
        if word in there:
            found.setdefault(word)
        elif len(same := named.get(word, ())) == 1:
            found.setdefault(same[0])
        elif same:
            raise RunError(f"{len(same)} runs are called '{word}'; name one by its id: {', '.join(same[:5])}.")
        else:
            found |= dict.fromkeys(_of_folder(word, library, there))
    return list(found)


def _of_folder(word: str, library: Library, there: set[str]) -> list[str]:
    records = [read_record(folder) for folder in _run_folders(Path(word), _DEPTH)]
    ids = [str(record["id"]) for record in records if record]
    if not ids:
        raise RunError(
            f"There is no run '{word}' in {library.folder}, and no folder of runs of that name; `kirie runs` lists "
            "them."
        )
    if missing := [one for one in ids if one not in there]:
        raise RunError(
            f"The log of run {missing[0]}, which {word} names, is not in {library.folder}: it was trained elsewhere, "
            "or with log=none. Name the folder that its runs/ID/wandb lies in."
        )
    return ids


def _run_folders(path: Path, depth: int) -> list[Path]:
    if RunFolder(path).record.is_file():
        return [path]
    if depth == 0 or not path.is_dir():
        return []
    inner = sorted(one for one in path.iterdir() if one.is_dir() and not one.name.startswith("."))
    return [found for one in inner for found in _run_folders(one, depth - 1)]
