"""A log's rows of history as plain dicts, for those who want a few; `Tail` gives columns, many times as fast."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from kirie.runlog.reader.changes import Change, apply
from kirie.runlog.reader.framing import read_records
from kirie.runlog.reader.items import UnreadableError, entry, items_of
from kirie.runlog.reader.messages import Record
from kirie.runlog.reader.values import flat


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Gives the rows that a log holds, metric by value, W&B's own (`_...`) too; what cannot be read is left out.

    Raises:
        OSError: The log cannot be read.
    """
    for content in read_records(path):
        try:
            record = Record.FromString(content)
            if record.HasField("history"):
                yield _row(items_of(record.history).update)
        except (DecodeError, UnreadableError):
            continue


def _row(items: list[bytes]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for item in items:
        try:
            path, value = entry(item)
        except UnreadableError:
            continue
        apply([Change(path, value)], nested)
    return dict(flat(nested))
