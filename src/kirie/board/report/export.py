"""A report by command: the board's answers without a server, and a file written whole."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence, Set
from pathlib import Path
from urllib.parse import quote

from starlette.applications import Starlette

from kirie.board.facts import record_in
from kirie.board.indexer import Indexer
from kirie.board.library import Library
from kirie.board.report.asks import Asker
from kirie.board.report.book import MOST_RUNS, make_book
from kirie.board.report.page import check_built, report_html
from kirie.core import files
from kirie.core.run import RunFolder
from kirie.errors import RunError, UsageError
from kirie.runlog.reader.whose import of_several
from kirie.web.page import BUILT

_STUCK_S = 60.0

_DEPTH = 2
"""How deep below a named folder runs are looked for: `out/train` finds `out/train/unet`."""


def export_report(app: Starlette, runs: Sequence[str], out: Path, page: Path | None = None) -> list[str]:
    """Writes a report.

    Args:
        app: The board; its index is brought up to date.
        runs: The runs' ids, names, or folders of runs of kirie; none: all of the board.
        out: The HTML file; replaced whole. If it is a link, what it leads to is.
        page: The folder of the built page; by default where the build puts it.

    Returns:
        What was left out, in sentences.

    Raises:
        UsageError: The page is not built, there are too many runs, or the file is a link in a circle.
        RunError: A run is not on the board, or none is, or the folder of the file is not there.
        DeviceError: The file cannot be written.
    """
    if out.is_symlink():
        # The link stays, and what it leads to is written
        out = _target(out)
    if not out.parent.is_dir():
        raise RunError(
            f"There is no folder {out.parent} for the report {out.name}; make it, or name another with --export."
        )
    page = BUILT if page is None else page
    check_built(page)
    library: Library = app.state.library
    _bring_up_to_date(app.state.index, library)
    ids, left_out = ids_of(library, runs) if runs else (library.ids(), [])
    if not ids:
        raise RunError(f"{library.folder} holds no run with a log of W&B, so there is nothing to report.")
    if len(ids) > MOST_RUNS:
        raise UsageError(
            f"A report is of at most {MOST_RUNS} runs, and these are {len(ids)}; name some with --runs A,B."
        )
    view = f"#/runs?runs={','.join(quote(one) for one in ids)}"
    book = asyncio.run(make_book(Asker(app), ids, view))
    files.write_text(out, report_html(page, book))
    notes: list[str] = book["answers"]["/api/board"]["notes"]
    trouble = app.state.trouble()
    return [*left_out, *notes, *([trouble] if trouble else [])]


def _target(link: Path) -> Path:
    # Until Python 3.12 a circle is an error
    with contextlib.suppress(OSError, RuntimeError):
        if not (found := link.resolve()).is_symlink():
            return found
    raise UsageError(f"--export is '{link}', a link that leads in a circle; name an HTML file to write.")


def ids_of(library: Library, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The runs that words name: an id, a name that one run has, or a folder with runs of kirie in it.

    Returns:
        The ids, and in sentences which runs of a folder have no log here.

    Raises:
        RunError: A word names no run of the board, or several.
    """
    there = set(library.ids())
    named: dict[str, list[str]] = {}
    for row in library.rows():
        named.setdefault(str(row.get("name") or ""), []).append(str(row["id"]))
    found: dict[str, None] = {}
    left_out: list[str] = []
    for word in words:
        if word in there:
            found.setdefault(word)
        elif len(same := named.get(word, [])) == 1:
            found.setdefault(same[0])
        elif same:
            raise RunError(f"{len(same)} runs are called '{word}'; name one by its id: {', '.join(same[:5])}.")
        elif keys := library.keys(word):
            raise RunError(of_several(word, keys))
        else:
            held, missing = _of_folder(word, library, there)
            found |= dict.fromkeys(held)
            left_out += [
                f"Run {one}, which {word} names, has no log in {library.folder} and is left out." for one in missing
            ]
    return list(found), left_out


def _bring_up_to_date(index: Indexer, library: Library) -> None:
    """Reads what is new; where another board does that just now, waits for it as long as it gets on."""
    before, since = -1, time.monotonic()
    while True:
        index.look()
        now = library.progress()
        if now["done"] >= now["total"] or time.monotonic() - since > _STUCK_S:
            return
        if now["done"] != before:
            before, since = now["done"], time.monotonic()
        time.sleep(0.2)


def _of_folder(word: str, library: Library, there: Set[str]) -> tuple[list[str], list[str]]:
    """The runs that a folder names: those of the board, and the others."""
    records = [(folder, record_in(folder)) for folder in _run_folders(Path(word), _DEPTH)]
    ids = [_key(library, folder, str(record["id"])) for folder, record in records if record]
    if not ids:
        raise RunError(
            f"There is no run '{word}' in {library.folder}, and no folder of runs of that name; `kirie runs` lists "
            "them."
        )
    held = [one for one in ids if one in there]
    if not held:
        raise RunError(
            f"No run that {word} names has a log in {library.folder}: they were trained elsewhere, or with log=none. "
            "Name the folder that their runs/ID/wandb lie in."
        )
    return held, [one for one in ids if one not in there]


def _key(library: Library, folder: Path, run_id: str) -> str:
    """What the run of a folder is called on the board: its id, unless several have it."""
    for key in library.keys(run_id):
        found = library.run_folder(key)
        if found is not None and found.path.resolve() == folder.resolve():
            return key
    return run_id


def _run_folders(path: Path, depth: int) -> list[Path]:
    if RunFolder(path).record.is_file():
        return [path]
    if depth == 0 or not path.is_dir():
        return []
    inner = sorted(one for one in path.iterdir() if one.is_dir() and not one.name.startswith("."))
    return [found for one in inner for found in _run_folders(one, depth - 1)]
