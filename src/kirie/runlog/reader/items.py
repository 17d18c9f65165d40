"""The entries of history, summary and configuration records: a key, in one part or several, and a value.

Nearly all entries are numbers under keys that came before, so an entry is not taken apart: its bytes up to the value
(its head) are looked up in a table of the heads that were seen. The order of entries differs from record to record.
"""

from __future__ import annotations

import struct
from typing import Any

import orjson
from google.protobuf.message import DecodeError

from kirie.runlog.reader.changes import Change
from kirie.runlog.reader.messages import Item, Items
from kirie.runlog.reader.values import DEEPEST, decode

MARK = b"\x82\x01"
"""The tag of `value_json`, between an entry's key and the length of its value."""

_KEYS = b"\x0a\x12"
"""The tags of `key` and `nested_key`."""

_HEADS = 100_000
"""Heads that a table may have."""

_MOST = 100_000
"""Entries that a record may have."""

_NUMBER = 0x31
"""The tag of `number`."""

_WORDS = {b"NaN", b"Infinity", b"-Infinity"}
"""What JSON lacks, as W&B writes it in history."""

_NUMBERS = {int, float}
"""What JSON's numbers become; its true and false are none here."""


class UnreadableError(Exception):
    """Bytes that are no entry or record, or are none that can be kept."""


def items_of(content: bytes) -> Any:
    """A history, summary or configuration record, its entries still as bytes.

    Raises:
        UnreadableError: It is damaged, or has more entries than any run has keys.
    """
    try:
        found = Items.FromString(content)
    except DecodeError:
        raise UnreadableError from None
    if len(found.update) + len(found.remove) > _MOST:
        raise UnreadableError
    return found


def entry(content: bytes) -> tuple[tuple[str, ...], Any]:
    """An entry's key, in parts, and its value.

    Raises:
        UnreadableError: It is damaged, has no key, too deep a one, or a value that is no JSON.
    """
    try:
        item = Item.FromString(content)
        path = (item.key, *item.nested_key) if item.key else tuple(item.nested_key)
        if not 0 < len(path) <= DEEPEST:
            raise UnreadableError
        return path, _value(item)
    except (DecodeError, ValueError):
        raise UnreadableError from None


def _value(item: Any) -> Any:
    if item.HasField("value_json"):
        return decode(item.value_json)
    if item.HasField("json"):
        return decode(item.json)
    for name in ("number", "integer", "boolean", "text"):
        if item.HasField(name):
            return getattr(item, name)
    return None


def _number(text: bytes) -> float | None:
    if text in _WORDS:
        return float(text)
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if type(found) in _NUMBERS else None


class Heads:
    """The keys that were seen, by the bytes of an entry before its value."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self._known: dict[bytes, int] = {}
        self._numbers: dict[str, int] = {}

    def number_of(self, key: str) -> int:
        """The number of a key in `keys`, where it is added if need be."""
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.keys)
            self.keys.append(key)
        return found

    def row(self, items: list[bytes], numbers: list[int], values: list[float]) -> list[bytes]:
        """Takes the numbers out of a row.

        Args:
            items: The row's entries.
            numbers: Gets the key's number of each entry that is a number under a known head.
            values: Gets its value.

        Returns:
            The entries that are anything else.
        """
        known = self._known
        parts = [item.partition(MARK) for item in items]
        try:
            # Nearly all rows: each entry is a number under a head that was seen, after one byte of length
            keys = [known[head] for head, _, _ in parts]
            texts = [value[1:] if value and value[0] == len(value) - 1 else b"" for _, _, value in parts]
            found = orjson.loads(b"[%b]" % b",".join(texts))
            if len(found) == len(keys) and {*map(type, found)} <= _NUMBERS:
                numbers += keys
                values += found
                return []
        except (KeyError, ValueError):
            # An unknown head; no JSON, such as NaN; or another length
            pass
        left = []
        for item, (head, _, value) in zip(items, parts, strict=True):
            key = known.get(head)
            if key is not None and value:
                # A length of more than one byte, or a wrong one, is none of a number
                number = _number(value[1:]) if value[0] == len(value) - 1 else None
                if number is None:
                    left.append(item)
                else:
                    values.append(number)
                    numbers.append(key)
            elif len(item) > 9 and item[-9] == _NUMBER and (key := known.get(item[:-9])) is not None:
                values.append(struct.unpack_from("<d", item, len(item) - 8)[0])
                numbers.append(key)
            else:
                left.append(item)
        return left

    def learn(self, item: bytes, path: tuple[str, ...]) -> None:
        """Remembers an entry's head, if it is a key of one part right before the value."""
        head = item.partition(MARK)[0] if MARK in item else item[:-9]
        # Two bytes of tag and length, and the key to the end; so the mark is none within the key
        if len(path) == 1 and head[2:] == path[0].encode() and head[:1] in _KEYS and len(self._known) < _HEADS:
            self._known[head] = self.number_of(path[0])


def changes(content: bytes) -> tuple[list[Change], int]:
    """The updates and removals of a configuration record.

    Returns:
        They, in order, and how many entries cannot be read.

    Raises:
        UnreadableError: It is no such record.
    """
    items = items_of(content)
    found, bad = [], 0
    for entries, removed in ((items.update, False), (items.remove, True)):
        for item in entries:
            try:
                path, value = entry(item)
            except UnreadableError:
                bad += 1
            else:
                found.append(Change(path, None if removed else value, removed))
    return found, bad


def last_changes(contents: list[bytes]) -> tuple[list[Change], int]:
    """The changes of many summary records, of which only the last of each key counts.

    Read from the end, so that a record whose keys all came later costs no more than a look at its heads. For that
    entries that cannot be read are left out uncounted: how many there are is not known, and history has them, too.

    Returns:
        The changes, and how many records cannot be read.
    """
    found: list[Change] = []
    seen: set[bytes] = set()
    done: set[tuple[str, ...]] = set()
    bad = 0
    for content in reversed(contents):
        try:
            items = items_of(content)
        except UnreadableError:
            bad += 1
            continue
        newest: list[Change] = []
        for entries, removed in ((items.remove, True), (items.update, False)):
            if not entries or seen.issuperset([item.partition(MARK)[0] for item in entries]):
                continue
            for item in reversed(entries):
                head = item.partition(MARK)[0]
                if head in seen:
                    continue
                try:
                    path, value = entry(item)
                except UnreadableError:
                    continue
                if path not in done:
                    done.add(path)
                    newest.append(Change(path, None if removed else value, removed))
                if _is_key(head):
                    seen.add(head)
        found.extend(newest)
    found.reverse()
    return found, bad


def _is_key(head: bytes) -> bool:
    """Whether an entry's bytes before the mark are its whole key: the mark may stand within one, too."""
    at = 0
    while at + 1 < len(head):
        # Tag, length in one byte, text; longer keys are looked at one by one
        at += 2 + head[at + 1] if head[at] in _KEYS and head[at + 1] < 128 else len(head)
    return at == len(head) > 0
