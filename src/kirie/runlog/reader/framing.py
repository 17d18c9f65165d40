"""The frame of W&B's `.wandb` files: a short header, then records in blocks of 32 KiB, each piece with a checksum.

It is the log format of LevelDB: a piece is a CRC-32 (4 bytes), a length (2), a kind (1) and the bytes; a record that
does not fit a block goes on in the next one, and a block's last few bytes stay empty if no piece fits them. The
checksum covers the kind and the bytes.

A damaged piece is stepped over as long as its length can be believed; else the rest of its block is given up, and
reading goes on with the next one. What a writer that lives may complete is waited for: in the last, unfinished block a
piece that goes on behind the file's end, and near that end one with a page of zeros, which is how a shared file system
shows what a writer on another machine has not sent. The same zeros are what a power cut leaves, so that of a file that
has not grown for long nothing is waited for, and its last block is searched for the next sound piece.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

HEADER = struct.pack("<4sHB", b":W&B", 0xBEE1, 0)
"""What every log begins with: a name, a magic number and the version of the frame."""

BLOCK = 32768

MOST = 8 << 20
"""Bytes that a record may have. A longer one is stepped over, so that hostile lengths cost no memory."""

_PIECE = struct.Struct("<IHB")
_AHEAD = 32 * BLOCK
"""Bytes that are read at once."""
_PAGE = 4096
"""What a file system writes at once, at the least."""
_NEAR = 1 << 20
"""Bytes before the file's end among which pages may not have been sent yet."""
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


@dataclass(slots=True)
class Frames:
    """A place in a log, and what was stepped over before it.

    Attributes:
        offset: Where the first record that was not given yet begins, in bytes from the file's start.
        blocks: Damaged blocks that were given up from the damage on.
        broken: Records that are damaged, lack a piece, or are too long.
        torn: Whether bytes follow that make no whole record yet.
        foreign: Whether the file is no log at all.
        waits: Whether some of them look damaged, which is not judged before the file is settled.
    """

    offset: int = 0
    blocks: int = 0
    broken: int = 0
    torn: bool = False
    foreign: bool = False
    waits: bool = False

    def records(self, stream: BinaryIO, *, settled: bool = False) -> Iterator[bytes]:
        """Gives the records from `offset` on, and moves it on with each.

        Args:
            stream: The open file; where it stands does not matter.
            settled: Whether nobody writes it any more.

        Raises:
            OSError: The file cannot be read.
        """
        self.torn = self.waits = False
        if self.offset < len(HEADER) and not self._enter(stream):
            return
        start = self.offset - self.offset % BLOCK
        near = stream.seek(0, os.SEEK_END) - _NEAR
        stream.seek(start)
        at = self.offset - start
        pieces: list[bytes] = []
        length, wanted = 0, False
        unpack, head, crc32 = _PIECE.unpack_from, _PIECE.size, zlib.crc32
        while content := stream.read(_AHEAD):
            for low in range(0, len(content), BLOCK):
                high = min(low + BLOCK, len(content))
                at = max(at, low)
                while at + head <= high:
                    checksum, size, kind = unpack(content, at)
                    body, end = at + head, at + head + size
                    # The kind is the last byte of the head, so that the checksum goes over bytes that lie together
                    if end > high or crc32(content[body - 1 : end]) != checksum or not _WHOLE <= kind <= _LAST:
                        known = end <= high and _WHOLE <= kind <= _LAST
                        last = high - low < BLOCK
                        zeros = start + end > near and _unwritten(content, at, min(end, high))
                        if not settled and (zeros or last and not known):
                            self.torn = self.waits = True
                            return
                        if not known:
                            end = _next(content, at + 1, high) if last else high
                            if last and end == high:
                                self.torn = True
                                return
                        # A piece of a record that was begun is of that record
                        self.broken += known + (wanted and (not known or kind <= _FIRST))
                        self.blocks += not known
                        at, wanted = end, False
                        self.offset = start + at
                        continue
                    at = end
                    if kind <= _FIRST:
                        # What was begun before has no end
                        self.broken += wanted
                        self.offset = start + body - head
                        pieces, length, wanted = [], 0, True
                    elif not wanted:
                        # Its beginning was given up
                        self.offset = start + end
                        continue
                    length += size
                    if length > MOST:
                        self.broken += 1
                        wanted, pieces = False, []
                        self.offset = start + end
                        continue
                    pieces.append(content[body:end])
                    if kind in (_WHOLE, _LAST):
                        wanted = False
                        self.offset = start + end
                        yield pieces[0] if kind == _WHOLE else b"".join(pieces)
                if high - low < BLOCK and at < high:
                    self.torn = True
            if len(content) < _AHEAD:
                break
            start, at = start + len(content), 0
        self.torn |= wanted

    def _enter(self, stream: BinaryIO) -> bool:
        stream.seek(0)
        found = stream.read(len(HEADER))
        self.foreign = not HEADER.startswith(found)
        self.torn = not self.foreign and 0 < len(found) < len(HEADER)
        if found != HEADER:
            return False
        self.offset = len(HEADER)
        return True


def _unwritten(content: bytes, low: int, high: int) -> bool:
    """Whether all that a page has of these bytes are zeros."""
    cuts = [low, *range(low - low % _PAGE + _PAGE, high, _PAGE), high]
    return any(not any(content[begin:end]) for begin, end in pairwise(cuts))


def _next(content: bytes, low: int, high: int) -> int:
    """Where the first piece lies that begins a record and is sound; `high` if there is none."""
    for at in range(low, high - _PIECE.size + 1):
        if content[at + 6] in (_WHOLE, _FIRST):
            checksum, size, _ = _PIECE.unpack_from(content, at)
            end = at + _PIECE.size + size
            if end <= high and zlib.crc32(content[at + 6 : end]) == checksum:
                return at
    return high


def read_records(path: Path) -> Iterator[bytes]:
    """Gives the records of a file that can be read; none of a file that is no log (an empty one, say).

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as stream:
        yield from Frames().records(stream)
