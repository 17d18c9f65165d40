"""Which pictures a command line means, and the name under which each one's results will lie.

A picture in a folder keeps its sub-folders. Results are folders, so two pictures may not share a name (`a.png`,
`a.jpg`), differ in letter case alone (one folder on macOS and Windows), nor may one's folder hold another's (`a.png`
beside `a/b.png`): those that clash keep their ending, then get the folder's name in front, then a number.
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kirie.errors import SourceError
from kirie.formats.picture import SUFFIXES, is_picture
from kirie.predict.coco import image_ids
from kirie.predict.folder import is_result

_LAST_LEVEL = 2


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to cut.

    Attributes:
        source: The file.
        name: Where its results go, relative to the output folder, with `/`.
        image_id: Its id in COCO's results, which the names of all pictures decide.
    """

    source: Path
    name: str
    image_id: int | str


@dataclass(frozen=True, slots=True)
class _Found:
    source: Path
    relative: PurePosixPath
    argument: str

    def named(self, level: int) -> str:
        """The name, longer from level 0 to _LAST_LEVEL."""
        short = self.relative.with_suffix("")
        # `..png` and `...png` have no ending, and without it they would be this folder and the one above
        if level == 0 and short.name.strip("."):
            return short.as_posix()
        if level <= 1:
            return self.relative.as_posix()
        return f"{self.argument}/{self.relative.as_posix()}"


def find(arguments: Sequence[Path]) -> list[Job]:
    """Files as given, and every picture in folders and their sub-folders, each file once.

    Hidden folders are left out, and folders that a former `kirie predict` wrote.

    Raises:
        SourceError: An argument does not exist, or there is no picture at all.
    """
    found = {os.path.realpath(item.source): item for item in reversed([*_walk(arguments)])}
    ordered = [*reversed(found.values())]
    if not ordered:
        raise SourceError(
            f"There are no pictures in {', '.join(map(str, arguments))}; "
            f"kirie reads files that end in {', '.join(sorted(SUFFIXES))}."
        )
    names = _names(ordered)
    rows = zip(ordered, names, image_ids(names), strict=True)
    return [Job(item.source, name, image_id) for item, name, image_id in rows]


def _walk(arguments: Sequence[Path]) -> Iterator[_Found]:
    for argument in arguments:
        if argument.is_dir():
            yield from _walk_folder(argument)
        elif argument.exists():
            yield _Found(argument, PurePosixPath(argument.name), _folder_of(argument))
        else:
            raise SourceError(f"The picture or folder {argument} is not there.")


def _folder_of(file: Path) -> str:
    # `..` names no folder
    return Path(os.path.normpath(file.absolute())).parent.name or "root"


def _walk_folder(top: Path) -> Iterator[_Found]:
    for folder, folders, files in os.walk(top):
        at = Path(folder)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not is_result(at / name))
        for name in sorted(files):
            if not name.startswith(".") and is_picture(at / name):
                relative = (at / name).relative_to(top)
                yield _Found(at / name, PurePosixPath(*relative.parts), Path(os.path.realpath(top)).name or "root")


def _names(found: Sequence[_Found]) -> list[str]:
    levels = [0] * len(found)
    while True:
        names = [item.named(level) for item, level in zip(found, levels, strict=True)]
        raised = [index for index in _clashes(names) if levels[index] < _LAST_LEVEL]
        if not raised:
            return _numbered(names)
        for index in raised:
            levels[index] += 1


def _clashes(names: Sequence[str]) -> list[int]:
    """Positions of names that another name equals, or lies inside."""
    keys = [_key(name) for name in names]
    count, holding = Counter(keys), _holding(keys)
    return [index for index, key in enumerate(keys) if count[key] > 1 or key in holding]


def _numbered(names: list[str]) -> list[str]:
    """The names, with a number behind those that still clash."""
    taken = {_key(name) for name in names}
    taken |= _holding(taken)
    for index in _clashes(names):
        plain, number = names[index], 1
        while _key(names[index]) in taken:
            number += 1
            names[index] = f"{plain}-{number}"
        taken.add(_key(names[index]))
    return names


def _holding(keys: Iterable[str]) -> set[str]:
    """Folders that some name lies inside."""
    return {parent.as_posix() for key in keys for parent in PurePosixPath(key).parents}


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
