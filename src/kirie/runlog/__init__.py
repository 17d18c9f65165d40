"""W&B's files: the one run log, with or without an account; `open` reads the runs of a folder."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    # On use, so that the writer does not load the reader's libraries
    if name == "open":
        from kirie.runlog.reader.runs import open_runs

        return open_runs
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
