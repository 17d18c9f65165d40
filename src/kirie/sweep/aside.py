"""Where a sweep lies whose name another one has taken: NAME.1, NAME.2 and so on, beside it."""

from __future__ import annotations

import glob
from pathlib import Path

from kirie.core import files
from kirie.errors import SweepError
from kirie.sweep.folder import SweepFolder


class PutAsideError(SweepError):
    """The sweep that this process has opened does not lie in its place any more."""


def put_aside(folder: SweepFolder) -> Path:
    """Renames a sweep's folder to the first name that is free.

    Returns:
        Where it lies now.

    Raises:
        DeviceError: The disk cannot be written.
    """
    number = 1
    while (place := folder.path.with_name(f"{folder.path.name}.{number}")).exists():
        number += 1
    with files.disk_errors(folder.path):
        return folder.path.rename(place)


def put_aside_error(journal: Path, beginning: bytes) -> PutAsideError:
    """What a process says that finds another journal in the place of its sweep's.

    Args:
        journal: The place.
        beginning: The first line of the journal that it had opened, which no other one has.
    """
    folder = journal.parent
    place = found_aside(journal, beginning)
    gone = "removed, or another one took its place" if place is None else f"put aside as {place}, with all its trials"
    old = "" if place is None else f", or `kirie sweep work {place}` to work for the old one"
    return PutAsideError(
        f"The sweep {folder} was {gone}, while this process had it open; what was trained is kept, and nothing more "
        f"is written. Repeat `kirie sweep FILE` to go on with the one of that name{old}."
    )


def found_aside(journal: Path, beginning: bytes) -> Path | None:
    """Where the sweep lies now whose journal had begun so; None if it was not put aside."""
    name = glob.escape(journal.parent.name)
    for path in sorted(journal.parent.parent.glob(f"{name}.*/{journal.name}")):
        try:
            with path.open("rb") as stream:
                if stream.readline() == beginning:
                    return path.parent
        except OSError:
            continue
    return None
