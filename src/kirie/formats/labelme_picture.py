"""The picture of a labelme annotation: embedded, or a file that the annotation names.

A name from a stranger may only lead to a file inside the source folder. Windows wrote many of them: backslashes and
drive letters are understood, and a path that fits no file falls back to the same file name beside the annotation.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
from PIL import Image

from kirie.errors import SourceError
from kirie.formats import labelme_json, walk
from kirie.formats.base import PictureFile
from kirie.formats.picture import Picture, ending_of, is_picture, read_picture


def find(raw: Mapping[str, Any], annotation: Path, source: Path) -> Picture:
    """Finds and reads the picture that an annotation belongs to, in the frame that its points are in.

    Raises:
        SourceError: There is none, it lies outside the source, cannot be read, or has not the size that the
            annotation was made for.
    """
    content = labelme_json.embedded(raw, annotation)
    if content is None:
        path = locate(raw, annotation, source)
        picture = read_picture(path)
        _fits(raw, picture, annotation, str(path))
        return picture
    name = f"The picture inside {annotation}"
    # labelme shows an embedded picture as its bytes are, and turns it before embedding
    picture = read_picture(content, name=name, upright=False)
    if picture.orientation != 1 and not _size_fits(raw, picture):
        turned = read_picture(content, name=name)
        picture = turned if _size_fits(raw, turned) else picture
    _fits(raw, picture, annotation, name)
    return picture


def as_file(raw: Mapping[str, Any], annotation: Path, source: Path) -> PictureFile:
    """The picture as a file whose upright reading is what `find` gives.

    Raises:
        SourceError: As `find`.
    """
    content = labelme_json.embedded(raw, annotation)
    if content is None:
        path = locate(raw, annotation, source)
        return PictureFile(path, path.suffix if is_picture(path) else ending_of(path)[0])
    ending, orientation = ending_of(content, name=f"The picture inside {annotation}")
    if orientation == 1:
        return PictureFile(content, ending)
    # as a file its EXIF orientation would be applied, and the points may be in the frame without it
    return PictureFile(_as_png(find(raw, annotation, source)), ".png")


def locate(raw: Mapping[str, Any], annotation: Path, source: Path) -> Path:
    """The file that `imagePath` names.

    Raises:
        SourceError: There is no such file, or it lies outside the source.
    """
    text = raw.get("imagePath")
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise SourceError(
            f"{annotation} has no picture: neither `imageData` nor a usable `imagePath` (found {text!r}); "
            'write `"imagePath": "name.png"`.'
        )
    windows = PureWindowsPath(text)
    away = bool(windows.drive) or PurePosixPath(text).is_absolute() or windows.is_absolute()
    beside = annotation.parent / windows.name if windows.name else None
    # by names alone: links inside the source are its owner's, `..` in an annotation may be a stranger's
    root = Path(os.path.abspath(source))  # noqa: PTH100 - Path.absolute keeps `..`
    named = None if windows.drive else Path(os.path.abspath(annotation.parent / text.replace("\\", "/")))  # noqa: PTH100
    inside = named is not None and named.is_relative_to(root)
    for candidate in (named if inside else None, beside):
        if candidate is not None and (found := _alike(candidate)) is not None:
            return found
    if not away and not inside:
        raise SourceError(
            f"{annotation} names the picture '{text}', which lies outside {source}; give the folder that holds both, "
            f"for example `{os.path.commonpath([named or root, root])}`, as the source, or put the picture beside "
            "the annotation."
        )
    raise SourceError(
        f"{annotation} names the picture '{text}', which is not there"
        f"{' (nor is its file name beside the annotation)' if away else ''}; put it there, or correct `imagePath`."
    )


def _alike(path: Path) -> Path | None:
    try:
        return walk.alike(path)
    except OSError:
        # a name too long for the file system, or a folder that may not be read
        return None


def _as_png(picture: Picture) -> bytes:
    stream = io.BytesIO()
    pixels = picture.rgb_HWC if picture.alpha_HW is None else np.dstack((picture.rgb_HWC, picture.alpha_HW))
    Image.fromarray(pixels).save(stream, format="PNG")
    return stream.getvalue()


def _declared(raw: Mapping[str, Any]) -> tuple[object, object]:
    return raw.get("imageHeight"), raw.get("imageWidth")


def _size_fits(raw: Mapping[str, Any], picture: Picture) -> bool:
    return all(
        told is None or told == real or (isinstance(told, int | float) and told <= 0)
        for told, real in zip(_declared(raw), picture.size, strict=True)
    )


def _fits(raw: Mapping[str, Any], picture: Picture, annotation: Path, name: str) -> None:
    if _size_fits(raw, picture):
        return
    told_height, told_width = _declared(raw)
    height, width = picture.size
    turned = ""
    if picture.orientation != 1 and (told_height, told_width) == (width, height):
        turned = f" The picture is turned by its EXIF orientation ({picture.orientation}), the annotation is not."
    raise SourceError(
        f"{annotation} was made for a picture of {told_width} x {told_height} pixels, and {name} has "
        f"{width} x {height}.{turned} Put the picture there that was annotated, or correct `imageWidth` and "
        "`imageHeight`."
    )
