"""One picture's result folder: whether a place is free for it, and how its files are called and saved."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import PIL.Image

from kirie.core.labels import Label

RECORD = "parts.json"
_MARK = b'{\n  "created_by": "kirie'
_LONGEST_NAME = 120
"""Bytes of a label's name in a file name; file systems allow 255 in all."""

_PNG_STRATEGY = zlib.Z_RLE
"""Looks for runs alone: half the time of zlib's default at level 4, for as many bytes within a per cent or two, because
the filtered rows of drawings are runs, and the many nearly empty layers of a large picture nothing else."""


def is_result(folder: Path) -> bool:
    """Whether `kirie predict` wrote this folder."""
    try:
        with (folder / RECORD).open("rb") as stream:
            return stream.read(len(_MARK)) == _MARK
    except OSError:
        return False


def is_free(folder: Path) -> bool:
    """Whether results may go here: nothing is there, an empty folder, or results of a former run; and not inside the
    results of another picture, nor around them."""
    if any(is_result(above) for above in folder.absolute().parents):
        return False
    if is_result(folder):
        return all(inner.parent == folder for inner in folder.rglob(RECORD))
    try:
        return not any(folder.iterdir())
    except FileNotFoundError:
        return True
    except OSError:
        return False


def file_name(label: Label, ending: str) -> str:
    """A file name for a label, whatever its name holds: letters, digits, `-` and `_` of any script stay."""
    text = re.sub(r"[^\w-]+", "_", label.name).strip("_")
    text = text.encode("utf-8", "ignore")[:_LONGEST_NAME].decode("utf-8", "ignore")
    return f"{label.id}-{text or 'label'}{ending}"


def save_png(image: PIL.Image.Image, path: Path) -> None:
    """Writes a PNG."""
    image.save(path, format="PNG", compress_type=_PNG_STRATEGY)
