"""One picture's result folder: filled beside its place and renamed, so that it is whole or not there."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from kirie.core.files import disk_errors
from kirie.core.labels import Label

RECORD = "parts.json"
_MARK = b'{\n  "created_by": "kirie'
_LONGEST_NAME = 120
"""Bytes of a label's name in a file name; file systems allow 255 in all."""


def is_result(folder: Path) -> bool:
    """Whether `kirie predict` wrote this folder."""
    try:
        with (folder / RECORD).open("rb") as stream:
            return stream.read(len(_MARK)) == _MARK
    except OSError:
        return False


def is_free(folder: Path) -> bool:
    """Whether results may go here: nothing is there, an empty folder, or results of a former run."""
    if is_result(folder):
        return True
    try:
        return not any(folder.iterdir())
    except FileNotFoundError:
        return True
    except OSError:
        return False


@contextlib.contextmanager
def replacing_folder(final: Path) -> Iterator[Path]:
    """A new, empty folder that takes its name when the block ends well, and vanishes when it does not.

    Whatever lay under the name is replaced. A leftover of a killed run is cleared away first.

    Raises:
        DeviceError: There is no space, or no permission to write.
    """
    # A hash, because a name may already be as long as the file system allows
    token = hashlib.sha256(final.name.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    beside, old = final.with_name(f".{token}.part"), final.with_name(f".{token}.old")
    with disk_errors(final):
        try:
            for leftover in (beside, old):
                if leftover.exists():
                    shutil.rmtree(leftover)
            beside.mkdir(parents=True)
            yield beside
            if final.exists():
                final.rename(old)
            beside.rename(final)
        except BaseException:
            if old.exists() and not final.exists():
                old.rename(final)
            raise
        finally:
            shutil.rmtree(beside, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)


def file_name(label: Label, ending: str) -> str:
    """A file name for a label, whatever its name holds: letters, digits, `-` and `_` of any script stay."""
    text = re.sub(r"[^\w-]+", "_", label.name).strip("_")
    text = text.encode("utf-8", "ignore")[:_LONGEST_NAME].decode("utf-8", "ignore")
    return f"{label.id}-{text or 'label'}{ending}"
