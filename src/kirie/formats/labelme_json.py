"""A labelme JSON file, read with suspicion: what is checked here, the reader may rely on.

Versions 3 to 6 differ little: old ones have no `shape_type` (everything is a polygon) and carry line colours, new ones
add `mask`, `description` and `group_id`. Unknown keys are kept in each shape's raw record.
"""

from __future__ import annotations

import base64
import binascii
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kirie.errors import SourceError

MAX_BYTES = 512 * 1024**2
"""The largest annotation file read; embedded pictures are part of it."""

MAX_SHAPES = 100_000
MAX_POINTS = 1_000_000
"""Per shape. Both are far beyond what a person or a model draws."""

MAX_DEPTH = 32
"""Of lists and objects inside one shape."""

SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}

# control characters, half surrogate pairs, line and paragraph separators
_UNWRITABLE = {"Cc", "Cs", "Zl", "Zp"}

_GLANCE = 8192
_MARKS = ("shapes", "imagePath", "imageData")


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape of the file.

    Attributes:
        number: Its place in the file, from 1, for messages.
        label: Its label.
        kind: Its shape type; polygon where the file names none.
        points: x, y pairs as the file has them.
        group_id: labelme's instance number, or None.
        crowd: Its flags say that it is several things in one.
        raw: Its record, untouched.
    """

    number: int
    label: str
    kind: str
    points: tuple[tuple[float, float], ...]
    group_id: int | None
    crowd: bool
    raw: Mapping[str, Any]


def load(path: Path) -> Any:
    """The parsed JSON of a file, whatever it holds.

    Raises:
        SourceError: The file is missing, empty, too large, or no JSON.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SourceError(
                f"{path} has {path.stat().st_size:,} bytes; at most {MAX_BYTES:,} are read. Keep pictures beside the "
                "annotation instead of inside (`imageData: null`)."
            )
        content = path.read_bytes()
    except FileNotFoundError:
        raise SourceError(f"The annotation {path} is not there.") from None
    except OSError as error:
        raise SourceError(f"The annotation {path} cannot be read ({error}).") from None
    if not content.strip():
        raise SourceError(f"{path} is empty; save the annotation again, or delete the file.")
    try:
        # bytes, not text: json recognises UTF-8 with a byte order mark, UTF-16 and UTF-32
        return json.loads(content)
    except RecursionError:
        raise SourceError(f"{path} is nested too deeply for an annotation; it is damaged.") from None
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 text ({error.reason}); save it as UTF-8.") from None
    except ValueError as error:
        raise SourceError(f"{path} is broken or truncated JSON ({error}); save the annotation again.") from None


def looks_like_annotation(path: Path) -> bool:
    """Whether a file's beginning or end has labelme's keys; cheap, and true for many damaged files too."""
    try:
        with path.open("rb") as stream:
            found = stream.read(_GLANCE)
            stream.seek(max(_GLANCE, path.stat().st_size - _GLANCE))
            found += stream.read(_GLANCE)
    except OSError:
        return False
    # UTF-16 is ASCII with zeros between
    text = found.replace(b"\0", b"")
    return any(f'"{mark}"'.encode() in text for mark in _MARKS)


def is_annotation(raw: object) -> bool:
    """Whether parsed JSON looks like labelme's."""
    return isinstance(raw, dict) and any(mark in raw for mark in _MARKS)


def names_of(raw: object) -> tuple[str, ...]:
    """The labels that an annotation uses, without checking anything else; the reader tells of an empty one."""
    shapes = raw.get("shapes") if isinstance(raw, dict) else None
    found = (shape.get("label") for shape in shapes if isinstance(shape, dict)) if isinstance(shapes, list) else ()
    return tuple(dict.fromkeys(name for name in found if isinstance(name, str) and name.strip()))


def document(raw: Any, path: Path) -> Mapping[str, Any]:
    """Checks that parsed JSON is an annotation.

    Raises:
        SourceError: It is not an object, or has no list of shapes.
    """
    if not isinstance(raw, dict):
        raise SourceError(f"{path} is not a labelme annotation: it holds {_kind(raw)}, not an object with `shapes`.")
    shapes = raw.get("shapes")
    if not isinstance(shapes, list):
        found = "no `shapes`" if "shapes" not in raw else f"{_kind(shapes)} as `shapes`"
        raise SourceError(
            f'{path} is not a labelme annotation: it has {found}; write `"shapes": []` if nothing is marked.'
        )
    if len(shapes) > MAX_SHAPES:
        raise SourceError(f"{path} has {len(shapes):,} shapes; at most {MAX_SHAPES:,} are read.")
    return raw


def shapes(raw: Mapping[str, Any], path: Path) -> list[Shape]:
    """The shapes of a document, in file order.

    Raises:
        SourceError: A record has no label, no points, or points that are no pairs of numbers.
    """
    return [_shape(number, record, path) for number, record in enumerate(raw["shapes"], 1)]


def lost_id(shape: Shape) -> bool:
    """Whether a shape's record has an instance number that is none."""
    return shape.group_id is None and shape.raw.get("group_id") is not None


def where(path: Path, number: int, label: str) -> str:
    """How messages name a shape."""
    return f"{path}: shape {number} ('{label}')"


def split_of(raw: Mapping[str, Any], path: Path) -> str | None:
    """The split that the annotation gives.

    Raises:
        SourceError: It is none of train, val, test.
    """
    found = raw.get("split")
    if found is None or found == "":
        return None
    if not isinstance(found, str) or found.lower() not in SPLITS:
        raise SourceError(f"{path} gives the split {found!r}; write train, val or test, or leave `split` out.")
    return SPLITS[found.lower()]


def group_of(raw: Mapping[str, Any], path: Path) -> str | None:
    """The group that the annotation gives.

    Raises:
        SourceError: It is no text.
    """
    found = raw.get("group")
    if found is None or found == "":
        return None
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise SourceError(f"{path} gives the group {found!r}; write a text, or leave `group` out.")
    return str(found)


def embedded(raw: Mapping[str, Any], path: Path) -> bytes | None:
    """The picture inside the annotation, or None if it has none.

    Raises:
        SourceError: `imageData` is not base64.
    """
    found = raw.get("imageData")
    return None if found is None or found == "" else decoded(found, f"{path}: `imageData`")


def decoded(text: object, what: str) -> bytes:
    """Bytes from base64, with or without a `data:` prefix.

    Raises:
        SourceError: It is not base64.
    """
    if not isinstance(text, str):
        raise SourceError(f"{what} is {_kind(text)}, not base64 text.")
    try:
        content = text.partition(",")[2] if text.startswith("data:") else text
        found = base64.b64decode(content)
        if content.strip() and not found:
            raise ValueError("none of its characters is one")  # b64decode passes over strange characters
        return found
    except (binascii.Error, ValueError) as error:
        raise SourceError(f"{what} is not base64 ({error}); it is damaged or truncated.") from None


def _shape(number: int, record: object, path: Path) -> Shape:
    if not isinstance(record, dict):
        raise SourceError(f"{path}: shape {number} is {_kind(record)}, not an object with `label` and `points`.")
    label = record.get("label")
    if not isinstance(label, str) or not label.strip():
        raise SourceError(f"{path}: shape {number} has no label (found {label!r}); give it one, or delete the shape.")
    if any(unicodedata.category(letter) in _UNWRITABLE for letter in label):
        raise SourceError(
            f"{path}: shape {number} has a label with letters that cannot be written ({label!a}); rename it."
        )
    kind = record.get("shape_type") or "polygon"
    if not isinstance(kind, str):
        raise SourceError(
            f"{where(path, number, label)} has {_kind(kind)} as `shape_type`; write polygon, or another type."
        )
    if _too_deep({key: value for key, value in record.items() if key != "points"}):
        raise SourceError(f"{where(path, number, label)} is nested more than {MAX_DEPTH} levels deep; it is damaged.")
    group_id, flags = record.get("group_id"), record.get("flags")
    return Shape(
        number,
        label,
        kind,
        _points(record.get("points"), where(path, number, label)),
        group_id if isinstance(group_id, int) and not isinstance(group_id, bool) else None,
        isinstance(flags, dict) and flags.get("crowd") is True,
        record,
    )


def _too_deep(record: object) -> bool:
    level = [record]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _points(raw: object, at: str) -> tuple[tuple[float, float], ...]:
    if not isinstance(raw, list) or not raw:
        raise SourceError(f"{at} has no points; draw it again, or delete it.")
    if len(raw) > MAX_POINTS:
        raise SourceError(f"{at} has {len(raw):,} points; at most {MAX_POINTS:,} are read.")
    return tuple(_point(point, index, at) for index, point in enumerate(raw, 1))


def _point(raw: object, index: int, at: str) -> tuple[float, float]:
    try:
        if isinstance(raw, list) and len(raw) == 2 and all(type(value) in {int, float} for value in raw):
            return float(raw[0]), float(raw[1])
    except OverflowError:
        raise SourceError(f"{at}: point {index} has a coordinate with too many digits; draw the shape again.") from None
    raise SourceError(f"{at}: point {index} is not a pair of numbers [x, y]; draw the shape again.")


def _kind(value: object) -> str:
    words = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "a truth value",
        int: "a number",
        float: "a number",
    }
    return words.get(type(value), "null")
