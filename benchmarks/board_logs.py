"""Writes folders of runs as W&B writes them (`.wandb` logs), many and fast, for measuring the board and for its tests.

The first 32 KiB block of a log holds what differs between runs (id, name, configuration), filled up to its end; the
blocks after it are made once for each of a few shapes of curves and copied, so that a folder is written as fast as the
disk takes it. Each row is followed by its summary delta, as in real logs: half of the bytes.

    python benchmarks/board_logs.py FOLDER [--runs 1000] [--steps 1000] [--metrics 20] [--shapes 4]
"""

from __future__ import annotations

import argparse
import json
import math
import random
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

BLOCK = 32768
HEADER = struct.pack("<4sHB", b":W&B", 0xBEE1, 0)
START = 1_790_000_000.0
"""Seconds since 1970 at which the first run starts."""

_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_PIECE = 7


def varint(number: int) -> bytes:
    """A number as protobuf writes it."""
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


def field(number: int, content: bytes | str | int) -> bytes:
    """A field: text, bytes and messages with their length, whole numbers without."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    body = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(body)) + body


def items(number: int, values: Mapping[str, Any], key: int = 2) -> bytes:
    """Items of a history, summary (nested keys: 2) or configuration (keys: 1)."""
    return b"".join(field(number, field(key, name) + field(16, json.dumps(value))) for name, value in values.items())


def history(row: Mapping[str, Any], step: int) -> bytes:
    """A record of a row."""
    return field(2, items(1, row) + field(2, field(1, step)))


def summary(row: Mapping[str, Any]) -> bytes:
    """A record of a summary's delta."""
    return field(3, items(1, row))


def stats(values: Mapping[str, Any], seconds: float) -> bytes:
    """A record of system metrics."""
    return field(7, field(2, field(1, int(seconds))) + items(3, values, key=1))


def output(line: str) -> bytes:
    """A record of a line that the run printed."""
    return field(13, field(1, 1) + field(3, line))


def ended(code: int = 0) -> bytes:
    """The record of a run's end."""
    return field(18, field(1, code) + field(2, 60))


def begun(
    run_id: str,
    config: Mapping[str, Any],
    *,
    name: str = "",
    project: str = "synthetic",
    group: str = "",
    tags: Sequence[str] = (),
    started: float = START,
) -> bytes:
    """The record that names a run."""
    when = field(17, field(1, int(started)))
    words = b"".join(field(10, tag) for tag in tags)
    rest = field(3, project) + field(4, items(1, config, key=1)) + (field(6, group) if group else b"")
    return field(17, field(1, run_id) + rest + field(8, name or run_id) + words + field(13, "synthetic-host") + when)


def framed(records: Iterable[bytes], at: int) -> bytes:
    """Records in pieces, for a place `at` of a file."""
    out = bytearray()
    for record in records:
        begun_yet, rest = False, record
        while True:
            room = BLOCK - (at + len(out)) % BLOCK
            if room < _PIECE:
                out += bytes(room)
                continue
            part, rest = rest[: room - _PIECE], rest[room - _PIECE :]
            kind = (_MIDDLE if rest else _LAST) if begun_yet else (_FIRST if rest else _WHOLE)
            out += struct.pack("<IHB", zlib.crc32(part, zlib.crc32(bytes([kind]))), len(part), kind) + part
            begun_yet = True
            if not rest:
                break
    return bytes(out)


def log_of(records: Iterable[bytes]) -> bytes:
    """A whole log."""
    return HEADER + framed(records, len(HEADER))


def place(folder: Path, run_id: str, started: float = START, *, offline: bool = True) -> Path:
    """Where W&B puts a run's log."""
    import time

    stamp = time.strftime("%Y%m%d_%H%M%S", time.gmtime(started))
    kind = "offline-run" if offline else "run"
    return folder / "wandb" / f"{kind}-{stamp}-{run_id}" / f"run-{run_id}.wandb"


def rows(steps: int, metrics: int, seed: int, first: int = 0) -> Iterable[dict[str, Any]]:
    """Rows of curves that fall and rise like a training's."""
    draw = random.Random(seed)
    rates = [draw.uniform(0.5, 3) for _ in range(metrics)]
    for step in range(first, first + steps):
        done = step / max(1, first + steps)
        row: dict[str, Any] = {
            f"{'train' if at % 2 else 'val'}/metric_{at:02}": math.exp(-rate * done) + draw.gauss(0, 0.02)
            for at, rate in enumerate(rates)
        }
        yield row | {"epoch": step // 10, "_step": step, "_runtime": step * 0.5, "_timestamp": START + step * 0.5}


def body(steps: int, metrics: int, seed: int, *, first: int = 0, end: bool = True) -> bytes:
    """The blocks after the first one, with rows from step `first` on."""
    records = [
        record
        for step, row in enumerate(rows(steps, metrics, seed, first), first)
        for record in (history(row, step), summary(row))
    ]
    return framed([*records, ended()] if end else records, 0)


def first_block(records: Sequence[bytes]) -> bytes:
    """A first block, filled up with a line of output."""
    found = log_of(records)
    room = BLOCK - len(found) - _PIECE
    filler = next(line for n in range(room, 0, -1) if len(line := output(" " * n)) <= room)
    # A block's last few bytes, where no piece fits, stay empty
    return (found + framed([filler], len(found))).ljust(BLOCK, b"\0")


def config_of(number: int) -> dict[str, Any]:
    """A configuration such as a sweep makes."""
    draw = random.Random(number)
    return {
        "model": {"name": draw.choice(["unet", "fpn", "segformer", "deeplabv3"]), "encoder": "tu-resnet18"},
        "optimizer": {"name": "adamw", "lr": 10 ** draw.uniform(-4, -2), "weight_decay": draw.choice([0, 0.01])},
        "train": {"epochs": 100, "batch_size": draw.choice([8, 16, 32])},
        "seed": number % 5,
        "sweep": f"sweep-{number // 200}",
    }


def write_runs(folder: Path, runs: int, steps: int, metrics: int, shapes: int = 4) -> int:
    """Writes a folder of finished runs.

    Returns:
        Bytes of all logs.
    """
    bodies = [body(steps, metrics, seed) for seed in range(min(shapes, runs))]
    total = 0
    for number in range(runs):
        run_id, started = f"s{number:07}", START + 60 * number
        path = place(folder / f"{number // 1000:03}", run_id, started)
        path.parent.mkdir(parents=True)
        head = first_block(
            [begun(run_id, config_of(number), name=f"run {number}", group=f"group-{number // 5}", started=started)]
        )
        content = head + bodies[number % len(bodies)]
        path.write_bytes(content)
        total += len(content)
    return total


def main() -> None:
    """Writes and tells how much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--metrics", type=int, default=20)
    parser.add_argument("--shapes", type=int, default=4)
    options = parser.parse_args()
    written = write_runs(options.folder, options.runs, options.steps, options.metrics, options.shapes)
    print(json.dumps({"runs": options.runs, "bytes": written, "bytes_a_run": written // options.runs}))


if __name__ == "__main__":
    main()
