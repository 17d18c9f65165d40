"""The pipeline's sweep stage by DVC itself, in a tiny project; needs no SLURM, and is too long for `make test`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]

RECIPE = """\
# @package _global_
defaults:
  - override /augment: none
  - override /trainer: cpu
  - override /log: none

model: {encoder: tu-mobilenetv3_small_050, weights: none}
data: {batch_size: 8}
trainer: {threads: 1}
"""

SWEEP = """\
method: grid
metric: {name: val/miou, goal: maximize}
command: [kirie, train, experiment=tiny, model=unet, train.epochs=1, "${args_no_hyphens}"]
parameters: {seed: {values: [2, 3]}}
"""


@pytest.fixture
def project(tmp_path: Path, shapes_source: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository's own dvc.yaml over drawn shapes, with one model and one sweep."""
    for name in ("src", "conf"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    shutil.copyfile(ROOT / "dvc.yaml", tmp_path / "dvc.yaml")
    shutil.copytree(shapes_source, tmp_path / "data")
    parameters: dict[str, Any] = yaml.safe_load((ROOT / "conf" / "pipeline.yaml").read_text(encoding="utf-8"))
    parameters |= {"models": ["unet"], "sweep": {"files": ["tiny"]}}
    parameters["prepare"]["size"] = 64
    parameters["train"] = {"recipe": "tiny", "epochs": 1, "seed": 1}
    (tmp_path / "conf" / "pipeline.yaml").write_text(yaml.safe_dump(parameters), encoding="utf-8")
    (tmp_path / "conf" / "experiment" / "tiny.yaml").write_text(RECIPE, encoding="utf-8")
    (tmp_path / "conf" / "sweep" / "tiny.yaml").write_text(SWEEP, encoding="utf-8")
    # The stages call `kirie` by name
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    monkeypatch.chdir(tmp_path)
    _dvc("init", "--quiet", "--no-scm")
    return tmp_path


def test_dvc_runs_the_sweep_and_select_ranks_its_best_run(project: Path) -> None:
    """Up to the selection, in which the best of two trials is ranked beside the pipeline's own run; a repeat runs
    nothing."""
    _dvc("repro", "select")
    runs = {path.name for path in (project / "runs").iterdir()}
    best = json.loads((project / "out" / "train" / "sweep-tiny" / "run.json").read_text(encoding="utf-8"))
    assert len(runs) == 3
    assert best["id"] in runs
    selected = json.loads((project / "out" / "best.json").read_text(encoding="utf-8"))
    assert {one["path"] for one in selected["ranking"]} == {"train/unet", "train/sweep-tiny"}

    said = _dvc("repro", "select")
    assert "Stage 'sweep@tiny' didn't change, skipping" in said
    assert "Running stage" not in said


def _dvc(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "dvc", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
