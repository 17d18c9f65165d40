"""A sweep over models of both tasks, with real trainings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kirie.cli import main as kirie
from kirie.core.run import RunFolder
from kirie.sweep.start_command import main as start


@pytest.mark.long
def test_a_sweep_ranks_a_detector_beside_a_model_of_pixels(
    tiny_overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two trials, a U-Net and a Mask R-CNN, end with the shared score; `best` and `select` take the better one."""
    monkeypatch.chdir(tmp_path)
    words = [word for word in tiny_overrides if not word.startswith("model=")]
    content = {
        "method": "grid",
        "metric": {"name": "val/miou", "goal": "maximize"},
        "command": ["kirie", "train", *words, "${args_no_hyphens}"],
        "parameters": {"model": {"values": ["unet", "mask_rcnn"]}},
    }
    Path("both.yaml").write_text(json.dumps(content), encoding="utf-8")
    assert start(["both.yaml", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["counts"]["finished"] == 2
    trials = {trial["params"]["model"]: trial for trial in found["trials"]}
    assert set(trials) == {"unet", "mask_rcnn"}
    runs = {name: next(Path.cwd().rglob(f"{trial['run']}/metrics.json")).parent for name, trial in trials.items()}
    scores = {name: RunFolder(path).read_metrics()["val"] for name, path in runs.items()}
    assert "map" in scores["mask_rcnn"]
    assert "map" not in scores["unet"]
    better = max(scores, key=lambda name: float(scores[name]["miou"]))
    assert kirie(["sweep", "best", "both", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["run"] == trials[better]["run"]
    places = sorted({str(path.parent) for path in runs.values()})
    assert kirie(["select", *places, "--out", "best.json", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["run"] == trials[better]["run"]
