"""Opening a folder of annotations: which format it is, which labels it uses, which samples it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kirie.core.labels import LabelSet
from kirie.core.sample import Sample
from kirie.errors import SourceError, UsageError
from kirie.formats import labels_file, walk
from kirie.formats.base import Entry, Format, PictureFile
from kirie.formats.labelme import Labelme
from kirie.formats.masks import Masks

FORMATS: dict[str, Format] = {reader.name: reader for reader in (Labelme(), Masks())}
"""Every known format by its name. Adding one is an import and a place in this tuple."""


@dataclass(frozen=True, slots=True)
class Source:
    """An opened source; picklable, so that worker processes can read from it.

    Attributes:
        folder: The folder.
        format_name: The format's name.
        labels: The label set that applies.
        generated_labels: The set was made of the names, numbers or colours found, because no file gives one.
        entries: The samples in a stable order.
        remarks: Sentences about what was left out.
    """

    folder: Path
    format_name: str
    labels: LabelSet
    generated_labels: bool
    entries: Sequence[Entry]
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def read(self, entry: Entry) -> Sample:
        """Reads one sample.

        Raises:
            SourceError: A file is broken, truncated, too large, or does not fit its picture.
        """
        return FORMATS[self.format_name].read(self.folder, entry, self.labels)

    def picture_file(self, entry: Entry) -> PictureFile:
        """The sample's picture as a file, for copying.

        Raises:
            SourceError: It is missing or damaged.
        """
        return FORMATS[self.format_name].picture_file(self.folder, entry)


def open_source(
    folder: Path,
    format: str | None = None,  # noqa: A002 - the word of the command line
    labels: Path | None = None,
) -> Source:
    """Opens a folder of annotations.

    Args:
        folder: The folder.
        format: The format's name; found out if it is None.
        labels: The label file; by default `labels.yaml` or `labels.txt` in the folder, else generated.

    Raises:
        SourceError: The folder is missing or empty, fits no format or several, or its label file is wrong.
        UsageError: There is no format of that name.
    """
    folder = Path(folder)
    if not folder.is_dir():
        found = "a file" if folder.exists() else "not there"
        raise SourceError(f"The source {folder} is {found}; give the folder that holds the annotations.")
    reader = _reader(folder, format)
    path = labels or labels_file.find_labels(folder)
    known = labels_file.read_labels(path, implicit_background=reader.implicit_background) if path else None
    listing = reader.listing(folder, known)
    return Source(
        folder,
        reader.name,
        known if known is not None else reader.generated_labels(folder, listing.entries),
        known is None,
        listing.entries,
        listing.remarks,
    )


def _reader(folder: Path, name: str | None) -> Format:
    if name is not None:
        if name not in FORMATS:
            raise UsageError(f"There is no format '{name}'; known formats are {', '.join(FORMATS)}.")
        return FORMATS[name]
    fitting = [reader for reader in FORMATS.values() if reader.recognises(folder)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = " and ".join(reader.name for reader in fitting)
        raise SourceError(f"{folder} looks like {names}; say which one with `--format`.")
    known = "; ".join(f"{reader.name}: {reader.expects}" for reader in FORMATS.values())
    raise SourceError(f"{folder} fits no known format (found {_found(folder)}). Known are {known}.")


def _found(folder: Path) -> str:
    """The kinds of files in a folder, most frequent first, and its sub-folders."""
    counts: dict[str, int] = {}
    for path in walk.files_of(folder):
        ending = path.suffix.lower() or "without ending"
        counts[ending] = counts.get(ending, 0) + 1
    kinds = [f"{count} {ending}" for ending, count in sorted(counts.items(), key=lambda item: -item[1])]
    folders = sorted(child.name for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
    parts = [walk.listed(kinds) + " file(s)" if kinds else "no files"]
    if folders:
        parts.append(f"folders {walk.listed(folders)}")
    return "; ".join(parts)
