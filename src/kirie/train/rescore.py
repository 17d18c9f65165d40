"""Scores and speed of a trained run from its files alone."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import Progress

from kirie.core.run import RunFolder
from kirie.core.scores import CountTable
from kirie.errors import DeviceError, RunError
from kirie.models import Detector, Segmenter, parameters_count
from kirie.prepare.store import Store
from kirie.tasks.load import load_run
from kirie.train.scoring import score

_WARM_UP = 3
_LATENCY_RUNS = 20


@dataclass(frozen=True, slots=True)
class Rescored:
    """Scores by split, the tables they come from, speed, and the fingerprint of the data."""

    scores: dict[str, Any]
    tables: dict[str, CountTable]
    speed: dict[str, Any]
    data: str


def rescore(run: RunFolder, store_path: Path, *, splits: Sequence[str], batch_size: int, device: str) -> Rescored:
    """Scores a run's best checkpoint.

    Args:
        run: The run folder.
        store_path: The store.
        splits: Splits to score.
        batch_size: Images at a time.
        device: cpu or cuda.

    Raises:
        RunError: The run cannot be read, or its labels are not the store's.
        DeviceError: There is no such device.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise DeviceError("--device is cuda, and torch sees no GPU on this machine; use --device cpu.")
    place = torch.device(device)
    model, _, labels = load_run(run)
    store = Store.open(store_path)
    if labels.names != store.labels.names:
        raise RunError(
            f"The run {run.path} knows the labels {', '.join(labels.names)}, and the store {store_path} has "
            f"{', '.join(store.labels.names)}; evaluate on a store prepared with the run's label set."
        )
    parts = [store.split(name) for name in splits]
    tables: dict[str, CountTable] = {}
    scores: dict[str, Any] = {}
    started = time.perf_counter()
    with Progress(console=Console(file=sys.stderr), transient=True) as progress:
        for name, split in zip(splits, parts, strict=True):
            if len(split) == 0:
                raise RunError(f"The split '{name}' of {store_path} is empty; there is nothing to score.")
            bar = progress.add_task(f"scoring {name}", total=len(split))
            tables[name], more = score(
                model,
                split,
                labels,
                batch_size=batch_size,
                device=place,
                advance=partial(progress.advance, bar),
            )
            scores[name] = tables[name].scores() | more
    seconds = time.perf_counter() - started
    speed = {
        "parameters": parameters_count(model),
        "images_per_s": _images_per_s(model, parts[0].read([0] * min(batch_size, 8))[0], place),
        "latency_ms": _latency_ms(model, parts[0].read([0])[0], place),
        "device": torch.cuda.get_device_name(place) if place.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "scoring_seconds": round(seconds, 2),
    }
    return Rescored(scores, tables, speed, store.fingerprint)


def _latency_ms(model: Segmenter | Detector, image_BHWC: Any, device: torch.device) -> float:
    """Median time of one image from bytes to ids, or to detections, in milliseconds."""
    return round(1000 * _median_seconds(model, image_BHWC, device, _LATENCY_RUNS), 3)


def _images_per_s(model: Segmenter | Detector, image_BHWC: Any, device: torch.device) -> float:
    return round(len(image_BHWC) / _median_seconds(model, image_BHWC, device, 5), 2)


def _median_seconds(model: Segmenter | Detector, image_BHWC: Any, device: torch.device, runs: int) -> float:
    pixels = torch.from_numpy(image_BHWC).to(device)
    spent = []
    with torch.inference_mode():
        for _ in range(_WARM_UP + runs):
            started = time.perf_counter()
            # Copying the answer back waits for the device
            image_BCHW = pixels.permute(0, 3, 1, 2).float() / 255
            if isinstance(model, Detector):
                for found in model.find(image_BCHW):
                    found.to_numpy()
            else:
                model(image_BCHW).argmax(dim=1).to(torch.uint8).cpu()
            spent.append(time.perf_counter() - started)
    return statistics.median(spent[_WARM_UP:])
