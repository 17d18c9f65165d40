"""Writes the golden logs: one offline run by each supported version of wandb, and what a reader must find in it.

    python tests/runlog/reader/golden/write.py            # all versions, each in an environment of its own (needs uv)
    python tests/runlog/reader/golden/write.py --one OUT  # by the wandb of this very interpreter

Imports nothing of kirie: the expected values are those that this script handed to wandb, not what a reader made of them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent

VERSIONS = {
    "0.13.11": ["numpy<2", "setuptools<70", "protobuf<5"],
    "0.17.9": ["setuptools<70"],
    "0.19.11": [],
    "0.25.1": [],
    "0.30.0": [],
    "0.31.0": [],
}
"""One version of each kind of log, and what its environment needs beside numpy and Pillow."""

ID, STEP = "golden01", "trainer/global_step"

CONFIG: dict[str, Any] = {
    "name": "unet",
    "lr": 1e-3,
    "model": {"name": "unet", "depth": 4, "heads": [1, 2]},
    "none": None,
    "ascii": "切り絵 <script>",
}
UPDATED = {"lr": 5e-4, "later": True}

ROWS: list[dict[str, Any]] = [
    *({STEP: step, "epoch": step // 4, "train/loss": 1.0 / (step + 1), "lr": 1e-3} for step in range(8)),
    {STEP: 3, "epoch": 0, "val/miou": 0.5},
    {STEP: 7, "epoch": 1, "val/miou": 0.75},
    {STEP: 8, "odd/nan": float("nan"), "odd/inf": float("inf"), "odd/minus": float("-inf")},
    {STEP: 9, "odd/big": 2**70, "odd/true": True, "odd/text": "words", "切り/絵": 1},
    {STEP: 10, "nested": {"inner": {"deep": 2.5}}},
]

LINES = ["first line", "second line: 切り絵"]


def write(out: Path) -> None:
    """Logs the run with the installed wandb and keeps its log, its media and `expected.json` in `out`."""
    import numpy as np
    import wandb

    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_DISABLE_GIT": "true", "WANDB_DISABLE_CODE": "true",
            "WANDB_SWEEP_ID": "sweep001", "WANDB_RUN_ID": ID,
        }  # fmt: skip
        os.environ.pop("WANDB_DIR", None)
        run = wandb.init(
            id=ID, dir=folder, project="golden", entity="team", group="seeds", job_type="train", name="a <b>run</b>",
            notes="notes: 切り絵", tags=["one", "two"], config=CONFIG, settings=_settings(wandb),
        )  # fmt: skip
        run.define_metric(STEP)
        run.define_metric("*", step_metric=STEP)
        run.config.update(UPDATED, allow_val_change=True)
        for row in ROWS:
            run.log(dict(row))
        words = {0: "background", 1: "hair"}
        mask = np.eye(4, dtype=np.uint8)
        pictures = [
            wandb.Image(
                np.full((4, 4, 3), 60 * number, np.uint8),
                caption=f"sample {number}",
                masks={"truth": {"mask_data": mask, "class_labels": words},
                       "prediction": {"mask_data": 1 - mask, "class_labels": words}},
            )
            for number in range(2)
        ]  # fmt: skip
        run.log({STEP: 11, "val/pictures": pictures})
        run.log({STEP: 12, "hist": wandb.Histogram(np_histogram=(np.array([1, 3]), np.array([0.0, 1.0, 2.0])))})
        run.log({STEP: 13, "rows": wandb.Table(columns=["name", "miou"], data=[["a", 0.5], ["b", None]])})
        run.summary["best"] = 0.75
        for line in LINES:
            print(line)
        run.finish(exit_code=3)
        (found,) = Path(folder).glob("wandb/offline-run-*")
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        name = f"offline-run-20260101_000000-{ID}"
        to = out / "wandb" / name
        to.mkdir(parents=True)
        shutil.copyfile(found / f"run-{ID}.wandb", to / f"run-{ID}.wandb")
        for kind in ("media", "output.log", "wandb-metadata.json"):
            path = found / "files" / kind
            if path.is_dir():
                shutil.copytree(path, to / "files" / kind)
            elif path.is_file():
                (to / "files").mkdir(exist_ok=True)
                shutil.copyfile(path, to / "files" / kind)


def _settings(wandb: Any) -> Any:
    return wandb.Settings()


if __name__ == "__main__":
    write(Path(sys.argv[2]))
