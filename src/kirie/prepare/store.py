"""Opening a store and reading its rows; `layout` describes what lies on the disk.

Shapes: H, W the frame; B rows asked for; L labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kirie.core import files
from kirie.core.instances import Instance
from kirie.core.labels import LabelSet
from kirie.errors import SourceError, StoreError
from kirie.prepare.index import Picture, fingerprint, read_index
from kirie.prepare.layout import INDEX, POINTER, RGB, VERSION, Frame, Mode, Pointer, check_split
from kirie.prepare.resize import Box, Placement, placement, tiles
from kirie.prepare.rows import Bytes, Rows, row_digest

__all__ = ["Frame", "Mode", "Picture", "Split", "Store"]


@dataclass(frozen=True, slots=True)
class Split:
    """The rows of one split, in the order of their names.

    Attributes:
        name: train, val or test.
        names: One per row: the picture's name, in tile mode with `@x,y` of the tile's corner. Unique.
        rows_N: int64 positions in the store.
        frame: How samples became rows.
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

    def instance_ids(self, i: int) -> Bytes:
        """A memory-mapped, read-only view: uint8 (H, W), k for the row's k-th instance, 0 none, 255 ignored."""
        return self._rows.instance_ids(int(self.rows_N[i]))

    def instances(self, i: int) -> tuple[Instance, ...]:
        """The instances of a row, in order of their numbers."""
        picture = self._pictures[i]
        return picture.instances[int(self.rows_N[i]) - picture.row]

    def read(self, indices: Sequence[int] | NDArray[np.int64]) -> tuple[Bytes, Bytes]:
        """Copies: uint8 images (B, H, W, 3) and targets (B, H, W)."""
        rows_B = self._rows_of(indices)
        return self._rows.images(rows_B), self._rows.targets(rows_B)

    def read_instances(
        self, indices: Sequence[int] | NDArray[np.int64]
    ) -> tuple[Bytes, Bytes, tuple[tuple[Instance, ...], ...]]:
        """Copies: uint8 images (B, H, W, 3) and instance maps (B, H, W); and the instances of each."""
        rows_B = self._rows_of(indices)
        instances = tuple(self.instances(int(i)) for i in indices)
        return self._rows.images(rows_B), self._rows.instance_maps(rows_B), instances

    def read_targets(self, indices: Sequence[int] | NDArray[np.int64]) -> Bytes:
        """Copies: uint8 targets (B, H, W)."""
        return self._rows.targets(self._rows_of(indices))

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

    def _rows_of(self, indices: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        return self.rows_N[np.asarray(indices, dtype=np.int64)]


@dataclass(frozen=True, slots=True)
class Store:
    """An opened store; picklable, so that loader processes can have it.

    Attributes:
        path: Its folder.
        labels: The label set of its targets.
        fingerprint: Hash of its content, hexadecimal.
        frame: How samples became rows.
        mean: Of the training pixels without padding, RGB in [0, 1].
        std: Likewise; at least 1/255.
        pictures: All of them, in order of their rows.
        rows: Access to the pixels.
    """

    path: Path
    labels: LabelSet
    fingerprint: str
    frame: Frame
    mean: RGB
    std: RGB
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
        return np.array(self._counts[check_split(split)], dtype=np.int64)

    def split(self, name: str) -> Split:
        """The rows of one split.

        Raises:
            StoreError: There is no such split.
        """
        check_split(name)
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
            if row_digest(pixels) != picture.digest:
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
        record = path / POINTER
        if not record.is_file():
            raise StoreError(f"There is no store in {path}; write one with `kirie prepare --out {path}`.")
        raw = files.read_json(record, StoreError, "The store's record")
        version = raw.get("version") if isinstance(raw, dict) else None
        if version != VERSION:
            raise StoreError(
                f"The store {path} has version {version!r}, and this kirie reads version {VERSION}; "
                "prepare it again with `kirie prepare`."
            )
        try:
            pointer = Pointer.from_dict(raw, f"the store {path}")
            rows = Rows(path / pointer.folder, pointer.rows, pointer.frame.size, pointer.per_shard)
            rows.check()
            pictures = read_index(rows.folder / INDEX, pointer.index_sha256, pointer.frame, pointer.labels)
            if (held := sum(pointer.frame.rows_of(picture.size) for picture in pictures)) != pointer.rows:
                raise ValueError(f"{pointer.rows} rows, but {held} in the index")
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError, SourceError) as error:
            raise StoreError(
                f"The store {path} is damaged: its record cannot be used ({type(error).__name__}: {error}). "
                "Prepare it again with `kirie prepare`."
            ) from None
        return cls(
            path,
            pointer.labels,
            pointer.fingerprint,
            pointer.frame,
            pointer.mean,
            pointer.std,
            pictures,
            rows,
            pointer.pixel_counts,
        )
