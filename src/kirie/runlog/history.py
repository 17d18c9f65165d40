"""The rows of W&B's `.wandb` files, read without W&B: a record is a protobuf message, of which a few fields count.

The numbers are those of W&B's wandb_internal.proto: Record.history = 2, HistoryRecord.item = 1, HistoryItem.key = 1,
.nested_key = 2, .value_json = 16. A format of this kind may gain fields, and never changes the number of one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kirie.runlog.framing import read_records

_HISTORY, _ITEM, _KEY, _NESTED_KEY, _VALUE = 2, 1, 1, 2, 16
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Gives the rows that a file holds, metric by value, up to its end or to where a crash tore it."""
    for record in read_records(path):
        for number, history in _fields(record):
            if number == _HISTORY:
                yield dict(_item(item) for number, item in _fields(history) if number == _ITEM)


def _item(content: bytes) -> tuple[str, Any]:
    key: list[str] = []
    value = b"null"
    for number, field in _fields(content):
        if number in {_KEY, _NESTED_KEY}:
            key.append(field.decode())
        elif number == _VALUE:
            value = field
    return "/".join(key), json.loads(value)


def _fields(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of a message that have a length (texts, bytes, messages), by number; the others are stepped over."""
    at = 0
    while at < len(content):
        tag, at = _varint(content, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            _, at = _varint(content, at)
        elif kind == _LENGTH:
            length, at = _varint(content, at)
            yield number, content[at : at + length]
            at += length
        elif kind in {_EIGHT_BYTES, _FOUR_BYTES}:
            at += 8 if kind == _EIGHT_BYTES else 4
        else:
            # A kind that this format has not: nothing after it can be told apart
            return


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(content):
        byte = content[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            break
    return value, at
