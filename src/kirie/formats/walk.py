"""Listing a source folder: stable, without hidden files, safe against links that go in circles; and finding a file
whose name another system wrote.

Links inside the source are followed, because a data set often is one (DVC's cache, a shared disk): what a source links
to is its owner's choice. What an annotation *names* is not, and stays inside the source (`labelme_picture`).
"""

from __future__ import annotations

import os
import time
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from kirie.errors import SourceError

_STEP_NS = 3_000_000_000
_NOISE = {"__MACOSX", "__pycache__"}


def files_of(folder: Path) -> list[Path]:
    """All files below a folder, sorted by relative path; hidden files and folders are left out.

    Raises:
        SourceError: A name is no UTF-8. Names are written down in stores, tables and logs.
    """
    found = sorted(_files(folder), key=lambda path: path.relative_to(folder).as_posix())
    for path in found:
        try:
            path.relative_to(folder).as_posix().encode()
        except UnicodeEncodeError:
            raise SourceError(
                f"The file name {str(path)!a} is no UTF-8, perhaps from an archive of an older Windows; rename it, or "
                f"all at once: convmv -f shift_jis -t utf8 -r --notest {folder}"
            ) from None
    return found


def name_of(folder: Path, path: Path) -> str:
    """A sample's name: relative, `/`, without ending, NFC, so that one data set has the same names on every system."""
    return nfc(path.relative_to(folder).with_suffix("").as_posix())


def nfc(text: str) -> str:
    """Composed Unicode; macOS writes file names decomposed."""
    return unicodedata.normalize("NFC", text)


def alike(path: Path) -> Path | None:
    """The file at a path, or the only one whose name differs just in Unicode form or in upper and lower case."""
    if path.is_file():
        return path
    parent = path.parent if path.parent.is_dir() else alike_folder(path.parent)
    return _only(_folded_names(parent).get(_folded(path.name), ()), parent) if parent else None


def alike_folder(path: Path) -> Path | None:
    """As `alike`, for the last part of a folder's path."""
    if path.is_dir():
        return path
    if not path.parent.is_dir():
        return None
    found = [child for child in path.parent.iterdir() if _folded(child.name) == _folded(path.name) and child.is_dir()]
    return found[0] if len(found) == 1 else None


def refuse_doubles(names: Iterable[str], source: Path) -> None:
    """Names must be keys.

    Raises:
        SourceError: Two files have one name.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise SourceError(
                f"{source} has two samples with the name '{name}' (they differ only in their ending or in Unicode "
                "form); rename one."
            )
        seen.add(name)


def listed(names: Iterable[str], at_most: int = 5) -> str:
    """The first names, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - at_most} more" if len(every) > at_most else ""
    return ", ".join(every[:at_most]) + more


def _files(folder: Path) -> Iterator[Path]:
    visited: set[str] = set()
    for at, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(at)
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _NOISE)
        yield from (Path(at, name) for name in names if not name.startswith("."))


def _folded(name: str) -> str:
    return nfc(nfc(name).casefold())


@lru_cache(maxsize=64)
def _names_at(folder_then: tuple[str, int]) -> dict[str, tuple[str, ...]]:
    """Names of a folder by their folded form; the time of change is part of the key, so that it never grows stale."""
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(os.listdir(folder_then[0])):  # noqa: PTH208 - names, not paths
        found[_folded(name)] = (*found.get(_folded(name), ()), name)
    return found


def _folded_names(folder: Path) -> dict[str, tuple[str, ...]]:
    changed = folder.stat().st_mtime_ns
    # file systems keep time in steps: a folder changed just now may change again within the same step
    fresh = time.time_ns() - changed < _STEP_NS
    return (_names_at.__wrapped__ if fresh else _names_at)((str(folder), changed))


def _only(names: tuple[str, ...], folder: Path) -> Path | None:
    found = [folder / name for name in names if (folder / name).is_file()]
    return found[0] if len(found) == 1 else None
