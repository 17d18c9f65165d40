"""What in a store's folder is not the store's: preparing removes what nothing points to, and others' files are not."""

from __future__ import annotations

import json
import re
from pathlib import Path

from kirie.prepare.layout import ATTEMPT, POINTER, REPORT

_FOLDER = re.compile(rf"data-[0-9a-f]{{12}}|spare-[0-9]+|{ATTEMPT}")
_FILE = re.compile(r"(images|targets|instances)-[0-9]{4,}\.u8|index\.json|journal\.jsonl")


def stranger(path: Path) -> str | None:
    """The first entry of a store's folder that `kirie prepare` did not write, or None.

    Hidden ones are left alone by preparing, so they are no strangers.
    """
    pointer = path / POINTER
    if pointer.exists() and not _is_pointer(pointer):
        return POINTER
    for child in sorted(path.iterdir()):
        # The report is written after the pointer, so alone it is somebody's
        if child.name.startswith(".") or child == pointer or (child.name == REPORT and pointer.exists()):
            continue
        if not (_FOLDER.fullmatch(child.name) and child.is_dir()):
            return child.name
        for file in sorted(child.iterdir()):
            if not (file.name.startswith(".") or _FILE.fullmatch(file.name)):
                return f"{child.name}/{file.name}"
    return None


def _is_pointer(path: Path) -> bool:
    """Whether store.json is ours; one that cannot be read may be, and is made anew."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return True
    return isinstance(found, dict) and found.get("what") == "kirie store"
