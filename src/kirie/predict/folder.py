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

_PNG_LEVEL = 4
"""Of zlib: a third of the default's time, for a few per cent more bytes."""

_EMPTY = 0.25
"""A layer whose pixels lie in a box of a smaller share of the picture is mostly runs."""


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
    """Writes a PNG; a nearly empty layer, of which a large picture has many, and a map of ids in half the time.

    There zlib looks for runs alone, which would make pictures with screentones or dither many times as large.
    """
    box = image.getbbox() if image.mode == "RGBA" else None
    empty = box is not None and (box[2] - box[0]) * (box[3] - box[1]) < _EMPTY * image.width * image.height
    if empty or image.mode not in {"RGB", "RGBA"}:
        image.save(path, format="PNG", compress_type=zlib.Z_RLE)
    else:
        image.save(path, format="PNG", compress_level=_PNG_LEVEL)
