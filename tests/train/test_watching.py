"""What a training leaves in the run log: rows, pictures with masks, speed, provenance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kirie import runlog
from kirie.prepare.store import Store
from kirie.train.fit import fit


def test_the_run_log_holds_scores_speed_pictures_and_provenance(
    tiny: Callable[..., dict[str, Any]], shapes_store: Path, tmp_path: Path
) -> None:
    """Scores by label, learning rate, throughput, data wait, memory, git, data version and masks are in W&B's files."""
    run = fit(
        tiny(
            "log=wandb",
            "log.mode=offline",
            "log.pictures=2",
            "log.pictures_every=1",
            "trainer.log_every=1",
            f"runs={tmp_path}",
            "seed=21",
        ),
        quiet=True,
    )
    (segment,) = run.path.glob(f"wandb/offline-run-*-{run.path.name}")
    log = (segment / f"run-{run.path.name}.wandb").read_bytes()
    for key in (
        "train/loss",
        "val/loss",
        "val/miou",
        "val/iou/disc",
        "test/final/boundary_iou",
        "lr-AdamW",
        "perf/images_per_s",
        "perf/data_wait",
        "perf/memory_gb",
        "val/pictures",
        "trainer/global_step",
        Store.open(shapes_store).fingerprint,
        "commit",
    ):
        assert key.encode() in log, key
    (told,) = runlog.open(tmp_path)
    data = told.segments[-1].config["data"]
    assert data["batch_size"] == 8, "the configuration's settings are beside what is noted of the data"
    assert data["fingerprint"] == Store.open(shapes_store).fingerprint
    history = told.to_pandas()
    shown = {picture.step for picture in told.pictures("val/pictures")}
    assert shown == set(history["val/miou"].dropna().index), "pictures stand at the steps of their scores"
    assert max(shown) == max(history.index), "the final scores are of the last step, and make no further one"
    truths = {target.tobytes() for target in Store.open(shapes_store).split("val").read([0, 3])[1]}
    masks = [np.asarray(Image.open(path)) for path in segment.glob("files/media/images/mask/val/*.mask.png")]
    # 2 pictures, truth and prediction, 2 epochs; the truth is lossless, the padding included
    assert len({mask.tobytes() for mask in masks} & truths) == 2
    assert len(masks) >= 6
