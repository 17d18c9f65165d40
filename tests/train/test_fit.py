"""A training from configuration to scores: identity, resume to the bit, and what is left behind."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from kirie.core.resume import resume_points
from kirie.core.run import RunFolder
from kirie.errors import ConfigError, Interrupted, RunError
from kirie.tasks import load_run
from kirie.tasks.semantic import SemanticTask
from kirie.train import fit as fit_module
from kirie.train.progress import EpochLines

Compose = Callable[..., dict[str, Any]]


def _weights(run: RunFolder) -> dict[str, torch.Tensor]:
    """The resume checkpoint's weights: those of the last step, whichever epoch was best."""
    found: dict[str, torch.Tensor] = torch.load(resume_points(run)[0].path, weights_only=True)["state_dict"]
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


@pytest.mark.parametrize(
    "word",
    ["++augment.name=5", "++loss.terms.dice=5", "++optimizer.lr=-1", "++schedule.warmup=2", "++trainer.strategy=abc"],
)
def test_a_wrong_group_is_found_before_the_data(tiny: Compose, tmp_path: Path, word: str) -> None:
    """No store is asked for, and no run folder is left that says "failed"."""
    config = tiny(f"runs={tmp_path / 'runs'}", f"data.store={tmp_path / 'nowhere'}", word)
    with pytest.raises(ConfigError):
        fit_module.fit(config, quiet=True)
    assert not (tmp_path / "runs").exists()


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


def test_a_torn_resume_point_is_passed_over(tiny: Compose, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The newest is cut short, as by a crash: one warning line, and the one before it leads to the same end."""
    config = tiny(f"runs={tmp_path}", "seed=6")
    run = fit_module.fit(config, quiet=True)
    before, scores = _weights(run), run.read_metrics()
    newest, older = resume_points(run)
    newest.path.write_bytes(newest.path.read_bytes()[:-1])
    record = json.loads(run.record.read_text()) | {"state": "running"}
    run.record.write_text(json.dumps(record))
    fit_module.fit(config)
    said = capsys.readouterr().err
    assert f"resumed at step {older.step}" in said
    assert said.count("warning:") == 1
    assert f"{newest.path} is torn" in said
    assert all(torch.equal(value, before[name]) for name, value in _weights(run).items())
    assert run.read_metrics() == scores


@pytest.fixture(scope="module")
def three_epochs(tiny: Compose, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], RunFolder]:
    """A finished training whose last epoch is its best."""
    config = tiny(f"runs={tmp_path_factory.mktemp('three')}", "seed=6", "train.epochs=3", "optimizer.lr=1e-3")
    run = fit_module.fit(config, quiet=True)
    return config, run


def _damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x40
    path.write_bytes(content)


@pytest.mark.parametrize("how", [_damage, Path.unlink], ids=["one bit", "removed"])
def test_a_lost_best_checkpoint_is_made_again(
    three_epochs: tuple[dict[str, Any], RunFolder],
    how: Callable[[Path], object],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Found before anything is scored: one warning, back to the point before it was written, and the same scores."""
    config, whole = three_epochs
    run = _unfinished(whole, tmp_path)
    how(run.best)
    older = resume_points(run)[1]
    fit_module.fit(config | {"runs": str(tmp_path)})
    said = capsys.readouterr().err
    assert f"resumed at step {older.step}" in said
    assert said.count("warning:") == 1
    assert f"the training goes back to step {older.step}" in said
    assert run.read_metrics() == whole.read_metrics()
    before = _weights(whole)
    assert all(torch.equal(value, before[name]) for name, value in _weights(run).items())


def test_a_best_checkpoint_that_nothing_makes_again_is_told(
    three_epochs: tuple[dict[str, Any], RunFolder], tmp_path: Path
) -> None:
    """All points are from after it: one sentence that says what to do, and nothing scored."""
    config, whole = three_epochs
    run = _unfinished(whole, tmp_path)
    resume_points(run)[1].path.unlink()
    _damage(run.best)
    with pytest.raises(RunError, match=f"is damaged.*remove {run.path} to train this run again"):
        fit_module.fit(config | {"runs": str(tmp_path)}, quiet=True)
    assert not run.metrics.exists()


def test_a_best_checkpoint_damaged_while_training_is_not_scored(
    tiny: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checked right before it is read."""
    run_trainer = fit_module._run_trainer

    def then_damage(*arguments: Any) -> None:
        run_trainer(*arguments)
        _damage(RunFolder(next(tmp_path.iterdir())).best)

    monkeypatch.setattr(fit_module, "_run_trainer", then_damage)
    with pytest.raises(RunError, match=r"best\.ckpt is damaged, so nothing was scored"):
        fit_module.fit(tiny(f"runs={tmp_path}", "train.epochs=1"), quiet=True)


def _unfinished(whole: RunFolder, folder: Path) -> RunFolder:
    """A copy of a finished run as it was before it was scored."""
    run = RunFolder(folder / whole.path.name)
    shutil.copytree(whole.path, run.path)
    run.metrics.unlink()
    run.record.write_text(json.dumps(json.loads(run.record.read_text()) | {"state": "running"}))
    return run


def test_a_pair_that_cannot_work_fails_before_data_is_touched(tiny: Compose, tmp_path: Path) -> None:
    """The model is checked before the store is opened: the missing store is not what is complained about."""
    config = tiny(f"runs={tmp_path}", "model=dpt", "model.encoder=resnet18", f"data.store={tmp_path / 'none'}")
    with pytest.raises(ConfigError, match=r"conf/model/dpt\.yaml"):
        fit_module.fit(config, quiet=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_loss_that_is_no_number_stops_the_run(
    tiny: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accumulate: int
) -> None:
    """The step and its pictures are named, the record says "failed", and no checkpoint has learnt from it."""
    losses, calls = SemanticTask.losses, iter(range(100))

    def broken(self: SemanticTask, *arguments: Any) -> dict[str, torch.Tensor]:
        found = losses(self, *arguments)
        return {"loss": found["loss"] * torch.nan} if next(calls) == 1 else found

    monkeypatch.setattr(SemanticTask, "losses", broken)
    config = tiny(f"runs={tmp_path}", "data.batch_size=4", f"train.accumulate={accumulate}")
    with pytest.raises(RunError, match=r"The loss of step \d \(epoch 1\) is nan .* shape-\d+, shape-\d+") as caught:
        fit_module.fit(config, quiet=True)
    assert caught.value.exit_code == 2
    run = RunFolder(next(tmp_path.iterdir()))
    assert run.read_record()["state"] == "failed"
    assert resume_points(run) == []
    assert not run.best.exists()
