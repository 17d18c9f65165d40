"""Two processes of one training against two trainings of one process each, on the same cores: what talking costs.

    python benchmarks/ddp.py --store out/store --steps 30 --json

Both sides have two processes with one thread each and train on the same number of pictures a step and process, at the
same time as the other of their side; so memory and caches are shared alike, and only the exchange of gradients, sums
and buffers differs. The ratio is taken within one run, pairs of both kinds in turn; its median is reported.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from kirie.cluster.place import place_of
from kirie.core.run import RunFolder
from kirie.prepare.store import Store
from kirie.train.compose import compose_config, config_folder
from kirie.train.crew import Crew
from kirie.train.launch import join
from kirie.train.loop import build_data, build_task, build_trainer, facts_of, quiet_lightning
from kirie.train.settings import Settings

WARM_UP = 4


class _Clock(pl.Callback):
    """Times the steps after the first few, and ends the training."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.seconds: list[float] = []
        self._since = 0.0

    def on_train_batch_start(self, *_: Any) -> None:
        self._since = time.perf_counter()

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        self.seconds.append(time.perf_counter() - self._since)
        if len(self.seconds) >= self.steps + WARM_UP:
            trainer.should_stop = True


def _train(crew: Crew, words: list[str], steps: int) -> float:
    """Pictures a second of this process."""
    config = compose_config(words, config_folder())
    settings = Settings.of(config)
    store = Store.open(Path(settings.data.store))
    config["model"]["image_size"] = list(store.size)
    clock = _Clock(steps)
    with tempfile.TemporaryDirectory() as folder:
        trainer = build_trainer(settings, RunFolder(Path(folder)), None, [clock], pl.Callback(), crew.place)
        trainer.limit_val_batches = 0
        crew.start_group(torch.device("cpu"))
        trainer.fit(build_task(config, facts_of(store)), datamodule=build_data(settings))
    return settings.data.batch_size / crew.place.world / statistics.median(clock.seconds[WARM_UP:])


def _pair(together: bool, words: list[str], batch: int, steps: int, port: int) -> float:
    """Pictures a second of two processes that train together, or each for itself."""
    reads = []
    for rank in range(2):
        read, write = os.pipe()
        if os.fork():
            os.close(write)
            reads.append(read)
            continue
        code = 1
        try:
            torch.set_num_threads(1)
            if together:
                os.environ |= {"TORCHELASTIC_RUN_ID": "ddp", "RANK": str(rank), "LOCAL_RANK": str(rank)}
                os.environ |= {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
            with join(place_of()) if together else Crew.alone() as crew:
                found = _train(crew, [*words, f"data.batch_size={batch * (2 if together else 1)}"], steps)
            os.write(write, str(found).encode())
            code = 0
        finally:
            os._exit(code)
    answers = [os.read(read, 100).decode() for read in reads]
    for _ in range(2):
        os.wait()
    if not all(answers):
        raise SystemExit("a process failed; see above")
    return sum(float(answer) for answer in answers)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", default="out/store", help="a prepared store (default: out/store)")
    parser.add_argument("--model", default="unet")
    parser.add_argument("--encoder", default="resnet18")
    parser.add_argument("--batch-size", type=int, default=8, help="pictures of each process")
    parser.add_argument("--steps", type=int, default=12, help="steps of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="pairs of measurements")
    parser.add_argument("--sync-batchnorm", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    quiet_lightning()
    words = [f"model={options.model}", f"model.encoder={options.encoder}", f"data.store={options.store}", "log=none"]
    words += ["trainer=cpu", "trainer.devices=auto", "trainer.threads=1", "train.epochs=1000"]
    words += [f"trainer.sync_batchnorm={str(options.sync_batchnorm).lower()}", "train.validate_every=1000"]
    rows = []
    for at in range(options.rounds):
        # Taking turns in who is first
        order = (True, False) if at % 2 else (False, True)
        speed = {kind: _pair(kind, words, options.batch_size, options.steps, 29400 + at) for kind in order}
        rows.append({"together": round(speed[True], 3), "apart": round(speed[False], 3)})
        print(f"round {at + 1}: together {speed[True]:.2f}, apart {speed[False]:.2f} pictures/s", file=sys.stderr)
    ratios = [row["together"] / row["apart"] for row in rows]
    found = {
        "efficiency": round(statistics.median(ratios), 4),
        "lowest": round(min(ratios), 4),
        "highest": round(max(ratios), 4),
        "rounds": rows,
        "model": options.model,
        "encoder": options.encoder,
        "batch_size": options.batch_size,
        "sync_batchnorm": options.sync_batchnorm,
        "cores": os.cpu_count(),
    }
    print(json.dumps(found) if options.json else f"efficiency {found['efficiency']:.3f} of two processes")


if __name__ == "__main__":
    main()
