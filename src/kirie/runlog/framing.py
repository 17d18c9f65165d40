"""The frame of W&B's `.wandb` files: a short header, then records in blocks of 32 KiB, each piece with a checksum.

It is the log format of LevelDB: a piece is a CRC-32 (4 bytes), a length (2), a kind (1) and the bytes; a record that
does not fit a block goes on in the next one, and a block's last few bytes stay empty if no piece fits them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

_HEADER = struct.Struct("<4sHB")
_IDENT, _MAGIC, _VERSION = b":W&B", 0xBEE1, 0
_PIECE = struct.Struct("<IHB")
_BLOCK = 32768
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


def read_records(path: Path) -> Iterator[bytes]:
    """Gives the records of a file, up to its end or to where a crash tore it.

    A file that is not framed like this (an empty one, say: W&B was killed before its first write) has no records.
    """
    with path.open("rb") as stream:
        block = stream.read(_BLOCK)
        if len(block) < _HEADER.size or _HEADER.unpack_from(block) != (_IDENT, _MAGIC, _VERSION):
            return
        at, pieces = _HEADER.size, b""
        while block:
            while at + _PIECE.size <= len(block):
                checksum, length, kind = _PIECE.unpack_from(block, at)
                body = block[at + _PIECE.size : at + _PIECE.size + length]
                if len(body) < length or zlib.crc32(body, zlib.crc32(bytes([kind]))) != checksum:
                    return
                pieces = body if kind in {_WHOLE, _FIRST} else pieces + body
                if kind in {_WHOLE, _LAST}:
                    yield pieces
                elif kind not in {_FIRST, _MIDDLE}:
                    return
                at += _PIECE.size + length
            if len(block) < _BLOCK:
                return
            block, at = stream.read(_BLOCK), 0
