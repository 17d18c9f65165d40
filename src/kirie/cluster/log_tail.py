"""The line of a job's log that says what went wrong."""

from __future__ import annotations

import os
import re
from pathlib import Path

_TAIL = 2**16
_LAUNCHER = re.compile(r"(srun|slurmstepd[\w.-]*|sbatch|scontrol): ")
_STARTED = re.compile(r"kirie: job \S+ on ")
_ERROR = re.compile(r"\b(\w*(Error|Exception|Interrupt|Failed)\b|error:|fatal:|No such file|not found|[Kk]illed)")
_MOST = 300


def last_error(log: Path) -> str:
    """The last line that tells of an error, else the last line; "" if there is no log.

    Lines of the training itself count before those of the launcher, which only say that something has ended.
    """
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _TAIL))
            text = stream.read().decode(errors="replace")
    except (OSError, ValueError):
        return ""
    # A log goes on over restarts: only what the last one printed counts
    lines = [line.strip() for line in re.split(r"[\r\n]+", text) if line.strip()]
    starts = [at for at, line in enumerate(lines) if _STARTED.match(line)]
    lines = [line for line in lines[starts[-1] + 1 if starts else 0 :] if line.isprintable()]
    ours = [line for line in lines if not _LAUNCHER.match(line)]
    errors = [line for line in ours if line.startswith("kirie: ") or _ERROR.search(line)]
    launchers = [line for line in lines if _LAUNCHER.match(line) and "error:" in line]
    for found in (errors, launchers, ours, lines):
        if found:
            return _cut(found[-1].removeprefix("kirie: "))
    return ""


def _cut(line: str) -> str:
    """A long line up to its last whole word."""
    if len(line) <= _MOST:
        return line
    return f"{line[:_MOST].rpartition(' ')[0] or line[:_MOST]} ..."
