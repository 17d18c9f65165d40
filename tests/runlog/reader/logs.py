"""Logs made for tests: any records in W&B's frame, and records of the kinds that a run has."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kirie.runlog.reader.messages import Exit, Item, Items, Output, Record, Run, Stats

HEADER = b":W&B" + struct.pack("<HB", 0xBEE1, 0)
BLOCK = 32768
STEP = "trainer/global_step"


def frame(records: Iterable[bytes]) -> bytes:
    """A whole log with these records, as LevelDB frames them."""
    log = bytearray(HEADER)
    for record in records:
        at, first = 0, True
        while True:
            room = BLOCK - len(log) % BLOCK
            if room < 7:
                log += bytes(room)
                continue
            piece = record[at : at + room - 7]
            at += len(piece)
            last = at == len(record)
            kind = 1 if first and last else 2 if first else 4 if last else 3
            log += struct.pack("<IHB", zlib.crc32(bytes([kind]) + piece), len(piece), kind) + piece
            first = False
            if last:
                break
    return bytes(log)


def items(values: Mapping[Any, Any], *, old: bool = False) -> list[bytes]:
    """Entries; a key that is a tuple is nested, bytes are a value's text as it is to stand there."""
    found = []
    for key, value in values.items():
        text = value if isinstance(value, bytes) else json.dumps(value).encode()
        parts = key if isinstance(key, tuple) else (key,)
        names = {"key": parts[0]} if old else {"nested_key": parts}
        found.append(Item(**names, value_json=text).SerializeToString())
    return found


def history(row: Mapping[Any, Any], *, old: bool = False) -> bytes:
    """A row of history."""
    return record(history=Items(update=items(row, old=old)).SerializeToString())


def config(values: Mapping[Any, Any], removed: Iterable[str] = ()) -> bytes:
    """A change of the configuration."""
    return record(config=changes(values, removed))


def summary(values: Mapping[Any, Any], removed: Iterable[str] = ()) -> bytes:
    """A change of the summary."""
    return record(summary=changes(values, removed))


def changes(values: Mapping[Any, Any], removed: Iterable[str] = ()) -> bytes:
    """Updates and removals."""
    gone = [Item(key=key).SerializeToString() for key in removed]
    return bytes(Items(update=items(values), remove=gone).SerializeToString())


def run(**said: Any) -> bytes:
    """The record that says whose run it is; `started` in Unix seconds."""
    message = Run(**{name: value for name, value in said.items() if name != "started"})
    if "started" in said:
        message.start_time.seconds = said["started"]
    return record(run=message.SerializeToString())


def exit_(code: int, runtime: int = 0) -> bytes:
    """An exit."""
    return record(exit=Exit(exit_code=code, runtime=runtime).SerializeToString())


def output(line: str) -> bytes:
    """Printed text."""
    return record(output_raw=Output(line=line).SerializeToString())


def stats(seconds: int, values: Mapping[str, float]) -> bytes:
    """A sample of the system's metrics."""
    message = Stats()
    message.time.seconds = seconds
    for key, value in values.items():
        message.item.add(key=key, value_json=json.dumps(value).encode())
    return record(stats=message.SerializeToString())


def record(**kind: bytes) -> bytes:
    """A record."""
    return bytes(Record(**kind).SerializeToString())


def write(root: Path, records: Iterable[bytes], *, id_: str = "run00001", stamp: str = "20260101_000000") -> Path:
    """Writes a run's segment below `root/wandb`; gives the log."""
    path = root / "wandb" / f"offline-run-{stamp}-{id_}" / f"run-{id_}.wandb"
    path.parent.mkdir(parents=True)
    path.write_bytes(frame(records))
    return path
