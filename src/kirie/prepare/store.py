"""The store: the prepared dataset on disk that training reads. This file describes it and opens it.

    store.json                      the one pointer; replaced by rename, so a reader sees the old store or the new one
    report.json                     what the last `kirie prepare` found (for people)
    data-<12 hex digits>/           everything else, named by its content; kept while store.json points to it
        images-0000.u8 ...          uint8 (rows, H, W, 3), raw, at most 256 MiB each
        targets-0000.u8 ...         uint8 (rows, H, W), raw: label ids, 255 is the ignore index
        index.json                  one entry per picture in order of its rows: name, group, split, size, digest
        journal.jsonl               what each picture was made from and its counts; only `kirie prepare` reads it
    attempt/, spare-*/              an interrupted `kirie prepare`: the same files, unfinished; readers ignore them

A store's bytes depend on its content only, never on what was prepared before, how often it was interrupted, the
order of files or the number of workers. The fingerprint is a hash over every picture's name, split and stored
pixels, and over label names and frame; two stores with one fingerprint train alike. `journal.jsonl` alone also names
the bytes and the code that a picture came from, so it may change while the fingerprint and store.json do not.

Where a picture lies in its frame (`fit`) and which tiles it has (`tile`) follow from its size (`resize`), so only the
size is written. Opening compares file sizes and the index's checksum; `Store.verify` reads everything.
Files are raw bytes and JSON, so a store from a stranger can hold wrong pictures but no code.

Room for instances: `instances-0000.u16` beside the targets (uint16 (rows, H, W), 0 where no instance is) with a list
`instances: [{id, label}]` in a picture's index entry. `rows._KINDS` would gain a kind and VERSION a number.

Shapes: H, W the frame; B rows asked for; L labels.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kirie.core import files
from kirie.core.identity import digest
from kirie.core.labels import LabelSet
from kirie.errors import SourceError, StoreError
from kirie.prepare.resize import Box, Placement, placement, tile_count, tiles
from kirie.prepare.rows import Bytes, Rows, row_digest

VERSION = 1
SPLITS = ("train", "val", "test")
POINTER = "store.json"
Mode = Literal["fit", "tile"]

_FOLDER = re.compile(r"data-[0-9a-f]{12}")
_MAX_INDEX_BYTES = 2**30
_MAX_SIDE = 16384


@dataclass(frozen=True, slots=True)
class Frame:
    """How pictures were brought to one size.

    Attributes:
        size: Height and width of every row.
        mode: `fit` (one row per picture, letterbox) or `tile` (unscaled, one row per tile).
        overlap: Share of a tile that its neighbour repeats; 0 for `fit`.
    """

    size: tuple[int, int]
    mode: Mode = "fit"
    overlap: float = 0.0

    def rows_of(self, source: tuple[int, int]) -> int:
        """Rows that a picture of this height and width takes."""
        return 1 if self.mode == "fit" else tile_count(source, self.size, self.overlap)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"size": list(self.size), "mode": self.mode, "overlap": self.overlap}


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a store.

    Attributes:
        name: Its name in the source.
        group: Pictures of one group share a split; None: on its own.
        split: train, val or test.
        size: Height and width before it was brought to the frame.
        row: Its first row.
        digest: SHA-256 of its rows.
    """

    name: str
    group: str | None
    split: str
    size: tuple[int, int]
    row: int
    digest: str

    def to_dict(self) -> dict[str, Any]:
        """For the index; the row follows from the pictures before."""
        return {
            "name": self.name,
            "group": self.group,
            "split": self.split,
            "size": list(self.size),
            "digest": self.digest,
        }


@dataclass(frozen=True, slots=True)
class Split:
    """The rows of one split, in the order of their names.

    Attributes:
        name: train, val or test.
        names: One per row: the picture's name, in tile mode with `@x,y` of the tile's corner. Unique.
        rows_N: int64 positions in the store.
        frame: How pictures were brought to one size.
    """

    name: str
    names: Sequence[str]
    rows_N: NDArray[np.int64]
    frame: Frame
    _pictures: tuple[Picture, ...]
    _rows: Rows

    def __len__(self) -> int:
        return len(self.names)

    def image(self, i: int) -> Bytes:
        """A memory-mapped, read-only view: uint8 RGB of shape (H, W, 3)."""
        return self._rows.image(int(self.rows_N[i]))

    def target(self, i: int) -> Bytes:
        """A memory-mapped, read-only view: uint8 ids of shape (H, W), 255 ignored."""
        return self._rows.target(int(self.rows_N[i]))

    def read(self, indices: Sequence[int] | NDArray[np.int64]) -> tuple[Bytes, Bytes]:
        """Copies: uint8 images (B, H, W, 3) and targets (B, H, W)."""
        return self._rows.read(self.rows_N[np.asarray(indices, dtype=np.int64)])

    def picture(self, i: int) -> Picture:
        """The picture that a row comes from."""
        return self._pictures[i]

    def placement(self, i: int) -> Placement:
        """Where the picture lies in its row (fit mode)."""
        return placement(self._pictures[i].size, self.frame.size)

    def box(self, i: int) -> Box:
        """Which part of the picture a row is (tile mode)."""
        picture = self._pictures[i]
        return tiles(picture.size, self.frame.size, self.frame.overlap)[int(self.rows_N[i]) - picture.row]


@dataclass(frozen=True, slots=True)
class Store:
    """An opened store; picklable, so that loader processes can have it.

    Attributes:
        path: Its folder.
        labels: The label set of its targets.
        fingerprint: Hash of its content, hexadecimal.
        frame: How pictures were brought to one size.
        mean: Of the training pixels without padding, RGB in [0, 1].
        std: Likewise; at least 1/255.
        pictures: All of them, in order of their rows.
        rows: Access to the pixels.
    """

    path: Path
    labels: LabelSet
    fingerprint: str
    frame: Frame
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    pictures: tuple[Picture, ...]
    rows: Rows
    _counts: Mapping[str, tuple[int, ...]]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of every row."""
        return self.frame.size

    @property
    def mode(self) -> Mode:
        """`fit` or `tile`."""
        return self.frame.mode

    @property
    def folder(self) -> Path:
        """Where the shards, the index and the journal lie."""
        return self.rows.folder

    def pixel_counts(self, split: str) -> NDArray[np.int64]:
        """Target pixels per label of a split, shape (L,), ignored ones left out.

        Raises:
            StoreError: There is no such split.
        """
        return np.array(self._counts[_checked(split)], dtype=np.int64)

    def split(self, name: str) -> Split:
        """The rows of one split.

        Raises:
            StoreError: There is no such split.
        """
        _checked(name)
        names: list[str] = []
        rows: list[int] = []
        owners: list[Picture] = []
        for picture in self.pictures:
            if picture.split != name:
                continue
            if self.mode == "fit":
                found = [picture.name]
            else:
                boxes = tiles(picture.size, self.size, self.frame.overlap)
                found = [f"{picture.name}@{x},{y}" for x, y, _, _ in boxes]
            names += found
            rows += range(picture.row, picture.row + len(found))
            owners += [picture] * len(found)
        return Split(name, names, np.array(rows, dtype=np.int64), self.frame, tuple(owners), self.rows)

    def verify(self) -> None:
        """Reads every byte and compares it with the index and the fingerprint.

        Raises:
            StoreError: Something was changed since the store was written.
        """
        for picture in self.pictures:
            pixels = self.rows.load(picture.row, self.frame.rows_of(picture.size))
            if row_digest(*pixels) != picture.digest:
                raise StoreError(
                    f"The store {self.path} was changed: the stored pixels of '{picture.name}' do not have their "
                    "checksum. Remove the store and prepare it again."
                )
        if fingerprint(self.labels, self.frame, self.pictures) != self.fingerprint:
            raise StoreError(f"The store {self.path} was changed: its index does not give its fingerprint.")

    @classmethod
    def open(cls, path: Path) -> Store:
        """Opens a store and checks that its files have the size they must have.

        Args:
            path: The store's folder.

        Raises:
            StoreError: There is no store, another version of kirie wrote it, or a file is missing or damaged.
        """
        pointer = path / POINTER
        if not pointer.is_file():
            raise StoreError(f"There is no store in {path}; write one with `kirie prepare --out {path}`.")
        raw = files.read_json(pointer, StoreError, "The store's record")
        version = raw.get("version") if isinstance(raw, dict) else None
        if version != VERSION:
            raise StoreError(
                f"The store {path} has version {version!r}, and this kirie reads version {VERSION}; "
                "prepare it again with `kirie prepare`."
            )
        try:
            return _opened(path, raw)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError, SourceError) as error:
            raise StoreError(
                f"The store {path} is damaged: its record cannot be used ({type(error).__name__}: {error}). "
                "Prepare it again with `kirie prepare`."
            ) from None


def fingerprint(labels: LabelSet, frame: Frame, pictures: Sequence[Picture]) -> str:
    """Hash of what training sees, whatever its order, hexadecimal."""
    samples = sorted([picture.name, picture.split, picture.digest] for picture in pictures)
    return digest({"version": VERSION, "labels": list(labels.names), "frame": frame.to_dict(), "samples": samples})


def _opened(path: Path, raw: Mapping[str, Any]) -> Store:
    name, count, per_shard = raw["folder"], raw["rows"], raw["rows_per_shard"]
    if not (isinstance(name, str) and _FOLDER.fullmatch(name)):
        raise ValueError(f"the folder {name!r}")
    if not (isinstance(count, int) and isinstance(per_shard, int) and count > 0 and per_shard > 0):
        raise ValueError(f"{count!r} rows, {per_shard!r} per shard")
    frame = _frame(raw)
    labels = LabelSet.from_dict(raw["labels"], f"the store {path}")
    rows = Rows(path / name, count, frame.size, per_shard)
    rows.check()
    counts = {split: tuple(map(_whole, raw["pixel_counts"][split])) for split in SPLITS}
    if any(len(found) != len(labels) for found in counts.values()):
        raise ValueError("pixel counts that are not one per label")
    pictures = _index(rows.folder / "index.json", raw["index_sha256"], frame)
    if sum(frame.rows_of(picture.size) for picture in pictures) != count:
        raise ValueError(f"{count} rows, but the index has another number")
    return Store(
        path, labels, str(raw["fingerprint"]), frame, _rgb(raw["mean"]), _rgb(raw["std"]), pictures, rows, counts
    )


def _frame(raw: Mapping[str, Any]) -> Frame:
    height, width = map(_whole, raw["size"])
    mode, overlap = raw["mode"], float(raw["overlap"])
    if not (0 < height <= _MAX_SIDE and 0 < width <= _MAX_SIDE and 0 <= overlap < 1):
        raise ValueError(f"a frame of {height} x {width} with overlap {overlap}")
    if mode not in ("fit", "tile"):
        raise ValueError(f"the mode {mode!r}")
    return Frame((height, width), mode, overlap)


def _index(path: Path, sha256: str, frame: Frame) -> tuple[Picture, ...]:
    if not path.is_file() or path.stat().st_size > _MAX_INDEX_BYTES or files.sha256_of(path) != sha256:
        raise StoreError(f"The store's index {path} is missing or was changed; prepare the store again.")
    pictures: list[Picture] = []
    row = 0
    for entry in json.loads(path.read_bytes())["pictures"]:
        height, width = map(_whole, entry["size"])
        if not (0 < height < 2**20 and 0 < width < 2**20):
            raise ValueError(f"a picture of {height} x {width}")
        group = entry["group"]
        picture = Picture(
            str(entry["name"]),
            group if group is None else str(group),
            _checked(entry["split"]),
            (height, width),
            row,
            str(entry["digest"]),
        )
        pictures.append(picture)
        row += frame.rows_of(picture.size)
    return tuple(pictures)


def _checked(split: str) -> str:
    if split not in SPLITS:
        raise StoreError(f"There is no split '{split}'; splits are {', '.join(SPLITS)}.")
    return split


def _rgb(raw: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = map(float, raw)
    if not all(math.isfinite(x) and 0 <= x <= 1 for x in (red, green, blue)):
        raise ValueError(f"mean or deviation {raw}")
    return red, green, blue


def _whole(number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError(f"{number!r} is not a count")
    return number
