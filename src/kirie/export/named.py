"""Runs that a list in a YAML file names: what a pipeline trains now, and not what it left behind before.

DVC keeps the outputs of stages that vanished, as those of a model that was taken out of the pipeline.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from kirie.core import files
from kirie.errors import UsageError

_MAX_BYTES = 1_000_000


def named_folders(roots: Sequence[Path], lists: Sequence[str]) -> list[Path]:
    """The folders directly below some others that lists name.

    Args:
        roots: Where to look, as out/train and out/evaluate; one that is not there has none.
        lists: FILE:KEY each; the key's value is a list of names, dots lead into sections. FILE:KEY=sweep-* where the
            folders' names have something around those of the list.

    Raises:
        UsageError: A file or key is not there or holds no list of names, or a name has no folder.
    """
    found: list[Path] = []
    for given in lists:
        place, _, pattern = given.partition("=")
        for name in ((pattern or "*").replace("*", each) for each in _names(place)):
            here = [root / name for root in roots if (root / name).is_dir()]
            if not here:
                where = " and ".join(map(str, roots))
                raise UsageError(f"{place} names '{name}', and {where} have no folder of that name; train it first.")
            found += here
    return found


def _names(place: str) -> list[str]:
    file, _, keys = place.rpartition(":")
    if not file:
        raise UsageError(f"--named {place} names no key in a file; write FILE:KEY, as conf/pipeline.yaml:models.")
    content: Any
    text = files.read_text(Path(file), UsageError, f"--named {place}:", _MAX_BYTES)
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"--named {place}: the file cannot be read ({' '.join(str(error).split())}).") from None
    for key in keys.split("."):
        content = content.get(key) if isinstance(content, dict) else None
    if not isinstance(content, list) or not all(isinstance(name, str) and _is_name(name) for name in content):
        raise UsageError(f"--named {place} leads to no list of names; write FILE:KEY, as conf/pipeline.yaml:models.")
    return content


def _is_name(text: str) -> bool:
    return text not in {"", ".."} and Path(text).name == text
