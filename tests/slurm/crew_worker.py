"""Runs what test_crew.py and test_crew_batches.py ask for in crews of real processes, all forked from one.

    python -m tests.slurm.crew_worker FOLDER    (reads FOLDER/scenarios.json, writes FOLDER/NAME-RANK.json)

Importing the training stack takes most of such a test's time; that one has done it for all.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import json
import os
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any
from unittest import mock

import pytorch_lightning as pl
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from kirie import cli
from kirie.cluster.place import Place, place_of
from kirie.core.run import RunFolder
from kirie.models import Detector
from kirie.prepare.store import Store
from kirie.tasks.base import Task
from kirie.tasks.losses import build_loss
from kirie.tasks.semantic import SemanticTask
from kirie.train.batch_norm import share_batch_norm
from kirie.train.crew import Crew
from kirie.train.fit import fit
from kirie.train.launch import join
from kirie.train.loop import build_data, build_task, build_trainer, facts_of, quiet_lightning
from kirie.train.scoring import score
from kirie.train.settings import Settings

LIMIT_S = 120.0


def fits(crew: Crew, configs: list[dict[str, Any]]) -> list[Any]:
    """Trains each configuration; gives what every step saw and what came out."""
    return [_fit(crew, config) for config in configs]


def _fit(crew: Crew, config: dict[str, Any]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = []
    training_step, loss_and_output = SemanticTask.training_step, SemanticTask.loss_and_output

    def watch_step(self: SemanticTask, batch: Any, batch_idx: int) -> Any:
        steps.append({"index": batch["index"].tolist()})
        loss = training_step(self, batch, batch_idx)
        steps[-1]["loss"] = float(loss.detach())
        return loss

    def watch_batch(self: SemanticTask, image_BCHW: torch.Tensor, target_BHW: torch.Tensor) -> Any:
        if self.training:
            pairs = zip(image_BCHW, target_BHW, strict=True)
            steps[-1]["digest"] = [_digest(image) + _digest(target) for image, target in pairs]
        return loss_and_output(self, image_BCHW, target_BHW)

    with mock.patch.multiple(SemanticTask, training_step=watch_step, loss_and_output=watch_batch):
        run = fit(config, quiet=True, crew=crew)
    return {"steps": steps, "folder": str(run.path)}


def _digest(tensor: torch.Tensor) -> str:
    return hashlib.sha256(tensor.contiguous().numpy().tobytes()).hexdigest()[:16]


def gradients(crew: Crew, losses: list[dict[str, Any]], shares: list[int]) -> list[Any]:
    """Each loss and its gradient by DDP's rule, from this process's share of pictures that all draw alike."""
    crew.start_group(torch.device("cpu"))
    found = []
    for config in losses:
        torch.manual_seed(3)
        logits_BLHW = 2 * torch.randn(sum(shares), 4, 12, 12)
        target_BHW = torch.randint(0, 3, (sum(shares), 12, 12), dtype=torch.uint8)
        target_BHW[:, :3] = 255
        target_BHW[0] = 255
        first = sum(shares[: crew.place.rank])
        own = slice(first, first + shares[crew.place.rank])
        bias = torch.zeros(4, requires_grad=True)
        scale = torch.ones(4, 12, 12, requires_grad=True)
        loss = build_loss(config, [100, 50, 10, 5])(logits_BLHW[own] * scale + bias.view(1, 4, 1, 1), target_BHW[own])
        loss.backward()
        gradient = torch.cat([_of(bias), _of(scale).flatten()])
        if crew.place.world > 1:
            dist.all_reduce(gradient)
            gradient /= crew.place.world
        found.append({"loss": float(loss.detach()), "gradient": gradient.tolist()})
    return found


def _of(parameter: torch.Tensor) -> torch.Tensor:
    assert parameter.grad is not None
    return parameter.grad


def norms(crew: Crew, shares: list[int]) -> dict[str, Any]:
    """A shared batch norm between two layers: its outputs' loss, gradients and statistics."""
    crew.start_group(torch.device("cpu"))
    torch.manual_seed(5)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.BatchNorm2d(4), nn.ReLU()), nn.Conv2d(4, 2, 1))
    image_BCHW = torch.randn(sum(shares), 3, 9, 9) * 3 + 40
    first = sum(shares[: crew.place.rank])
    own = slice(first, first + shares[crew.place.rank])
    if crew.place.world > 1:
        assert share_batch_norm(model) == 1
    wanted = torch.rand(sum(shares), 2, 7, 7)
    for _ in range(2):
        model.zero_grad()
        # A plain sum: DDP's mean makes it a share of the processes
        loss = ((model(image_BCHW[own]) - wanted[own]) ** 2).sum() * crew.place.world
        loss.backward()
    gradient = torch.cat([_of(parameter).flatten() for parameter in model.parameters()])
    if crew.place.world > 1:
        dist.all_reduce(gradient)
        gradient /= crew.place.world
    buffers = dict(model.named_buffers())
    state = torch.cat([buffers["1.0.running_mean"], buffers["1.0.running_var"]])
    return {"gradient": gradient.tolist(), "state": state.tolist()}


def evaluations(crew: Crew, config: dict[str, Any], stores: list[str], folder: str) -> list[Any]:
    """Validation inside a fit, and final scoring, of one model on several stores."""
    crew.start_group(torch.device("cpu"))
    task = build_task(config, facts_of(Store.open(Path(stores[0]))))
    found = []
    for path in stores:
        config["data"]["store"] = path
        settings = Settings.of(config)
        trainer = build_trainer(settings, RunFolder(Path(folder)), None, [], pl.Callback(), crew.place)
        trainer.fit(task, datamodule=build_data(settings))
        store = Store.open(Path(path))
        share = config["data"]["batch_size"] // crew.place.world
        table, _ = score(
            task.model,
            store.split("test"),
            store.labels,
            batch_size=share,
            device=torch.device("cpu"),
            rank=crew.place.rank,
            world=crew.place.world,
        )
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith("val/")}
        found.append({"val": metrics, "test": table.counts_NLK.tolist()})
    return found


def architectures(crew: Crew, store: str, configs: list[dict[str, Any]]) -> list[str]:
    """Two forward passes and a backward pass of each under DDP, which refuses the second if a gradient was missing."""
    crew.start_group(torch.device("cpu"))
    found = []
    for config, task in zip(configs, _built(store, json.dumps(configs)), strict=True):
        height, width = config["model"]["image_size"]
        model = DistributedDataParallel(task.model.train())
        image_BCHW = torch.rand(2, 3, height, width)
        # Of a detector the case in which most could be left out: no thing anywhere
        more = [_no_things(height, width)] if isinstance(task.model, Detector) else []
        for _ in range(2):
            found_there = model(image_BCHW, *more)
            losses = found_there.values() if more else [found_there.square().mean()]
            torch.autograd.backward(list(losses))
        found.append(config["model"]["name"])
    return found


def _no_things(height: int, width: int) -> list[dict[str, torch.Tensor]]:
    """Targets of two pictures, of the second of which nothing is known."""
    none = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)}
    masks_0HW, ignored_HW = torch.zeros(0, height, width), torch.zeros(height, width, dtype=torch.bool)
    return [none | {"masks": masks_0HW, "ignored": each} for each in (ignored_HW, ~ignored_HW)]


@functools.cache
def _built(store: str, configs: str) -> list[Task]:
    """Built once, before the processes are forked."""
    facts = facts_of(Store.open(Path(store)))
    return [build_task(config, facts) for config in json.loads(configs)]


def commands(
    folder: Path,
    name: str,
    place: Place,
    words: list[str],
    own_words: list[str],
    killed_at: int,
    told_while_scoring: bool = False,
) -> None:
    """`kirie` with these words and, on the last process, some of its own; it is killed at its n-th step if n > 0.

    Or it alone gets SIGTERM while the best checkpoint is scored, in a job of SLURM that sees no scontrol.
    """
    last = place.rank == place.world - 1
    if told_while_scoring:
        os.environ |= {"SLURM_JOB_ID": "5000", "PATH": str(folder)}
    if told_while_scoring and last:

        def score_or_stop(*arguments: Any, **named: Any) -> Any:
            signal.raise_signal(signal.SIGTERM)

        mock.patch("kirie.train.fit.score", score_or_stop).start()
    if last and killed_at:
        training_step, steps = SemanticTask.training_step, iter(range(1, killed_at + 1))

        def step_or_die(self: SemanticTask, batch: Any, batch_idx: int) -> Any:
            if next(steps) == killed_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return training_step(self, batch, batch_idx)

        mock.patch.object(SemanticTask, "training_step", step_or_die).start()
    out, err = io.StringIO(), io.StringIO()
    began = time.monotonic()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main([*words, *(own_words if last else [])])
    found = {"code": code, "out": out.getvalue(), "err": err.getvalue(), "seconds": time.monotonic() - began}
    (folder / f"{name}-{place.rank}.json").write_text(json.dumps(found))


def _one(folder: Path, scenario: dict[str, Any], rank: int, port: int) -> None:
    os.environ |= {
        "TORCHELASTIC_RUN_ID": "test",
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(scenario["world"]),
        "LOCAL_WORLD_SIZE": str(scenario["world"]),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    torch.set_num_threads(1)
    quiet_lightning()
    place = place_of()
    if scenario["do"] == "commands":
        commands(folder, scenario["name"], place, **scenario["with"])
        return
    with Crew.alone() if place.world == 1 else join(place) as crew:
        found = globals()[scenario["do"]](crew, **scenario["with"])
        (folder / f"{scenario['name']}-{rank}.json").write_text(json.dumps(found))


def _fork(folder: Path, scenario: dict[str, Any], rank: int, port: int) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        _one(folder, scenario, rank, port)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def main(folder: Path) -> int:
    """Runs the scenarios one after the other; fails if any process does."""
    for scenario in json.loads((folder / "scenarios.json").read_text()):
        if scenario["do"] == "architectures":
            _built(scenario["with"]["store"], json.dumps(scenario["with"]["configs"]))
        began, port = time.monotonic(), _free_port()
        waiting = {_fork(folder, scenario, rank, port) for rank in range(scenario["world"])}
        failed = False
        while waiting:
            for child in sorted(waiting):
                done, status = os.waitpid(child, os.WNOHANG)
                if done:
                    waiting.remove(child)
                    failed = failed or (status != 0 and not scenario["with"].get("killed_at"))
            if time.monotonic() - began > LIMIT_S:
                for child in waiting:
                    os.kill(child, 9)
                failed = True
            time.sleep(0.01)
        print(f"{scenario['name']}: {'FAILED' if failed else 'ok'} in {time.monotonic() - began:.1f} s", flush=True)
        if failed:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
