"""Pictures, histograms and tables: what a row's value says of them, checked before a file is opened.

The values were written by strangers. Of one that lies (no list, a path out of the run's folder, counts that do not fit)
only what can be shown is given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kirie.errors import RunError
from kirie.runlog.reader.own import saved_file
from kirie.runlog.reader.values import number

PICTURES = frozenset({"images/separated", "image-file"})
TABLES = frozenset({"table-file", "incremental-table-file"})
HISTOGRAM = "histogram"

_TABLE_BYTES = 64 << 20
"""Size of a table's file that is read."""
_BINS = 100_000
_PICTURES = 10_000


@dataclass(frozen=True, slots=True)
class Saved:
    """A file that a run saved.

    Attributes:
        path: As the log names it, relative to the segment's `files`.
        file: Where it lies; it may be gone.
    """

    path: str
    file: Path


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was logged.

    Attributes:
        step: When.
        number: Its place among those of one row.
        name: Its caption, or "".
        image: The picture.
        width: In pixels, or None.
        height: In pixels, or None.
        masks: Masks by name, as class-id PNGs.
        labels: Names of the masks' ids, by mask.
    """

    step: int
    number: int
    name: str
    image: Saved
    width: int | None
    height: int | None
    masks: dict[str, Saved] = field(default_factory=dict)
    labels: dict[str, dict[int, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Histogram:
    """A histogram that was logged: `edges` float64[n + 1], `counts` float64[n]."""

    step: int
    edges: NDArray[np.float64]
    counts: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Table:
    """A table that was logged; its file is read when it is asked for."""

    step: int
    saved: Saved

    def read(self, most: int = 10_000) -> tuple[list[str], list[list[Any]]]:
        """The columns' names, and at most so many rows.

        Raises:
            RunError: The file is gone, too large or damaged.
        """
        path = self.saved.file
        try:
            if not path.is_file():
                raise RunError(f"The table {path} is not there; only its line in the log is left.")
            if path.stat().st_size > _TABLE_BYTES:
                raise RunError(f"The table {path} has more than {_TABLE_BYTES >> 20} MiB, too many to be shown.")
            content = json.loads(path.read_bytes())
            names, rows = content["columns"], content["data"]
            if not isinstance(names, list) or not isinstance(rows, list):
                raise TypeError
            return [str(name) for name in names], [row for row in rows[:most] if isinstance(row, list)]
        except OSError as error:
            raise RunError(f"The table {path} cannot be read ({error.strerror}).") from None
        except (ValueError, KeyError, TypeError, RecursionError):
            raise RunError(f"The table {path} is damaged: it is not JSON with columns and data.") from None


def kind_of(value: Any) -> str:
    """What a value is: "images", "histogram", "table", "text" or another kind as the log names it."""
    if not isinstance(value, Mapping):
        return "text" if isinstance(value, str) else "list"
    kind = value.get("_type")
    if kind in PICTURES:
        return "images"
    return "table" if kind in TABLES else kind if isinstance(kind, str) else "other"


def saved(files: Path, path: Any) -> Saved | None:
    """A file that a value names, or None if it names none within the folder."""
    found = saved_file(files, path) if isinstance(path, str) else None
    return None if found is None else Saved(path, found)


def pictures(value: Any, files: Path, step: int, labels: Mapping[str, dict[int, str]]) -> Iterator[Picture]:
    """The pictures of a row's value.

    Args:
        value: The value.
        files: The segment's folder of files.
        step: The row's step.
        labels: Names of the ids, by mask.
    """
    if not isinstance(value, Mapping) or value.get("_type") not in PICTURES:
        return
    single = value.get("_type") == "image-file"
    paths = [value.get("path")] if single else _list(value.get("filenames"))
    captions = [value.get("caption")] if single else _list(value.get("captions"))
    masks = [value.get("masks")] if single else _list(value.get("all_masks"))
    for at, path in enumerate(paths[:_PICTURES]):
        if (image := saved(files, path)) is None:
            continue
        found: Any = masks[at] if at < len(masks) else None
        named = {
            str(name): mask
            for name, entry in (found.items() if isinstance(found, Mapping) else ())
            if isinstance(entry, Mapping) and (mask := saved(files, entry.get("path"))) is not None
        }
        caption = captions[at] if at < len(captions) else None
        yield Picture(
            step,
            at,
            caption if isinstance(caption, str) else "",
            image,
            _pixels(value.get("width")),
            _pixels(value.get("height")),
            named,
            {name: labels.get(name, {}) for name in named},
        )


def _pixels(value: Any) -> int | None:
    return value if isinstance(value, int) and 0 < value < 1 << 20 else None


def mask_labels(config: Mapping[str, Any], key: str) -> dict[str, dict[int, str]]:
    """Names of the ids of a key's masks, by mask, as wandb keeps them in the configuration."""
    own = config.get("_wandb")
    own = own.get("value", own) if isinstance(own, Mapping) else {}
    kept: Any = own.get("mask/class_labels") if isinstance(own, Mapping) else None
    found: dict[str, dict[int, str]] = {}
    if not isinstance(kept, Mapping):
        return found
    for name, entry in kept.items():
        before, mark, mask = str(name).rpartition("_wandb_delimeter_")
        words = entry.get("value") if isinstance(entry, Mapping) else None
        if mark and before == key and isinstance(words, Mapping):
            found[mask] = {int(id_): str(word) for id_, word in words.items() if str(id_).isdecimal()}
    return found


def histogram(value: Any, step: int) -> Histogram | None:
    """A row's value as a histogram; None if it is none."""
    if not isinstance(value, Mapping) or value.get("_type") != HISTOGRAM:
        return None
    counts = _numbers(value.get("values"))
    packed = value.get("packedBins")
    if isinstance(packed, Mapping):
        low, width = number(packed.get("min")), number(packed.get("size"))
        with np.errstate(over="ignore", invalid="ignore"):
            edges = None if low is None or width is None else low + width * np.arange(len(counts) + 1.0)
    else:
        edges = _numbers(value.get("bins"))
    if edges is None or len(counts) == 0 or len(edges) != len(counts) + 1 or not np.isfinite(edges).all():
        return None
    return Histogram(step, edges, counts)


def _numbers(values: Any) -> NDArray[np.float64]:
    found = [number(value) for value in _list(values)[:_BINS]]
    return np.array([np.nan if value is None else value for value in found], dtype=np.float64)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
