"""What a run printed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kirie.runlog.reader.own import own, saved_file

MOST_PIECES = 100_000
"""Pieces of printed text, as lines, that are kept of a segment: the last ones."""
_MOST = 16 << 20
"""Bytes of a file of printed text that are read: its end."""


def printed(pieces: Sequence[tuple[float, str]], files: Path, logs: Path | None = None, left_out: int = 0) -> str:
    """What one segment printed: by its log, else by the file that wandb keeps, else by kirie's own job logs.

    A line that was printed over (a progress bar) shows as it was last.

    Args:
        pieces: Time and text of the log's records.
        files: The segment's folder of files.
        logs: The folder of a run's job logs, if it is a run of kirie.
        left_out: How many pieces came before these; a first line says so.
    """
    before = f"[left out before this: {left_out:,} piece{'s' * (left_out > 1)} of output]\n" if left_out else ""
    text = before + "".join(text for _, text in pieces) or _end_of(saved_file(files, "output.log"))
    if not text and logs is not None:
        text = "".join(_end_of(own(logs.parent, logs.name, path.name)) for path in _listed(logs))
    return "\n".join(_settled(line) for line in text.replace("\r\n", "\n").split("\n"))


def _settled(line: str) -> str:
    return next((part for part in reversed(line.split("\r")) if part), "")


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob("*.log"))
    except OSError:
        return []


def _end_of(path: Path | None) -> str:
    try:
        if path is None or not path.is_file():
            return ""
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - _MOST))
            return stream.read(_MOST).decode(errors="replace")
    except OSError:
        return ""
