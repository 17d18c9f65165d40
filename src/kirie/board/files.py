"""Pictures that runs saved, given to the page: only those, and only from the runs' own folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from kirie.runlog.reader.own import own
from kirie.web.answers import RequestError

_STARTS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


def url_of(run: str, path: str) -> str:
    """Where the page gets a picture of a run.

    Args:
        run: The run's id on this board.
        path: As the log names it, relative to a segment's `files/`.
    """
    return f"/api/run/{quote(run, safe='')}/file/{quote(path)}"


def picture(logs: Sequence[Path], path: str) -> tuple[Path, str]:
    """A picture's file and its media type, by what is in it, whatever its name says.

    Args:
        logs: The run's logs, the oldest first; of two segments that have the file the later one's counts.
        path: As the log names it.

    Raises:
        RequestError: 404: there is no such file in the run's folders. 415: it is no picture that a page may show.
    """
    for log in reversed(logs):
        found = own(log.parent, "files", path)
        try:
            if found is None or not found.is_file():
                continue
            with found.open("rb") as stream:
                kind = _kind(stream.read(16))
        except (OSError, ValueError):
            continue
        if kind is None:
            raise RequestError(415, f"{Path(path).name[:80]} is no PNG, JPEG, GIF or WebP; other files are not given.")
        return found, kind
    raise RequestError(404, f"The run has no file {path[:200]}; it may have been removed.")


def _kind(start: bytes) -> str | None:
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for begin, kind in _STARTS.items() if start.startswith(begin)), None)
