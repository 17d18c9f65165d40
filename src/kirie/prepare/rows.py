"""The pixels of a store: raw uint8 files of equal rows, read through memory maps, written by appending.

A row is one frame: an image (H, W, 3), its target (H, W) and its instance map (H, W). Rows lie in shards of `per_shard`
rows, each kind in files of its own: `images-0000.u8`, `targets-0000.u8`, `instances-0000.u8`. There are no headers;
shape and number of rows decide what every file's size must be, and opening compares only that.

Shapes: H, W the frame; B rows asked for.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kirie.core import files
from kirie.errors import DeviceError, StoreError

SHARD_BYTES = 256 * 2**20
"""Largest size of a shard of images; a row that is larger gets a shard of its own."""

Bytes = NDArray[np.uint8]
_KINDS = ("images", "targets", "instances")


class Pixels(NamedTuple):
    """Rows of each kind, uint8.

    Attributes:
        images_BHWC: RGB, (B, H, W, 3).
        targets_BHW: Label ids, IGNORE.
        instances_BHW: Numbers of instances, 0 for none, IGNORE.
    """

    images_BHWC: Bytes
    targets_BHW: Bytes
    instances_BHW: Bytes


def rows_per_shard(size: tuple[int, int]) -> int:
    """How many rows of this frame size go into one shard."""
    return max(1, SHARD_BYTES // (size[0] * size[1] * 3))


def row_digest(pixels: Pixels) -> str:
    """SHA-256 of rows, hexadecimal: images first, then targets, then instance maps."""
    found = hashlib.sha256()
    for kind in pixels:
        found.update(np.ascontiguousarray(kind).data)
    return found.hexdigest()


@dataclass(slots=True)
class Rows:
    """Read access to the rows of a folder. Maps are opened on use, and again in a process it is sent to.

    Attributes:
        folder: Where the shards lie.
        count: How many rows there are.
        size: Height and width of a row.
        per_shard: Rows in every shard but the last.
    """

    folder: Path
    count: int
    size: tuple[int, int]
    per_shard: int
    _maps: dict[tuple[str, int], Bytes] = field(default_factory=dict, repr=False, compare=False)

    def __getstate__(self) -> tuple[Path, int, tuple[int, int], int]:
        # A memory map pickles as a copy of all its bytes
        return self.folder, self.count, self.size, self.per_shard

    def __setstate__(self, state: tuple[Path, int, tuple[int, int], int]) -> None:
        self.folder, self.count, self.size, self.per_shard = state
        self._maps = {}

    def check(self) -> None:
        """Compares every shard's size with what it must be, without reading it.

        Raises:
            StoreError: A shard is missing, cut off or too long.
        """
        for shard in range(-(-self.count // self.per_shard)):
            for kind in _KINDS:
                path = shard_path(self.folder, kind, shard)
                wanted = self._held(shard) * row_bytes(kind, self.size)
                found = path.stat().st_size if path.is_file() else None
                if found != wanted:
                    state = "is missing" if found is None else f"has {found:,} bytes instead of {wanted:,}"
                    raise StoreError(
                        f"The store is damaged: {path} {state}. Prepare it again with `kirie prepare`, "
                        "or get it again with `dvc pull`."
                    )

    def image(self, row: int) -> Bytes:
        """A row's image: a read-only view, uint8 of shape (H, W, 3)."""
        return self._view("images", row)

    def target(self, row: int) -> Bytes:
        """A row's target: a read-only view, uint8 of shape (H, W)."""
        return self._view("targets", row)

    def instance_ids(self, row: int) -> Bytes:
        """A row's instance map: a read-only view, uint8 of shape (H, W)."""
        return self._view("instances", row)

    def images(self, rows: Sequence[int] | NDArray[np.int64]) -> Bytes:
        """Copies of rows' images: uint8 (B, H, W, 3)."""
        return self._copied("images", rows)

    def targets(self, rows: Sequence[int] | NDArray[np.int64]) -> Bytes:
        """Copies of rows' targets: uint8 (B, H, W)."""
        return self._copied("targets", rows)

    def instance_maps(self, rows: Sequence[int] | NDArray[np.int64]) -> Bytes:
        """Copies of rows' instance maps: uint8 (B, H, W)."""
        return self._copied("instances", rows)

    def load(self, first: int, count: int) -> Pixels:
        """Neighbouring rows by plain reading, so that a pass over a whole store leaves no mapped pages behind.

        Raises:
            StoreError: The files hold fewer rows.
        """
        parts: dict[str, list[Bytes]] = {kind: [] for kind in _KINDS}
        for kind, found in parts.items():
            row = first
            while row < first + count:
                shard, within = divmod(row, self.per_shard)
                here = min(first + count - row, self.per_shard - within)
                length = row_bytes(kind, self.size)
                try:
                    with shard_path(self.folder, kind, shard).open("rb") as stream:
                        stream.seek(within * length)
                        content = stream.read(here * length)
                except OSError as error:
                    raise StoreError(f"The store is damaged: {error}. Prepare it again.") from None
                if len(content) != here * length:
                    raise StoreError(f"The store is damaged: {shard_path(self.folder, kind, shard)} ends too early.")
                found.append(np.frombuffer(content, dtype=np.uint8).reshape(here, *_shape(kind, self.size)))
                row += here
        return Pixels(*(np.concatenate(parts[kind]) for kind in _KINDS))

    def _copied(self, kind: str, rows: Sequence[int] | NDArray[np.int64]) -> Bytes:
        copies_BHW = np.empty((len(rows), *_shape(kind, self.size)), dtype=np.uint8)
        for at, row in enumerate(rows):
            copies_BHW[at] = self._view(kind, int(row))
        return copies_BHW

    def _held(self, shard: int) -> int:
        return min(self.per_shard, self.count - shard * self.per_shard)

    def _view(self, kind: str, row: int) -> Bytes:
        if not 0 <= row < self.count:
            raise IndexError(f"row {row} of {self.count}")
        shard, within = divmod(row, self.per_shard)
        found = self._maps.get((kind, shard))
        if found is None:
            path = shard_path(self.folder, kind, shard)
            try:
                mapped = np.memmap(path, np.uint8, "r", shape=(self._held(shard), *_shape(kind, self.size)))
            except (OSError, ValueError) as error:
                raise StoreError(
                    f"The store's file {path} cannot be opened ({error}); it was replaced or damaged since the store "
                    "was opened. Start again."
                ) from None
            found = self._maps[kind, shard] = mapped.view(np.ndarray)
        view: Bytes = found[within]
        return view


class RowWriter:
    """Appends rows to the shards of a folder, beginning at any row.

    Use it as a context; what was written is on the disk after `sync`.
    """

    def __init__(self, folder: Path, size: tuple[int, int], per_shard: int, count: int = 0) -> None:
        """Opens a folder for appending.

        Args:
            folder: Where the shards lie.
            size: Height and width of a row.
            per_shard: Rows in every shard.
            count: Rows to keep; whatever lies behind them is cut off.
        """
        self.folder, self.size, self.per_shard, self.count = folder, size, per_shard, count
        self._open: dict[str, tuple[int, IO[bytes]]] = {}
        for kind in _KINDS:
            for path in folder.glob(f"{kind}-*.u8"):
                keep = min(max(count - _number(path) * per_shard, 0), per_shard) * row_bytes(kind, size)
                if keep == 0:
                    path.unlink()
                else:
                    os.truncate(path, keep)

    def __enter__(self) -> RowWriter:
        return self

    def __exit__(self, *_: object) -> None:
        for _shard, stream in self._open.values():
            stream.close()
        self._open.clear()

    def append(self, images_BHWC: Bytes, targets_BHW: Bytes, instances_BHW: Bytes | None = None) -> None:
        """Adds rows, uint8 of shapes (B, H, W, 3), (B, H, W) and (B, H, W); without instance maps, rows of none.

        Raises:
            DeviceError: The disk is full.
        """
        if instances_BHW is None:
            instances_BHW = np.zeros_like(targets_BHW)
        for row in zip(images_BHWC, targets_BHW, instances_BHW, strict=True):
            for kind, content in zip(_KINDS, row, strict=True):
                if content.shape != _shape(kind, self.size) or content.dtype != np.uint8:
                    raise ValueError(f"a row of {content.dtype} {content.shape} in a store of {self.size}")
                with filling(self.folder):
                    stream, rest = self._stream(kind), np.ascontiguousarray(content).data.cast("B")
                    while rest:
                        # A disk that is nearly full takes a part and refuses the next
                        rest = rest[stream.write(rest) :]
            self.count += 1

    def sync(self) -> None:
        """Brings all shards to the disk.

        Raises:
            DeviceError: The disk is full.
        """
        with filling(self.folder):
            self.__exit__()
            for path in sorted(self.folder.glob("*.u8")):
                with path.open("rb") as stream:
                    os.fsync(stream.fileno())

    def _stream(self, kind: str) -> IO[bytes]:
        shard = self.count // self.per_shard
        current = self._open.get(kind)
        if current is None or current[0] != shard:
            if current is not None:
                current[1].close()
            # Unbuffered: what the journal says is written has left this process
            stream = shard_path(self.folder, kind, shard).open("ab", buffering=0)
            current = self._open[kind] = (shard, stream)
        return current[1]


@contextlib.contextmanager
def filling(folder: Path) -> Iterator[None]:
    """Turns a full disk into a sentence, for files that are kept to go on from.

    Raises:
        DeviceError: There is no space, a limit on file sizes is reached, or writing is not permitted.
    """
    with files.disk_errors(folder):
        try:
            yield
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise
            raise DeviceError(
                f"The disk that holds {folder} is full ({error.strerror}). What is finished is kept there, and the "
                "store as it was before is untouched; free space and repeat the command to go on."
            ) from error


def shard_path(folder: Path, kind: str, shard: int) -> Path:
    """A shard's file."""
    return folder / f"{kind}-{shard:04d}.u8"


def row_bytes(kind: str, size: tuple[int, int]) -> int:
    """Bytes of one row in a file of this kind."""
    return size[0] * size[1] * (3 if kind == "images" else 1)


def _shape(kind: str, size: tuple[int, int]) -> tuple[int, ...]:
    return (*size, 3) if kind == "images" else size


def _number(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])
