"""Small runs as kirie and other programs leave them, written by their own writers: W&B logs with curves and pictures,
run records, per-image tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import wandb
import yaml

from kirie.core.labels import LabelSet
from kirie.core.run import RunFolder
from kirie.core.scores import COLUMNS, CountTable
from kirie.runlog.pictures import log_pictures
from kirie.runlog.start import end_log, start_log

LABELS = LabelSet.from_dict(
    {"labels": [{"name": "background", "color": "#000000"}, {"name": "eye", "color": "#3f8efc"}]}
)

LOG: dict[str, Any] = {
    "name": "wandb",
    "mode": "offline",
    "project": "small",
    "entity": None,
    "group": None,
    "sweep": None,
    "tags": [],
    "notes": None,
    "pictures": 2,
    "pictures_every": 1,
}

IMAGES = tuple(f"picture-{at:02}" for at in range(40))


def counts(skill: float, seed: int = 0, images: tuple[str, ...] = IMAGES) -> CountTable:
    """Counts of a run that finds a share of the pixels of each label, the same pictures hard for all."""
    random = np.random.default_rng(seed)
    size = random.integers(100, 1000, (len(images), len(LABELS)))
    missed = np.rint(size * np.clip(random.beta(2, 6, size.shape) + 0.5 - skill / 2, 0, 1)).astype(np.int64)
    found = np.zeros((len(images), len(LABELS), len(COLUMNS)), dtype=np.int64)
    found[..., 0], found[..., 1], found[..., 2] = size - missed, missed // 2, missed
    found[..., 3:6] = found[..., :3] // 3
    return CountTable(images, LABELS.names, found)


def kirie_run(
    runs: Path,
    run_id: str,
    *,
    skill: float = 0.8,
    seed: int = 1,
    data: str = "d" * 64,
    config: Mapping[str, Any] | None = None,
    log: Mapping[str, Any] | None = None,
    name: str | None = None,
    table: CountTable | None = None,
    pictures: bool = True,
) -> RunFolder:
    """A finished run of kirie: configuration, record, log with a curve and two pictures, scores, table of val."""
    run = RunFolder(runs / run_id)
    run.path.mkdir(parents=True)
    full: dict[str, Any] = {
        "model": {"name": "unet"},
        "optimizer": {"lr": 0.1},
        "data": {"store": "out/store"},
        "trainer": {"devices": 1, "nodes": 1},
        "seed": seed,
        **(config or {}),
    }
    about = {
        "name": name or f"unet-{run_id}",
        "made_of": {"config": json.dumps(full | {"seed": 0}), "data": data, "code": "c", "seed": seed},
        "git": {"commit": None, "dirty": None},
        "data": {"fingerprint": data, "dvc": None},
        "hardware": {"host": "here", "gpus": []},
        "versions": {"torch": "2.0"},
        "parameters": 1000,
    }
    run.config.write_text(yaml.safe_dump(full), encoding="utf-8")
    record = {"id": run_id, "labels": LABELS.to_dict(), "state": "done", "seconds": 3600.0, **about}
    run.record.write_text(json.dumps(record), encoding="utf-8")
    counted = counts(skill) if table is None else table
    run.metrics.write_text(json.dumps({"val": counted.scores()}), encoding="utf-8")
    counted.write(run.per_image("val"))
    logger, _ = start_log({**LOG, **(log or {})}, run, run_id, {**full, **about})
    for step in (5, 10):
        logger.log_metrics({"val/miou": skill * step / 10, "epoch": step // 5}, step)
        if pictures:
            masks = np.random.default_rng(step).integers(0, 2, (2, 8, 8), dtype=np.uint8)
            images = np.full((2, 8, 8, 3), 80 + step, dtype=np.uint8)
            log_pictures(logger, IMAGES[:2], images, masks, masks[::-1].copy(), LABELS, step)
    end_log(logger, 0)
    return run


def foreign_run(place: Path, run_id: str, *, score: float, seed: int = 0, table: bool = True, **more: Any) -> None:
    """A run of another program: its own configuration, a loss, and perhaps a table of scores by picture."""
    with wandb.init(
        id=run_id,
        dir=str(place),
        mode="offline",
        project="other",
        config={"lr": more.pop("lr", 0.1), "seed": seed},
        settings=wandb.Settings(silent=True, console="off"),
        **more,
    ) as run:
        for step in range(3):
            run.log({"loss": 1 - score * step / 2, "accuracy": score * step / 2})
        if table:
            rows = [[f"p{at}", score + (at % 7) / 100] for at in range(30)]
            run.log({"val_scores": wandb.Table(columns=["image", "f1"], data=rows)})
