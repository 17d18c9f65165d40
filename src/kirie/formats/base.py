"""What a format is: a reader that lists a source cheaply and then reads one sample at a time.

Readers know `core` and the shared picture and raster modules of this room, never each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from kirie.core.labels import LabelSet
from kirie.core.sample import Sample


@dataclass(frozen=True, slots=True)
class Entry:
    """One sample of a source, not yet read.

    Attributes:
        name: Stable key inside the source: relative path with `/`, without ending, as in Sample.name.
        files: Every file whose bytes decide the sample (annotation, picture, mask); their hash says whether it changed.
        hint: What the reader noted while listing.
    """

    name: str
    files: tuple[Path, ...]
    hint: Mapping[str, str] = field(default_factory=dict)


class Format(Protocol):
    """One annotation format. Entries must be picklable: `prepare` reads them in worker processes."""

    name: str

    def recognises(self, source: Path) -> bool:
        """Whether the folder looks like this format, from names and one file's first bytes."""
        ...

    def entries(self, source: Path) -> Sequence[Entry]:
        """The samples of a source in a stable order, without decoding pictures.

        Raises:
            SourceError: The source has none, or two with one name.
        """
        ...

    def read(self, source: Path, entry: Entry, labels: LabelSet | None) -> Sample:
        """Reads one sample.

        Args:
            source: The folder.
            entry: One of `entries(source)`.
            labels: Known labels; formats whose masks hold numbers or colours need them. A name that the set does not
                have is not refused here but where regions are painted.

        Raises:
            SourceError: A file is broken, truncated, too large, or does not fit its picture.
        """
        ...
