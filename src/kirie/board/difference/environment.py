"""In what the machines and the installed packages of two runs differ."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kirie.board.difference.config import Entry, differing
from kirie.runlog.reader.own import saved_file

REQUIREMENTS = "requirements.txt"
"""W&B's list of what was installed, in a segment's `files/`."""

_LARGEST = 2**22
_LINE = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:==|@)\s*(\S+)")

_MACHINE = ("python", "os", "host", "program", "cpu", "cores", "threads", "gpu", "gpus", "memory", "cuda")
"""What is told of the reader's words on a machine."""


def environment_difference(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Entry]:
    """The entries that differ, each with a `kind`: "machine" or "package".

    Args:
        a: The one run's, as `environment_of` gives it.
        b: The other's.
    """
    return [
        {**entry, "key": entry["key"].partition(".")[2], "kind": entry["key"].partition(".")[0]}
        for entry in differing(a, b)
    ]


def environment_of(record: Mapping[str, Any], noted: Mapping[str, Any], files: Path | None) -> dict[str, Any]:
    """What a run was trained with.

    Args:
        record: Its run record; empty for a run of another program.
        noted: The reader's words on the machine.
        files: The `files/` folder of its newest segment; None if there is none.
    """
    machine = {key: noted[key] for key in _MACHINE if isinstance(noted.get(key), str | int | float)}
    if isinstance(hardware := record.get("hardware"), Mapping):
        machine |= {str(key): value for key, value in hardware.items()}
    versions = record.get("versions")
    listed = None if files is None else saved_file(files, REQUIREMENTS)
    packages = {} if listed is None else packages_of(listed)
    if isinstance(versions, Mapping):
        packages |= {_name(str(name)): str(version) for name, version in versions.items() if name != "python"}
        machine |= {"python": versions["python"]} if "python" in versions else {}
    # Names of packages may have dots, which would read as levels
    return {f"machine.{key}": value for key, value in machine.items()} | {
        f"package.{name}": version for name, version in packages.items()
    }


def packages_of(path: Path) -> dict[str, str]:
    """The versions of the packages that a list names; empty if it cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return {}
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    return {_name(found[1]): found[2] for line in lines if (found := _LINE.match(line))}


def _name(name: str) -> str:
    """A package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
