"""A run that is done tells an agent's W&B run what it came to, instead of being trained again."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runlog.conftest import server as server
from tests.runlog.test_agent import GIVEN, give
from tests.runlog.test_start import CONFIG
from tests.runlog.wandb_server import WandbServer

from kirie.core import files
from kirie.core.run import RunFolder
from kirie.train.retell import retell

RUN_ID = "0123456789ab"


def _done(tmp_path: Path) -> RunFolder:
    """A finished run that was trained without a run log."""
    run = RunFolder(tmp_path / RUN_ID)
    run.path.mkdir()
    files.write_json(run.record, {"id": RUN_ID, "name": "unet-0123", "state": "done"})
    files.write_json(run.metrics, {"val": {"miou": 0.75, "per_label": {}}, "test": {"miou": 0.5, "per_label": {}}})
    rows = "epoch,step,train_loss,val_loss,val_miou,val_dice\n1,4,nan,0.5,0.25,0.375\n2,8,0.25,0.5,0.75,0.875\n"
    files.write_text(run.history, rows)
    return run


def test_curve_and_scores_reach_the_trials_run(
    server: WandbServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The metric has its value at every step, so that the sweep's search learns from it; it ends as finished."""
    run = _done(tmp_path)
    give(server, monkeypatch)
    where = retell({"log": {**CONFIG, "mode": "auto"}, "seed": 1}, run)
    assert where is not None
    assert where.startswith("online")
    stored = server.backend.runs[GIVEN]
    curve = [(row["trainer/global_step"], row["val/miou"]) for row in stored.history if "val/miou" in row]
    assert curve == [(4, 0.25), (8, 0.75)]
    assert "train/loss" not in stored.history[0]
    assert stored.history[-1]["val/final/miou"] == 0.75
    assert stored.exit_codes == [0]


def test_without_a_run_log_nothing_is_told(tmp_path: Path) -> None:
    """log=none asks for no W&B run, under an agent too."""
    assert retell({"log": {"name": "none"}}, _done(tmp_path)) is None
