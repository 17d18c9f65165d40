"""The store's loader against decoding PNG pictures and masks with a torch DataLoader of equal workers.

Draws starter characters, prepares a store, and writes the very same pixels as PNG files (picture and mask, Pillow's
defaults). Both sides then give shuffled batches of the same uint8 tensors, from warm files, in turns so that other
work on the machine disturbs both. Our workers are threads, theirs processes. Prints one JSON object; `ratio` is ours
over theirs in images a second, the least over the numbers of workers; the bar is 10.

    python benchmarks/loader.py [--count 240] [--size 256] [--batch 16] [--workers 0,1,2] [--rounds 5] [--seconds 2]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from kirie.data.loader import TrainLoader
from kirie.data.order import TrainOrder
from kirie.prepare.store import Split, Store

BAR = 10.0


class Files(Dataset[dict[str, Any]]):
    """Pictures and masks as PNG files, decoded one by one."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folder, self._count = folder, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at: int) -> dict[str, Any]:
        with Image.open(self._folder / f"{at}.png") as picture:
            image_HWC = np.array(picture.convert("RGB"))
        with Image.open(self._folder / f"{at}.mask.png") as mask:
            target_HW = np.array(mask)
        return {"image": torch.from_numpy(image_HWC), "target": torch.from_numpy(target_HW), "index": at}


def write_files(split: Split, folder: Path) -> int:
    """Writes a split as PNG files; gives their bytes."""
    folder.mkdir()
    for at in range(len(split)):
        Image.fromarray(split.image(at)).save(folder / f"{at}.png")
        Image.fromarray(split.target(at)).save(folder / f"{at}.mask.png")
    return sum(path.stat().st_size for path in folder.iterdir())


def speed(loader: Iterable[Any], seconds: float) -> float:
    """Images a second over whole epochs of at least so many seconds, start of each epoch included."""
    seen, start = 0, time.perf_counter()
    while (took := time.perf_counter() - start) < seconds:
        for batch in loader:
            seen += len(batch["index"])
    return seen / took


def compare(split: Split, files: Path, batch: int, workers: int, rounds: int, seconds: float) -> dict[str, float]:
    """Both sides in turns; medians over the rounds."""
    ours = TrainLoader(split, TrainOrder(len(split), batch, seed=0), workers)
    theirs = DataLoader(
        Files(files, len(split)),
        batch_size=batch,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    kinds = [
        {key: (part.shape, part.dtype) for key, part in next(iter(side)).items() if isinstance(part, torch.Tensor)}
        for side in (ours, theirs)
    ]
    if kinds[0] != kinds[1] or len(kinds[0]) != 3:
        raise SystemExit(f"the sides give different batches: {kinds}")
    speed(ours, 0.1), speed(theirs, 0.1)
    pairs = [(speed(ours, seconds), speed(theirs, seconds)) for _ in range(rounds)]
    store, png = (statistics.median(side) for side in zip(*pairs, strict=True))
    return {"store": round(store, 1), "png": round(png, 1), "ratio": round(store / png, 1)}


def main() -> None:
    """Prepares, compares and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=240)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--workers", default="0,1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        data, out, files = (Path(folder) / name for name in ("data", "store", "files"))
        kirie = [sys.executable, "-m", "kirie"]
        for command in (
            ["synth", "--out", str(data), "--count", str(options.count), "--size", str(options.size)],
            ["prepare", str(data), "--out", str(out), "--size", str(options.size), "--workers", "1"],
        ):
            subprocess.run([*kirie, *command], check=True, stdout=subprocess.DEVNULL)
        split = Store.open(out).split("train")
        png_bytes = write_files(split, files)
        found = {
            str(workers): compare(split, files, options.batch, workers, options.rounds, options.seconds)
            for workers in map(int, options.workers.split(","))
        }
        result = {
            "benchmark": "loader",
            "pictures": len(split),
            "size": options.size,
            "batch": options.batch,
            "png_kib_per_sample": round(png_bytes / len(split) / 1024, 1),
            "images_per_s_by_workers": found,
            "ratio": min(each["ratio"] for each in found.values()),
            "bar": BAR,
        }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
