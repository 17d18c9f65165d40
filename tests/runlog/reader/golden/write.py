"""Writes the golden logs: one offline run by each supported version of wandb, and what a reader must find in it.

    python tests/runlog/reader/golden/write.py [VERSION ...]  # each in an environment of its own (needs uv)
    python tests/runlog/reader/golden/write.py --one OUT      # by the wandb of this very interpreter

Imports nothing of kirie: the expected values are those that this script handed to wandb, not what a reader made.
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
    "0.13.11": ["numpy<2", "setuptools<70", "pillow<11"],
    "0.17.9": ["setuptools<70", "pillow<11"],
    "0.19.11": ["pillow<11"],
    "0.25.1": [],
    "0.30.0": [],
    "0.31.0": [],
}
"""The versions, and what the environment of each needs beside numpy and Pillow."""

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
    *({STEP: step, "epoch": step // 4, "train/loss": 1.0 / (step + 1), "lr": 1e-3} for step in range(6)),
    {STEP: 3, "epoch": 0, "val/miou": 0.5},
    {STEP: 7, "epoch": 1, "val/miou": 0.75},
    {STEP: 8, "odd/nan": float("nan"), "odd/inf": float("inf"), "odd/minus": float("-inf")},
    {STEP: 9, "odd/big": 2**70, "odd/true": True, "odd/text": "words", "切り/絵": 1},
    {STEP: 10, "nested": {"inner": {"deep": 2.5}}},
]
WORDS = {0: "background", 1: "hair"}
LINES = ["first line", "second line: 切り絵"]
SAID: dict[str, Any] = {
    "id": ID, "project": "golden", "entity": "team", "group": "seeds", "job_type": "train", "name": "a <b>run</b>",
    "notes": "notes: 切り絵", "tags": ["one", "two"],
}  # fmt: skip


def write(out: Path) -> None:
    """Logs the run with the wandb of this interpreter; keeps its log, its media and `expected.json` in `out`."""
    import numpy as np
    import wandb as installed

    # Of whatever version, whose types are not those of the one that the tests have
    wandb: Any = installed
    rows = [dict(row) for row in ROWS]
    if wandb.__version__.startswith("0.13."):
        # Its own samples of the history hold 64 bits
        rows[9]["odd/big"] = 2**62
    work = Path.cwd()
    run = wandb.init(dir=str(work), config=CONFIG, settings=wandb.Settings(host="host"), **SAID)
    run.define_metric(STEP)
    run.define_metric("*", step_metric=STEP)
    run.config.update(UPDATED, allow_val_change=True)
    for row in rows:
        run.log(dict(row))
    mask = np.eye(4, dtype=np.uint8)
    masks = {"truth": {"mask_data": mask, "class_labels": WORDS},
             "prediction": {"mask_data": 1 - mask, "class_labels": WORDS}}  # fmt: skip
    pictures = [
        wandb.Image(np.full((4, 4, 3), 60 * number, np.uint8), caption=f"sample {number}", masks=masks)
        for number in range(2)
    ]
    run.log({STEP: 11, "val/pictures": pictures})
    run.log({STEP: 12, "hist": wandb.Histogram(np_histogram=(np.array([1, 3]), np.array([0.0, 1.0, 2.0])))})
    run.log({STEP: 13, "rows": wandb.Table(columns=["name", "miou"], data=[["a", 0.5], ["b", None]])})
    run.summary["best"] = 0.75
    for line in LINES:
        print(line)
    run.finish(exit_code=3)
    # W&B's process writes a moment longer than `finish` says
    wandb.teardown()
    (found,) = work.glob("wandb/offline-run-*")
    to = out / "wandb" / f"offline-run-20260101_000000-{ID}"
    shutil.rmtree(out, ignore_errors=True)
    to.mkdir(parents=True)
    shutil.copyfile(found / f"run-{ID}.wandb", to / f"run-{ID}.wandb")
    shutil.copytree(found / "files" / "media", to / "files" / "media")
    (out / "expected.json").write_text(json.dumps(expected(rows), indent=1, ensure_ascii=False) + "\n")


def expected(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What a reader must find."""
    history: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        for key, value in row.items():
            if isinstance(value, int | float) and key != STEP:
                history.setdefault(key, []).append((row[STEP], float(value)))
    history["nested.inner.deep"] = [(10, 2.5)]
    summary = {key: points[-1][1] for key, points in history.items()} | {"best": 0.75, "odd/text": "words", STEP: 13}
    # The epoch was logged with the validation's rows, too: that step is there twice
    history = {key: sorted(points, key=lambda point: point[0]) for key, points in history.items()}
    return {
        "said": SAID,
        "config": CONFIG | UPDATED,
        "history": history,
        "summary": summary,
        "exit_code": 3,
        "console": "\n".join(LINES) + "\n",
        "texts": {"odd/text": [[9, "words"]]},
        "pictures": [[11, 0, "sample 0"], [11, 1, "sample 1"]],
        "labels": WORDS,
        "histogram": [12, [0.0, 1.0, 2.0], [1.0, 3.0]],
        "table": [13, ["name", "miou"], [["a", 0.5], ["b", None]]],
    }


def main(wanted: list[str]) -> None:
    """Writes them anew, all if none is named."""
    uv = shutil.which("uv") or "uv"
    for version in wanted or VERSIONS:
        needed = VERSIONS[version]
        with tempfile.TemporaryDirectory(prefix="golden-") as folder:
            place = Path(folder)
            python = place / "env" / "bin" / "python"
            subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(place / "env")], check=True)
            packages = [f"wandb=={version}", "numpy", "pillow", *needed]
            subprocess.run([uv, "pip", "install", "-q", "--python", str(python), *packages], check=True)
            shutil.copyfile(__file__, place / "train.py")
            # Nothing of the machine that writes it: no names, no places, no code
            environment = {
                "PATH": os.environ["PATH"], "HOME": folder, "WANDB_MODE": "offline", "WANDB_SILENT": "true",
                "WANDB_DISABLE_GIT": "true", "WANDB_DISABLE_CODE": "true", "WANDB_DATA_DIR": "data",
                "WANDB_USERNAME": "user", "USER": "user", "LOGNAME": "user",
            }  # fmt: skip
            subprocess.run(
                [str(python), "-W", "ignore", "train.py", "--one", "kept"], cwd=folder, env=environment, check=True
            )
            shutil.rmtree(HERE / version, ignore_errors=True)
            shutil.copytree(place / "kept", HERE / version)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        write(Path(sys.argv[2]))
    else:
        main(sys.argv[1:])
