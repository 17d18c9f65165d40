"""A reading that kills its process at some logs, as the kernel does where memory ends; other processes import it."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

from kirie.board import readers

_READ = readers._tried


def tried(path: Path, state: object, facts: Any) -> Any:
    """Reads a log; one with `deadly` in its name kills a process that was made to read."""
    if "deadly" in path.name:
        assert multiprocessing.parent_process() is not None, "read by the process that serves"
        os.kill(os.getpid(), signal.SIGKILL)
    return _READ(path, state, facts)
