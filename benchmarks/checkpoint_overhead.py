"""What resume points cost: the share of training time at the default interval, and how long one takes.

Expectation: below 1 % at the default interval (conf/trainer/auto.yaml). A point is written every few steps here, so
that there are enough to take a median of; the share follows from the median and the interval. Agreeing between
processes at every batch's end is timed too, by real processes over gloo.

    python benchmarks/checkpoint_overhead.py --encoder resnet34
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ["WANDB_SILENT"] = "true"

import pytorch_lightning as pl

from kirie.cluster.place import Place
from kirie.core.resume import resume_points
from kirie.core.run import RunFolder
from kirie.core.signals import Notice
from kirie.models import parameters_count
from kirie.prepare.command import main as prepare
from kirie.prepare.store import Store
from kirie.synth.command import main as synth
from kirie.train.compose import compose_config, config_folder
from kirie.train.loop import build_data, build_task, build_trainer, facts_of
from kirie.train.resuming import ResumePoints
from kirie.train.settings import Settings

AGREEING = """
import statistics, sys, time
import torch.distributed as dist
from kirie.train.agreement import Agreement
dist.init_process_group("gloo", init_method="file://" + sys.argv[1], rank=int(sys.argv[2]), world_size=2)
class Trainer: world_size = 2
agreement = Agreement()
agreement.set_up(Trainer())
spent = []
for _ in range(2000):
    since = time.perf_counter()
    agreement.any([False] * 6)
    spent.append(time.perf_counter() - since)
print(statistics.median(spent))
dist.destroy_process_group()
"""


class Timed(ResumePoints):
    """Keeps the time of each point."""

    def __init__(self, run: RunFolder, steps: int) -> None:
        super().__init__(run, notice=Notice(), lease=None, steps=steps, minutes=None, log_every=20)
        self.points: list[float] = []

    def _save(self, trainer: pl.Trainer) -> None:
        before = self.seconds
        super()._save(trainer)
        self.points.append(self.seconds - before)


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="resnet34")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(measure(options, Path(scratch))))


def measure(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Trains for two epochs with a point every second step."""
    with contextlib.redirect_stdout(io.StringIO()):
        synth(["--out", str(scratch / "data"), "--count", "32", "--characters", "32", "--size", "128"])
        prepare([str(scratch / "data"), "--out", str(scratch / "store"), "--size", str(options.size)])
    config = compose_config(
        [
            f"model.encoder={options.encoder}",
            "model.weights=none",
            "trainer=cpu",
            "log=none",
            "train.epochs=2",
            f"data.batch_size={options.batch}",
            f"data.store={scratch / 'store'}",
        ],
        config_folder(),
    )
    settings = Settings.of(config)
    task = build_task(config, facts_of(Store.open(scratch / "store")))
    run = RunFolder(scratch / "run")
    keeper = Timed(run, steps=2)
    trainer = build_trainer(settings, run, None, [], keeper, Place(0, 1, 0, "none"))
    since = time.perf_counter()
    trainer.fit(task, datamodule=build_data(settings))
    spent = time.perf_counter() - since
    minutes = settings.trainer.checkpoint_minutes
    assert minutes is not None
    point_s = statistics.median(keeper.points)
    return {
        "benchmark": "checkpoint_overhead",
        "encoder": options.encoder,
        "parameters": parameters_count(task.model),
        "point_mb": round(resume_points(run)[0].path.stat().st_size / 1e6, 1),
        "points": len(keeper.points),
        "point_s": round(point_s, 3),
        "step_s": round((spent - keeper.seconds) / trainer.global_step, 3),
        "interval_minutes": minutes,
        "share_at_default": round(point_s / (60 * minutes), 5),
        "bar": 0.01,
        "agreement_us_2_processes": round(1e6 * _agreement_s(scratch), 1),
    }


def _agreement_s(scratch: Path) -> float:
    """Median seconds of one agreement between two processes on this machine."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", AGREEING, str(scratch / "meeting"), str(rank)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        for rank in range(2)
    ]
    return max(float(process.communicate()[0]) for process in processes)


if __name__ == "__main__":
    main()
