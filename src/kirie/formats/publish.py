"""Putting an imported folder in its place: whole, or not at all, and never over other data.

The import is written beside its place first. A new place takes it by one rename; a place that holds data is only added
to, file by file, after every conflict has been looked for, and what was added is taken back if that fails midway.
"""

from __future__ import annotations

import filecmp
from collections.abc import Iterable, Set
from pathlib import Path

from kirie.core.files import disk_errors
from kirie.errors import SourceError
from kirie.formats import walk

LABELS = "labels.yaml"


def refuse_other(out: Path, names: Set[str], *, add: bool) -> None:
    """Looks at the place before any work is done.

    Args:
        out: Where the import shall go.
        names: Names of all samples that the import can hold.
        add: Whether more data may be added to data that is there.

    Raises:
        SourceError: It is a file, or holds other data and `add` is not given.
    """
    if out.exists() and not out.is_dir():
        raise SourceError(f"{out} is a file; give a folder with `--out`.")
    if not add and out.is_dir():
        held = {walk.name_of(out, path): path.name for path in walk.files_of(out) if path != out / LABELS}
        if others := sorted(set(held) - names):
            raise SourceError(_holds(out, others))


def publish(part: Path, out: Path, *, add: bool) -> int:
    """Moves a written folder to its place.

    Args:
        part: The folder, beside `out`.
        out: Its place.
        add: Whether its files may join others that are there.

    Returns:
        How many files are new.

    Raises:
        SourceError: The place holds other data, or a file of the same name and other content.
    """
    with disk_errors(out):
        names = {path.relative_to(part) for path in walk.files_of(part)}
        if not out.exists():
            part.rename(out)
            return len(names)
        held = {path.relative_to(out) for path in walk.files_of(out)}
        _refuse_conflicts(part, out, names & held)
        if not add and held and held != names:
            raise SourceError(_holds(out, sorted(path.as_posix() for path in held)))
        _move(part, out, names - held)
        return len(names - held)


def _refuse_conflicts(part: Path, out: Path, names: Iterable[Path]) -> None:
    different = sorted(name.as_posix() for name in names if not filecmp.cmp(part / name, out / name, shallow=False))
    if different:
        raise SourceError(
            f"{out} already holds {len(different)} file(s) of the same name and other content: "
            f"{walk.listed(different)}. Nothing was changed; import into another folder with `--out`, or rename them."
        )


def _move(part: Path, out: Path, names: Iterable[Path]) -> None:
    """Pictures go before annotations, so that no annotation is ever without its picture."""
    done: list[Path] = []
    try:
        for name in sorted(names, key=lambda name: (name.suffix == ".json", name.as_posix())):
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (part / name).rename(out / name)
            done.append(out / name)
    except BaseException:
        for path in done:
            path.unlink(missing_ok=True)
        raise


def _holds(out: Path, others: list[str]) -> str:
    return (
        f"{out} is not empty and holds other data ({walk.listed(others, 3)}); add to it with `--add`, "
        "or give another folder with `--out`."
    )
