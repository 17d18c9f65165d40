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
        name: Stable key inside the source: relative path with `/`, without ending, NFC, as in Sample.name.
        files: Every file whose bytes decide the sample (annotation, picture, mask); their hash says whether it changed.
        hint: What the reader noted while listing.
        labels: Names that the annotation uses, where listing shows them.
    """

    name: str
    files: tuple[Path, ...]
    hint: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture's bytes or where they lie; read with its EXIF orientation applied, it is the sample's picture.

    Attributes:
        content: A file to copy as it is, or bytes to write.
        ending: The file ending, such as ".png".
    """

    content: Path | bytes
    ending: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What a source holds.

    Attributes:
        entries: Sorted by name, names unique. A damaged file is an entry too, and fails when it is read.
        remarks: Sentences about what was left out, such as pictures that nobody annotated.
    """

    entries: tuple[Entry, ...]
    remarks: tuple[str, ...] = ()


class Format(Protocol):
    """One annotation format. Entries must be picklable: `prepare` reads them in worker processes."""

    name: str
    expects: str
    """What a folder of this format looks like, in a few words, for messages."""
    implicit_background: bool
    """Whether pixels that nobody marked are background, so that a list of names needs one in front."""

    def recognises(self, source: Path) -> bool:
        """Whether the folder looks like this format, from names and one file's first bytes."""
        ...

    def listing(self, source: Path, labels: LabelSet | None) -> Listing:
        """The samples of a source in a stable order, without decoding pictures.

        Args:
            source: The folder.
            labels: Known labels, or None where they shall be generated.

        Raises:
            SourceError: The source has none, or two with one name.
        """
        ...

    def generated_labels(self, source: Path, entries: Sequence[Entry]) -> LabelSet:
        """A label set made of what the annotations use, for a source that comes without one.

        Raises:
            SourceError: The annotations do not determine one.
        """
        ...

    def read(self, source: Path, entry: Entry, labels: LabelSet) -> Sample:
        """Reads one sample.

        Args:
            source: The folder.
            entry: One of the listing.
            labels: Known labels; formats whose masks hold numbers or colours need them. A name that the set does not
                have is not refused here but where regions are painted.

        Raises:
            SourceError: A file is broken, truncated, too large, or does not fit its picture.
        """
        ...

    def picture_file(self, source: Path, entry: Entry) -> PictureFile:
        """The picture of a sample as a file, for copying; `read` has been content with it.

        Raises:
            SourceError: It is missing or damaged.
        """
        ...
