"""The store: the prepared dataset on disk that training reads. This file describes it; `store` opens it.

    store.json                      the one pointer; replaced by rename, so a reader sees the old store or the new one
    report.json                     what the last `kirie prepare` found (for people)
    data-<12 hex digits>/           everything else, named by its content; kept while store.json points to it
        images-0000.u8 ...          uint8 (rows, H, W, 3), raw, at most 256 MiB each
        targets-0000.u8 ...         uint8 (rows, H, W), raw: label ids, 255 is the ignore index
        instances-0000.u8 ...       uint8 (rows, H, W), raw: 0 where no instance is, k for the row's k-th, 255 ignored
        index.json                  one entry per picture in order of its rows: name, group, split, size, digest, and
                                    for each of its rows the label and crowd flag of each instance
        journal.jsonl               what each picture was made from and its counts; only `kirie prepare` reads it
    attempt/, spare-*/              an interrupted `kirie prepare`: the same files, unfinished; readers ignore them

A store's bytes depend on its content only, never on what was prepared before, how often it was interrupted, the
order of files or the number of workers. The fingerprint is a hash over every picture's name, split, stored pixels and
instances, and over label names, things and frame; two stores with one fingerprint train alike. `journal.jsonl` alone
also names the bytes and the code that a picture came from, so it may change while the fingerprint and store.json do
not.

Where a picture lies in its frame (`fit`) and which tiles it has (`tile`) follow from its size (`resize`), so only the
size is written. Opening compares file sizes and the index's checksum; `Store.verify` reads everything.
Files are raw bytes and JSON, so a store from a stranger can hold wrong pictures but no code.

An instance map and its target agree pixel by pixel: where a map has k, the target has the label of the row's k-th
instance. Where the map has 255 and the target has not, an instance was too small, flat, or one too many.

Shapes: H, W the frame; L labels.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kirie.core.instances import HOWS, MAX_INSTANCES, How
from kirie.core.labels import LabelSet
from kirie.errors import StoreError
from kirie.prepare.resize import tile_count

VERSION = 2
SPLITS = ("train", "val", "test")
POINTER = "store.json"
INDEX = "index.json"
REPORT = "report.json"
ATTEMPT = "attempt"
Mode = Literal["fit", "tile"]
RGB = tuple[float, float, float]

_FOLDER = re.compile(r"data-[0-9a-f]{12}")
_MAX_SIDE = 16384


@dataclass(frozen=True, slots=True)
class Frame:
    """How samples became rows.

    Attributes:
        size: Height and width of every row.
        mode: `fit` (one row per picture, letterbox) or `tile` (unscaled, one row per tile).
        overlap: Share of a tile that its neighbour repeats; 0 for `fit`.
        instances: `given` (by the source's ids, connected parts where there are none) or `components`.
        max_instances: Of more in one row, the smallest are ignored.
    """

    size: tuple[int, int]
    mode: Mode = "fit"
    overlap: float = 0.0
    instances: How = "given"
    max_instances: int = MAX_INSTANCES

    def rows_of(self, source: tuple[int, int]) -> int:
        """Rows that a picture of this height and width takes."""
        return 1 if self.mode == "fit" else tile_count(source, self.size, self.overlap)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "size": list(self.size),
            "mode": self.mode,
            "overlap": self.overlap,
            "instances": self.instances,
            "max_instances": self.max_instances,
        }


@dataclass(frozen=True, slots=True)
class Pointer:
    """What store.json says.

    Attributes:
        folder: Name of the folder with everything else.
        rows: Number of rows.
        per_shard: Rows in every shard but the last.
        frame: How samples became rows.
        labels: The label set of the targets.
        fingerprint: Hash of the content, hexadecimal.
        mean: Of the training pixels without padding, in [0, 1].
        std: Likewise.
        pixel_counts: By split, pixels per label, L of them.
        index_sha256: Checksum of the index.
    """

    folder: str
    rows: int
    per_shard: int
    frame: Frame
    labels: LabelSet
    fingerprint: str
    mean: RGB
    std: RGB
    pixel_counts: Mapping[str, tuple[int, ...]]
    index_sha256: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "what": "kirie store",
            "version": VERSION,
            "fingerprint": self.fingerprint,
            "folder": self.folder,
            **self.frame.to_dict(),
            "rows": self.rows,
            "rows_per_shard": self.per_shard,
            "mean": list(self.mean),
            "std": list(self.std),
            "pixel_counts": {split: list(counts) for split, counts in self.pixel_counts.items()},
            "labels": self.labels.to_dict(),
            "index_sha256": self.index_sha256,
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], origin: str) -> Pointer:
        """Reads what `to_dict` made, and trusts nothing in it.

        Raises:
            KeyError: Something is missing.
            ValueError: A value is not possible.
            TypeError: A value has another type.
            SourceError: The label set is none.
        """
        folder = raw["folder"]
        if not (isinstance(folder, str) and _FOLDER.fullmatch(folder)):
            raise ValueError(f"the folder {folder!r}")
        rows, per_shard = whole(raw["rows"]), whole(raw["rows_per_shard"])
        if not (rows and per_shard):
            raise ValueError(f"{rows} rows, {per_shard} per shard")
        labels = LabelSet.from_dict(raw["labels"], origin)
        counts = {split: tuple(map(whole, raw["pixel_counts"][split])) for split in SPLITS}
        if any(len(found) != len(labels) for found in counts.values()):
            raise ValueError("pixel counts that are not one per label")
        return cls(
            folder,
            rows,
            per_shard,
            _frame(raw),
            labels,
            str(raw["fingerprint"]),
            _rgb(raw["mean"]),
            _rgb(raw["std"]),
            counts,
            str(raw["index_sha256"]),
        )


def _frame(raw: Mapping[str, Any]) -> Frame:
    height, width = map(whole, raw["size"])
    mode, overlap = raw["mode"], float(raw["overlap"])
    if not (0 < height <= _MAX_SIDE and 0 < width <= _MAX_SIDE and 0 <= overlap < 1):
        raise ValueError(f"a frame of {height} x {width} with overlap {overlap}")
    if mode not in ("fit", "tile"):
        raise ValueError(f"the mode {mode!r}")
    instances, most = raw["instances"], whole(raw["max_instances"])
    if instances not in HOWS or not 1 <= most <= MAX_INSTANCES:
        raise ValueError(f"instances {instances!r}, at most {most}")
    return Frame((height, width), mode, overlap, instances, most)


def check_split(split: str) -> str:
    """The split itself, if it is one.

    Raises:
        StoreError: There is no such split.
    """
    if split not in SPLITS:
        raise StoreError(f"There is no split '{split}'; splits are {', '.join(SPLITS)}.")
    return split


def _rgb(raw: Sequence[float]) -> RGB:
    red, green, blue = map(float, raw)
    if not all(math.isfinite(x) and 0 <= x <= 1 for x in (red, green, blue)):
        raise ValueError(f"mean or deviation {raw}")
    return red, green, blue


def whole(number: object) -> int:
    """A count from JSON.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError(f"{number!r} is not a count")
    return number
