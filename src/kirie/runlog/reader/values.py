"""Values as a log holds them: JSON that a stranger wrote, read with bounded memory, and what of it is a number."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, TypeGuard

DEEPEST = 64
"""Levels that a value, or a key of parts, may have."""

MOST = 10_000_000
"""Length of a text that is read as JSON."""

_KINDS = frozenset({
    "artifactVersion", "audio", "bounding-boxes", "classes", "data-frame", "eval-table", "eval-table-ces", "file",
    "histogram", "html", "images", "images/separated", "joined-table", "mask", "molecule", "numpy.ndarray", "object3D",
    "partitioned-table", "plotly", "table", "tensorflow.Tensor", "torch.Tensor", "videos", "wb_trace_tree",
})  # fmt: skip
"""Kinds (`_type`) of values that W&B makes itself; the others end with `-file`. A person's dict may say another."""

_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""What JSON lacks, as W&B writes it where it must be a text."""


def decode(text: bytes) -> Any:
    """A value from its JSON.

    Args:
        text: JSON in UTF-8; NaN and Infinity are allowed, halves of letters become question marks.

    Raises:
        ValueError: It is none, is too long or too deep, or has a number of more digits than Python reads.
    """
    if len(text) > MOST:
        raise ValueError(f"a value of {len(text)} bytes")
    try:
        # Decoded here: json takes halves of letters that are written as bytes, and UTF-16
        found = json.loads(text.decode())
        if b"\\u" in text:
            # Half a letter (a surrogate) is allowed in JSON, and in no file that would be written of it
            found = json.loads(json.dumps(found, ensure_ascii=False).encode(errors="replace"))
    except RecursionError:
        raise ValueError("a value of too many levels") from None
    if text.count(b"[") + text.count(b"{") > DEEPEST and _depth(found) > DEEPEST:
        raise ValueError("a value of too many levels")
    return found


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        if depth > DEEPEST:
            return depth
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return depth


def number(value: Any) -> float | None:
    """A value as a number: true is 1, the text "NaN" is one; None if it is none."""
    if isinstance(value, int | float):
        return _float(value)
    return _WORDS.get(value) if isinstance(value, str) else None


def spelled(value: Any) -> Any:
    """A plain value with NaN and infinities, which JSON has not, as the texts that W&B writes for them."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list | tuple):
        return [spelled(entry) for entry in value]
    return {key: spelled(entry) for key, entry in value.items()} if isinstance(value, dict) else value


def narrow(value: float) -> float:
    """A number as it is if 64 bits hold it, which is what tables and JSON's readers agree on; else as a float."""
    return value if isinstance(value, float) or abs(value) < 2**63 else _float(value)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def is_nested(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a value is a dict of a person's, and no picture, table or the like, which W&B writes as a dict, too."""
    kind = value.get("_type", "") if isinstance(value, dict) else None
    return kind is not None and not (isinstance(kind, str) and (kind in _KINDS or kind.endswith("-file")))


def flat(value: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """What a nested dict holds, by dotted keys; a picture, table or the like is one."""
    for key, inner in value.items():
        if is_nested(inner) and inner:
            yield from flat(inner, f"{before}{key}.")
        else:
            yield f"{before}{key}", inner


def summarized(summary: dict[str, Any]) -> dict[str, Any]:
    """What a summary says by dotted key, without W&B's own keys; NaN and infinities, texts in the log, are numbers."""
    said = flat({key: value for key, value in summary.items() if not key.startswith("_")})
    return {
        key: _WORDS.get(value, value) if isinstance(value, str) else value
        for key, value in said
        if value is not None and not isinstance(value, dict)
    }
