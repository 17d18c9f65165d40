"""What is to be prepared: every entry of a source with the key of its rows.

A key hashes all that decides a picture's rows and record: the bytes of its files, its name and what the reader noted,
the meaning of label names, the frame, and the code that reads and scales. Paths, times and order do not count. All
files are read for this each time (about as fast as the disk), because a changed file with an old time stamp, as
checkouts and archives make them, must not go unnoticed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from PIL import __version__ as pillow_version

from kirie import core, formats
from kirie.core import files
from kirie.core.identity import code_fingerprint, digest
from kirie.core.labels import LabelSet
from kirie.core.sample import Sample
from kirie.errors import StoreError
from kirie.formats.base import Entry
from kirie.prepare.layout import VERSION, Frame

_CODE = (
    "core/connected.py",
    "core/instances.py",
    "core/labels.py",
    "core/sample.py",
    "prepare/framed.py",
    "prepare/record.py",
    "prepare/resize.py",
    "prepare/work.py",
)

_PORTION = 256


class Readable(Protocol):
    """What preparing needs of `kirie.formats.Source`; picklable, and `read` needs no `entries`."""

    @property
    def format_name(self) -> str:
        """The format's name."""
        ...

    @property
    def labels(self) -> LabelSet:
        """The label set that applies."""
        ...

    @property
    def entries(self) -> Sequence[Entry]:
        """The samples, not yet read."""
        ...

    def read(self, entry: Entry) -> Sample:
        """Reads one sample; may raise SourceError."""
        ...


@dataclass(frozen=True, slots=True)
class Planned:
    """One picture to prepare.

    Attributes:
        entry: Where it is.
        key: Hash of all that decides its rows; None if a file could not be read.
        problem: Why not.
    """

    entry: Entry
    key: str | None
    problem: str | None = None


def plan(source: Readable, frame: Frame, workers: int, done: Callable[[], None]) -> list[Planned]:
    """Hashes a source's files, and orders its entries by name.

    Args:
        source: The source.
        frame: How samples become rows.
        workers: Files read at a time.
        done: Called once for each entry.

    Raises:
        StoreError: The source has no entries, or two of one name.
    """
    entries = sorted(source.entries, key=lambda entry: entry.name)
    if not entries:
        raise StoreError("The source has no pictures to prepare.")
    if len({entry.name for entry in entries}) < len(entries):
        twice = next(a.name for a, b in itertools.pairwise(entries) if a.name == b.name)
        raise StoreError(f"The source has two pictures named '{twice}'; names must differ.")
    shared = digest(
        {
            "version": VERSION,
            "code": _code(),
            "pillow": pillow_version,
            "format": source.format_name,
            "labels": _meaning(source.labels),
            "frame": frame.to_dict(),
        }
    )
    hashes: dict[Path, str | OSError] = {}

    def planned(entry: Entry) -> Planned:
        found: list[str] = []
        for path in entry.files:
            # Two threads may hash a shared file twice; the answer is the same
            known = hashes.get(path)
            if known is None:
                known = hashes[path] = _hash(path)
            if isinstance(known, OSError):
                return Planned(entry, None, f"{path} cannot be read ({known.strerror})")
            found.append(known)
        return Planned(entry, digest([shared, entry.name, dict(entry.hint), found]))

    result: list[Planned] = []
    with ThreadPoolExecutor(workers) as pool:
        # In portions, because the pool would queue a future for every entry at once
        for start in range(0, len(entries), _PORTION):
            for each in pool.map(planned, entries[start : start + _PORTION]):
                result.append(each)
                done()
    return result


def _hash(path: Path) -> str | OSError:
    try:
        return files.sha256_of(path)
    except OSError as error:
        return error


def _meaning(labels: LabelSet) -> dict[str, Any]:
    """The label set without colours, which no target shows."""
    whole = labels.to_dict()
    whole["labels"] = [{key: value for key, value in row.items() if key != "color"} for row in whole["labels"]]
    return whole


def _code() -> str:
    root = Path(core.__path__[0]).parent
    return code_fingerprint([*(root / name for name in _CODE), *sorted(Path(formats.__path__[0]).glob("*.py"))], root)
