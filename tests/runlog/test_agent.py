"""Under `wandb agent` the log goes into the run that W&B made for the trial, whole, and only while W&B is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import wandb
from tests.runlog.test_start import CONFIG
from tests.runlog.wandb_server import WandbServer
from tests.runlog.wandb_sweeps import StoredSweep

from kirie.core.run import RunFolder
from kirie.runlog.agent import exit_code, given_run
from kirie.runlog.logged import highest_steps, rows_of_others
from kirie.runlog.start import end_log, start_log

RUN_ID = "0123456789ab"
GIVEN = "a1b2c3d4"


def give(server: WandbServer, monkeypatch: pytest.MonkeyPatch) -> StoredSweep:
    """Sets what an agent sets for a trial of a sweep on the server."""
    sweep = StoredSweep("sweep000", "somebody", "of-the-sweep", {"method": "random", "parameters": {}})
    sweep.given[GIVEN] = {"model": "fpn", "optimizer.lr": 0.25}
    server.backend.sweeps.all[sweep.name] = sweep
    for name, value in {
        "WANDB_SWEEP_ID": sweep.name,
        "WANDB_RUN_ID": GIVEN,
        "WANDB_PROJECT": sweep.project,
        "WANDB_ENTITY": sweep.entity,
    }.items():
        monkeypatch.setenv(name, value)
    return sweep


def test_a_trial_gets_the_whole_curve_of_a_training_begun_by_hand(
    server: WandbServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Rows logged before under kirie's own id come first, each step once; the folder knows both W&B runs."""
    run = RunFolder(tmp_path / RUN_ID)
    config = {**CONFIG, "mode": "offline", "sweep": "by-hand"}
    logger, _ = start_log(config, run, RUN_ID, {})
    logger.log_metrics({"val/miou": 0.5, "epoch": 0}, 4)
    logger.log_metrics({"val/miou": 0.75, "epoch": 1}, 8)
    end_log(logger, 143)
    wandb.teardown()

    sweep = give(server, monkeypatch)
    logger, where = start_log({**CONFIG, "mode": "auto"}, run, RUN_ID, {"run_id": RUN_ID, "model": {"name": "fpn"}})
    assert where.startswith("online")
    logger.log_metrics({"val/miou": 0.75}, 8)
    logger.log_metrics({"val/miou": 0.875}, 12)
    end_log(logger, 0)
    wandb.teardown()
    assert list(server.backend.runs) == [GIVEN]
    stored = server.backend.runs[GIVEN]
    assert stored.project == sweep.project
    assert [(row["trainer/global_step"], row["val/miou"]) for row in stored.history] == [
        (4, 0.5),
        (8, 0.75),
        (12, 0.875),
    ]
    assert json.loads(stored.latest("config"))["run_id"]["value"] == RUN_ID
    assert highest_steps(run, RUN_ID)["val/miou"] == 8
    assert [step for _, step in rows_of_others(run, RUN_ID)] == [4, 8, 12]


def test_offline_a_trial_is_a_run_like_any_other(
    server: WandbServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It has kirie's id and names no sweep, and its user is told; the agent's variables are left as they were."""
    give(server, monkeypatch)
    run = RunFolder(tmp_path / RUN_ID)
    logger, where = start_log({**CONFIG, "sweep": "night"}, run, RUN_ID, {})
    assert where.endswith("the agent's sweep hears nothing of this run")
    assert (logger.experiment.id, logger.experiment.sweep_id, logger.experiment.config["sweep"]) == (
        RUN_ID,
        None,
        "night",
    )
    end_log(logger, 0)
    assert given_run() == GIVEN
    assert server.backend.runs == {}


def test_being_stopped_is_no_failure_to_an_agent() -> None:
    """A code that is not a stop is kept, and without an agent every code is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_SWEEP_ID", "sweep000")
        patch.setenv("WANDB_RUN_ID", GIVEN)
        assert [exit_code(code) for code in (143, 130, 75, 2)] == [0, 0, 75, 2]
        patch.delenv("WANDB_SWEEP_ID")
        assert exit_code(143) == 143
        assert given_run() is None
