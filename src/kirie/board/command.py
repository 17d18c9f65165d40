"""`kirie board`: a local page over a folder of runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from kirie.core.command import Parser, result
from kirie.errors import RunError, UsageError

PORT = 7310
_HOST = "127.0.0.1"

_DESCRIPTION = """\
Opens a local page over a folder of runs: a table, curves, pictures, comparisons. Reads W&B's own files, online or
offline, finished, running or killed, also of runs that kirie did not make; writes nothing into them.

It listens on this machine alone. With --host it listens for others, too, who then need the token that is printed.
Ctrl+C ends it."""


def main(argv: Sequence[str]) -> int:
    """Runs `kirie board`.

    Args:
        argv: The words after `board`.

    Returns:
        0, after Ctrl+C or when a report is written.

    Raises:
        KirieError: The folder, the host or the port; the message says what to change.
    """
    parser = Parser("board", _DESCRIPTION)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("runs"), help="the runs' folder (runs)")
    parser.add_argument("--port", type=int, help=f"0 takes one that is free ({PORT})")
    parser.add_argument("--host", help=f"listen for others, too: an address of this machine ({_HOST})")
    parser.add_argument("--no-browser", action="store_true", help="print the address, and open no browser")
    parser.add_argument("--export", metavar="FILE", help="write a report as one HTML file, and end")
    parser.add_argument(
        "--runs", metavar="A,B", help="of the report: ids, names, or folders of runs, as out/train (all runs)"
    )
    options = parser.parse_args(argv)
    folder = options.folder
    if options.runs is not None and options.export is None:
        raise UsageError("--runs says what a report is of; name its file with --export FILE.")
    if options.export is not None:
        _check_export(options.export, options.runs, serves=(options.host, options.port) != (None, None))
    if not folder.is_dir():
        raise RunError(
            f"There is no folder {folder}; `kirie train` makes runs, or name a folder that holds W&B's files."
        )

    if options.export is not None:
        return _export(folder.resolve(), Path(options.export), _words(options.runs), as_json=options.json)

    from kirie.board.app import make_board
    from kirie.board.place import BoardPlace
    from kirie.web.serve import listen, open_browser, serve

    folder = folder.resolve()
    place = listen(options.host or _HOST, PORT if options.port is None else options.port)
    app = make_board(folder, BoardPlace.of(folder), host=place.host, token=place.token)

    def ready() -> None:
        content = {"address": place.address, "folder": str(folder)}
        result(content, f"{folder} is shown at {place.address} (Ctrl+C ends it)", as_json=options.json)
        if trouble := app.state.trouble():
            print(f"kirie: {trouble}", file=sys.stderr, flush=True)
        if not options.no_browser:
            open_browser(place.address)

    serve(app, place, ready=ready, stopping=app.state.stopping.set)
    return 0


def _check_export(file: str, runs: str | None, *, serves: bool) -> None:
    """Refuses words that cannot be meant, as those of a script whose variable is empty."""
    if not file or Path(file).is_dir():
        raise UsageError(f"--export is '{file}'; it names the HTML file to write, as report.html.")
    if Path(file).exists() and not Path(file).is_file():
        raise UsageError(f"--export is '{file}', which is there and no regular file; name an HTML file to write.")
    if runs is not None and not _words(runs):
        raise UsageError(f"--runs is '{runs}', which names no run; without it the report is of all.")
    if serves:
        raise UsageError("--export writes a file and serves nothing; leave out --host and --port.")


def _words(runs: str | None) -> list[str]:
    return [word.strip() for word in (runs or "").split(",") if word.strip()]


def _export(folder: Path, out: Path, runs: list[str], *, as_json: bool) -> int:
    """Writes a report."""
    from kirie.board.app import make_board
    from kirie.board.place import BoardPlace
    from kirie.board.report.export import export_report

    app = make_board(folder, BoardPlace.of(folder))
    try:
        notes = export_report(app, runs, out)
    finally:
        app.state.index.stop()
        app.state.library.cache.close()
    said = [f"report of {out.stat().st_size / 1e6:.1f} MB in {out}", *notes]
    result({"report": str(out), "bytes": out.stat().st_size, "notes": notes}, "\n".join(said), as_json=as_json)
    return 0
