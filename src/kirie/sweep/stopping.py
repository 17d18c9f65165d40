"""The marker `stop` of a sweep: whether its trials may end, or save and wait. A start of the sweep takes it away."""

from __future__ import annotations

from typing import Literal

from kirie.core import files
from kirie.sweep.folder import SweepFolder

Stop = Literal["finish", "now"]
"""finish: running trials go on to their end, no new one begins. now: they save, and wait to be taken up."""


def ask_to_stop(folder: SweepFolder, how: Stop) -> None:
    """Asks all workers of a sweep to end.

    Raises:
        DeviceError: The folder cannot be written.
    """
    files.write_text(folder.stop, how + "\n")


def take_back(folder: SweepFolder) -> None:
    """Lets workers work again.

    Raises:
        DeviceError: The folder cannot be written.
    """
    with files.disk_errors(folder.stop):
        folder.stop.unlink(missing_ok=True)


def asked_to_stop(folder: SweepFolder) -> Stop | None:
    """How the workers are asked to end; None if they are not."""
    try:
        said = folder.stop.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
    return "now" if said == "now" else "finish"
