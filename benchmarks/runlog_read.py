"""How fast W&B's logs are read: the frame alone, and as columns of numbers with configuration and summary.

Writes logs of runs with --steps rows of --metrics metrics as wandb does (a row, its summary, W&B's own runtime; the
entries in changing order), reads them in turns from warm files on one core, and prints one JSON object: MB of log per
second of this process's time, the best round of each; the bar is for columns.

    python benchmarks/runlog_read.py [--runs 10] [--steps 1000] [--metrics 20] [--rounds 5] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import struct
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from kirie.runlog.reader.framing import BLOCK, HEADER, read_records
from kirie.runlog.reader.messages import Item, Items, Record
from kirie.runlog.reader.tail import Tail

BAR = 50.0


def write(path: Path, steps: int, metrics: int, seed: int) -> None:
    """Writes a run's log."""
    draw = random.Random(seed)
    log = bytearray(HEADER)
    for step in range(steps):
        row = {f"train/metric_{number}": draw.random() for number in range(metrics)}
        row |= {"epoch": step // 100, "trainer/global_step": step, "_step": step}
        row |= {"_timestamp": 1.79e9 + step / 7, "_runtime": step / 7}
        runtime = Item(nested_key=["_wandb", "runtime"], value_json=str(step // 7).encode()).SerializeToString()
        _append(log, Record(summary=Items(update=[runtime]).SerializeToString()).SerializeToString())
        for kind in ("summary", "history"):
            keys = draw.sample(sorted(row), len(row))
            items = [Item(nested_key=[key], value_json=json.dumps(row[key]).encode()) for key in keys]
            content = Items(update=[item.SerializeToString() for item in items]).SerializeToString()
            _append(log, Record(**{kind: content}).SerializeToString())
    path.write_bytes(log)


def _append(log: bytearray, record: bytes) -> None:
    first = True
    while True:
        room = BLOCK - len(log) % BLOCK
        if room < 7:
            log += bytes(room)
            continue
        piece, record = record[: room - 7], record[room - 7 :]
        kind = (1 if first else 4) if not record else 2 if first else 3
        log += struct.pack("<IHB", zlib.crc32(bytes([kind]) + piece), len(piece), kind) + piece
        first = False
        if not record:
            return


def frames(path: Path) -> None:
    """Reads the frame alone."""
    for _ in read_records(path):
        pass


def columns(path: Path) -> None:
    """Reads columns, configuration and summary."""
    tail = Tail(path)
    while tail.read().more:
        pass


def speed(read: Callable[[Path], None], paths: list[Path]) -> float:
    """MB of log per second."""
    size = sum(path.stat().st_size for path in paths) / 1e6
    began = time.process_time()
    for path in paths:
        read(path)
    return size / (time.process_time() - began)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, number in (("runs", 10), ("steps", 1000), ("metrics", 20), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--json", action="store_true", help="as it is anyway: one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"run-{number}.wandb" for number in range(options.runs)]
        for number, path in enumerate(paths):
            write(path, options.steps, options.metrics, number)
        found: dict[str, float] = {"frames": 0.0, "columns": 0.0}
        for _ in range(options.rounds):
            for name, read in (("frames", frames), ("columns", columns)):
                found[name] = max(found[name], speed(read, paths))
        megabytes = sum(path.stat().st_size for path in paths) / 1e6
    print(json.dumps({"log_mb": round(megabytes, 1), **{f"{name}_mb_per_s": round(of, 1) for name, of in found.items()},
                      "bar_mb_per_s": BAR, "meets": found["columns"] >= BAR}))  # fmt: skip


if __name__ == "__main__":
    main()
