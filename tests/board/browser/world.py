"""Runs for the page, written by wandb itself.

`python world.py FOLDER` writes the finished ones, `python world.py FOLDER live` one that goes on.
"""

from __future__ import annotations

import math
import os
import sys
import time
from pathlib import Path

import numpy as np
import wandb

STEPS = 60
MARKUP = "<script>document.title='taken'</script><b>bold</b>"
LONG = "a_parameter_whose_name_is_longer_than_a_phone_is_wide"
RUNS = [
    ("unet-1", "unet", 1, 0.75, "unet, first seed"),
    ("unet-2", "unet", 2, 0.71, "unet, second seed"),
    ("fpn-1", "fpn", 1, 0.64, "fpn, first seed"),
    ("fpn-2", "fpn", 2, 0.66, "fpn, second seed"),
    ("markup", "segnet", 1, 0.5, MARKUP),
]
"""Id, model, seed, the score that it comes to, name."""

_MANY = 3000
"""Steps of the first run's loss: more than a chart asks for."""


def begin(folder: Path, run_id: str, model: str, seed: int, name: str) -> wandb.Run:
    """A run in a folder of its own, as kirie lays them."""
    place = folder / run_id
    place.mkdir(parents=True, exist_ok=True)
    return wandb.init(
        dir=place,
        id=run_id,
        name=name,
        project="board",
        mode="offline",
        tags=["paper"] if seed == 1 else None,
        config={"model": {"name": model, "encoder": "tiny"}, "seed": seed, "train": {"epochs": 6, LONG: True}},
        settings=wandb.Settings(x_disable_stats=True, quiet=True, x_disable_meta=True, console="wrap"),
    )


def write(folder: Path) -> None:
    """Finished runs; the markup one ends with an exit code of 3."""
    for run_id, model, seed, score, name in RUNS:
        run = begin(folder, run_id, model, seed, name)
        for step in range(1, STEPS + 1):
            _log(run, step, score)
        if run_id == "unet-1":
            for step in range(STEPS + 1, _MANY + 1):
                run.log({"trainer/global_step": step, "train/loss": 0.4 + (step == 2000) * 9})
            run.log({"weights": wandb.Histogram(np.linspace(-1, 1, 200).tolist())})
            run.log({"worst": wandb.Table(columns=["image", "miou"], data=[["a.png", 0.25], [MARKUP, 0.5]])})
            for line in range(1500):
                print(f"\x1b[32mline {line}\x1b[0m of <i>many</i>")
        run.finish(exit_code=3 if run_id == "markup" else 0)


def live(folder: Path) -> None:
    """One run that logs every quarter of a second until it is ended."""
    run = begin(folder, "live", "unet", 9, "goes on")
    step = 0
    while True:
        step += 1
        _log(run, step, 0.9)
        time.sleep(0.25)


def _log(run: wandb.Run, step: int, score: float) -> None:
    done = 1 - math.exp(-step / 15)
    values = {"trainer/global_step": step, "epoch": (step - 1) // 10, "train/loss": 2 - done}
    if step % 10 == 0:
        values |= {"val/miou": score * done, "val/loss": 1 - score * done}
    run.log(values)


if __name__ == "__main__":
    for _word in ("WANDB_DIR", "WANDB_RUN_ID", "WANDB_SWEEP_ID", "WANDB_PROJECT"):
        os.environ.pop(_word, None)
    (live if sys.argv[2:] == ["live"] else write)(Path(sys.argv[1]))
