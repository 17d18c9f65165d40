"""The board's speed: reading from cold, warm start, curves, memory, one very long run, one run that grows.

Writes folders of runs with `board_logs.py`, reads them into a cache of their own as `kirie board` does, and then asks
the real command. Prints one JSON object. Reading is told per second of processor time, which other work on the machine
hardly changes, and by the clock.

    python -m benchmarks.board [--runs 1000] [--steps 1000] [--metrics 20] [--many 10000] [--long 500000] [--processes]
        [--folder DIR]
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import multiprocessing
import os
import re
import resource
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.board_logs import START, begun, body, first_block, framed, history, place, summary, write_runs

from kirie.board import readers
from kirie.board.cache import Cache
from kirie.board.indexer import Indexer
from kirie.board.place import BoardPlace
from kirie.board.turn import Turn

BARS = {
    "cold_mb_per_core_s": 50,
    "warm_s": 1.5,
    "curves_20_s": 0.3,
    "memory_mib": 1024,
}


def bytes_of(folder: Path) -> int:
    """Bytes of all logs below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*.wandb"))


def indexed(folder: Path, environ: dict[str, str], *, processes: bool = False) -> dict[str, float]:
    """Reads a folder into the cache that `kirie board` would take; by default in this process alone."""
    few = readers.FEW_BYTES
    readers.FEW_BYTES = few if processes else sys.maxsize
    cache = Cache(BoardPlace.of(folder, environ).cache)
    index = Indexer(folder, cache, Turn(cache.path.with_name("index.lock")))
    began, cpu = time.perf_counter(), time.process_time()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    index.look(everywhere=True)
    took, used = time.perf_counter() - began, time.process_time() - cpu
    while multiprocessing.active_children():
        # What a process used is known when it has been waited for, which the question does
        time.sleep(0.05)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used += after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
    index.stop()
    cache.close()
    readers.FEW_BYTES = few
    size = bytes_of(folder) / 1e6
    return {
        "mb": round(size, 1),
        "s": round(took, 2),
        "mb_per_s": round(size / took, 1),
        "mb_per_core_s": round(size / used, 1),
        "cache_mb": round(sum(path.stat().st_size for path in cache.path.parent.iterdir()) / 1e6, 1),
    }


@contextlib.contextmanager
def serving(folder: Path, environ: dict[str, str]) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The real command over a folder, on a free port."""
    words = [sys.executable, "-m", "kirie", "board", str(folder), "--port", "0", "--no-browser", "--json"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, **environ})
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["address"], process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def asked(address: str, path: str, content: Any = None) -> bytes:
    """One answer."""
    data = None if content is None else json.dumps(content).encode()
    headers = {"Content-Type": "application/json"} if data else {}
    with urllib.request.urlopen(urllib.request.Request(address + path, data, headers), timeout=60) as answer:
        found: bytes = answer.read()
        return found


def timed(action: Callable[[], object], times: int = 5) -> float:
    """Seconds that something takes, the median."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        took.append(time.perf_counter() - began)
    return round(statistics.median(took), 4)


def memory_mib(process: subprocess.Popen[str]) -> float:
    """The most memory that a process had, MiB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text(encoding="ascii"))
    return round(int(found[1]) / 1024, 1) if found else float("nan")


def warm(folder: Path, environ: dict[str, str]) -> dict[str, float]:
    """From the start of the process to the whole table, the cache being there."""
    took, memory, table = [], [], []
    for _ in range(3):
        began = time.perf_counter()
        with serving(folder, environ) as (address, process):
            size = len(asked(address, "api/runs"))
            took.append(time.perf_counter() - began)
            table.append(timed(functools.partial(asked, address, "api/runs"), 3))
            memory.append(memory_mib(process))
    return {"s": round(min(took), 3), "again_s": min(table), "mb": round(size / 1e6, 2), "memory_mib": max(memory)}


def curves(folder: Path, environ: dict[str, str]) -> dict[str, float]:
    """One metric of one, 20, 100 and 1,000 runs, with 1,000 points each."""
    with serving(folder, environ) as (address, process):
        answer = json.loads(asked(address, "api/runs"))
        metric = next(entry["key"] for entry in answer["metrics"] if "metric_00" in entry["key"])
        found: dict[str, float] = {}
        for count in (1, 20, 100, 1000):
            runs = answer["ids"][:count]
            if len(runs) == count:
                question = {"series": [{"run": run, "metric": metric} for run in runs], "points": 1000}
                found[f"{count}_s"] = timed(functools.partial(asked, address, "api/curves", question))
        return found | {"memory_mib": memory_mib(process)}


def points_of(answer: bytes) -> int:
    """The points of an answer's first curve, before they were thinned."""
    (size,) = struct.unpack_from("<I", answer)
    return int(json.loads(answer[4 : 4 + size])["series"][0]["total"])


def long_run(folder: Path, environ: dict[str, str], steps: int, metrics: int) -> dict[str, float]:
    """One run with very many points, each at a step of its own: read, and opened."""
    path = place(folder, "long")
    path.parent.mkdir(parents=True)
    with path.open("wb") as stream:
        stream.write(first_block([begun("long", {})]))
        for first in range(0, steps, 20_000):
            stream.write(body(min(20_000, steps - first), metrics, 0, first=first, end=False))
            stream.write(bytes(-stream.tell() % 32768))
    found = {f"read_{key}": value for key, value in indexed(folder, environ).items()}
    with serving(folder, environ) as (address, process):
        question = {"series": [{"run": "long", "metric": "val/metric_00"}], "points": 1000}
        began = time.perf_counter()
        points = points_of(asked(address, "api/curves", question))
        found["first_curve_s"] = round(time.perf_counter() - began, 4)
        found["points"] = points * metrics
        found["curve_s"] = timed(lambda: asked(address, "api/curves", question), 3)
        found["memory_mib"] = memory_mib(process)
    return found


def growing(folder: Path, environ: dict[str, str]) -> dict[str, float]:
    """A run that is long already gets a few rows more: seconds until they are in the cache."""
    path = next(folder.rglob("*.wandb"))
    cache = Cache(BoardPlace.of(folder, environ).cache)
    index = Indexer(folder, cache, Turn(cache.path.with_name("index.lock")))
    index.look(everywhere=True)
    row = {f"val/metric_{at:02}": 0.5 for at in range(0, 20, 2)} | {"_step": 10**7, "_timestamp": START}
    took = []
    for at in range(5):
        with path.open("ab") as stream:
            stream.write(framed([history(row | {"_step": 10**7 + at}, at), summary(row)], path.stat().st_size))
        began = time.perf_counter()
        index.look(everywhere=True)
        took.append(time.perf_counter() - began)
    index.stop()
    cache.close()
    return {"log_mb": round(path.stat().st_size / 1e6, 1), "s": round(statistics.median(took), 4)}


def main() -> None:
    """Writes, reads, asks and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--metrics", type=int, default=20)
    parser.add_argument("--many", type=int, default=10000, help="runs of 10 steps, for the table")
    parser.add_argument("--long", type=int, default=500_000, help="steps of the one long run")
    parser.add_argument("--processes", action="store_true", help="read as the command does, on all cores")
    parser.add_argument("--folder", type=Path, help="where the logs are written and removed (a temporary folder)")
    parser.add_argument("--json", action="store_true", help="taken for its habit: the result is JSON anyway")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        root = Path(name)
        environ = {"XDG_CACHE_HOME": str(root / "cache"), "XDG_DATA_HOME": str(root / "data")}
        found: dict[str, Any] = {"benchmark": "board", "load": round(os.getloadavg()[0], 1), "cores": os.cpu_count()}
        if options.runs:
            write_runs(root / "runs", options.runs, options.steps, options.metrics)
            found["cold"] = indexed(root / "runs", environ, processes=options.processes)
            found["warm"] = warm(root / "runs", environ)
            found["curves"] = curves(root / "runs", environ)
        if options.many:
            write_runs(root / "many", options.many, 10, options.metrics)
            found["many_cold"] = indexed(root / "many", environ)
            found["many_warm"] = warm(root / "many", environ)
        if options.long:
            found["long"] = long_run(root / "long", environ, options.long, options.metrics)
            found["growing"] = growing(root / "long", environ)
        found["bars"] = BARS
    print(json.dumps(found))


if __name__ == "__main__":
    main()
