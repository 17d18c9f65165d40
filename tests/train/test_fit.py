"""A training from configuration to scores: identity, resume to the bit, and what is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from kirie.core.run import RunFolder
from kirie.errors import ConfigError, Interrupted, RunError
from kirie.tasks import load_run
from kirie.train import fit as fit_module
from kirie.train.progress import EpochLines

Compose = Callable[..., dict[str, Any]]


def _weights(run: RunFolder) -> dict[str, torch.Tensor]:
    """The resume checkpoint's weights: those of the last step, whichever epoch was best."""
    found: dict[str, torch.Tensor] = torch.load(run.last, weights_only=True)["state_dict"]
    return found


def test_a_run_leaves_all_its_files_and_is_not_trained_twice(
    tiny: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scores, tables, history, checkpoints and record are there; the same configuration answers from the folder."""
    config = tiny(f"runs={tmp_path}")
    run = fit_module.fit(config, quiet=True)
    assert run.path.parent == tmp_path
    record = run.read_record()
    assert (record["id"], record["state"], record["resumed"]) == (run.path.name, "done", 0)
    assert record["made_of"].keys() == {"config", "data", "code", "seed"}
    found = run.read_metrics()
    assert set(found) == {"val", "test"}
    assert run.read_table("val").scores() == found["val"]
    assert len(run.history.read_text().splitlines()) == 1 + config["train"]["epochs"]
    model, about, labels = load_run(run)
    assert (about["run"], labels.names, model.training) == (record["id"], ("background", "disc", "box"), False)

    monkeypatch.setattr(fit_module, "build_task", lambda *_: pytest.fail("trained again"))
    assert fit_module.fit(config, quiet=True).path == run.path


@pytest.mark.parametrize("more", [[], ["train.ema_decay=0.9", "model=deeplabv3plus", "train.accumulate=2"]])
def test_a_killed_run_ends_with_the_weights_of_one_never_interrupted(
    tiny: Compose, tiny_overrides: list[str], more: list[str], tmp_path: Path
) -> None:
    """SIGKILL in the middle, resume: every weight equals the uninterrupted run's, to the bit, dropout and EMA too."""
    epochs = ["train.epochs=3", *more]
    whole = fit_module.fit(tiny(*epochs, f"runs={tmp_path / 'whole'}"), quiet=True)

    killed = tmp_path / "killed" / whole.path.name
    words = [sys.executable, "-m", "kirie", "train", *tiny_overrides, *epochs, f"runs={killed.parent}"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + 200
        while not (killed / "checkpoints" / "last.ckpt").exists():
            assert process.poll() is None, "the training ended before it could be killed"
            assert time.monotonic() < deadline, "no checkpoint was ever written"
            time.sleep(0.01)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert json.loads((killed / "run.json").read_text())["state"] == "running"

    resumed = fit_module.fit(tiny(*epochs, f"runs={killed.parent}"), quiet=True)
    assert resumed.path == killed
    assert resumed.read_record()["resumed"] == 1
    expected, found = _weights(whole), _weights(resumed)
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        assert torch.equal(tensor, found[name]), name
    assert resumed.read_metrics() == whole.read_metrics()
    assert resumed.history.read_text() == whole.history.read_text()


def test_sigterm_records_the_interruption(tiny: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM ends with exit code 143, a record that says so, and a run that goes on."""
    config = tiny(f"runs={tmp_path}", "seed=5")
    before = EpochLines.on_validation_end

    def stop_after_an_epoch(self: EpochLines, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        before(self, trainer, pl_module)
        if trainer.current_epoch == 1:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(EpochLines, "on_validation_end", stop_after_an_epoch)
    with pytest.raises(Interrupted) as caught:
        fit_module.fit(config, quiet=True)
    assert caught.value.exit_code == 143
    run = RunFolder(next(tmp_path.iterdir()))
    assert run.read_record()["state"] == "interrupted"
    monkeypatch.undo()
    assert fit_module.fit(config, quiet=True).read_record()["state"] == "done"


def test_a_damaged_resume_checkpoint_is_named(tiny: Compose, tmp_path: Path) -> None:
    """A checkpoint that is not one is not loaded and not overwritten."""
    config = tiny(f"runs={tmp_path}", "seed=6")
    run = fit_module.fit(config, quiet=True)
    run.last.write_bytes(b"not a checkpoint")
    record = json.loads(run.record.read_text()) | {"state": "running"}
    run.record.write_text(json.dumps(record))
    with pytest.raises(RunError, match=r"last\.ckpt is no checkpoint"):
        fit_module.fit(config, quiet=True)
    assert run.last.read_bytes() == b"not a checkpoint"


def test_a_pair_that_cannot_work_fails_before_data_is_touched(tiny: Compose, tmp_path: Path) -> None:
    """The model is checked before the store is opened: the missing store is not what is complained about."""
    config = tiny(f"runs={tmp_path}", "model=dpt", "model.encoder=resnet18", f"data.store={tmp_path / 'none'}")
    with pytest.raises(ConfigError, match=r"conf/model/dpt\.yaml"):
        fit_module.fit(config, quiet=True)
    assert list(tmp_path.iterdir()) == []
