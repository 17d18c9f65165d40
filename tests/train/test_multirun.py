"""Plain Hydra multirun through the one training entry; on SLURM it is tested in tests/slurm."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kirie.core.run import RunFolder
from kirie.prepare.store import Store
from kirie.train import multirun
from kirie.train.compose import compose_config, config_folder
from kirie.train.identify import identify


def test_a_combination_is_the_run_of_kirie_train(
    tiny_overrides: list[str], shapes_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the id that `kirie train` would give it; the result is the best validation score."""
    monkeypatch.chdir(tmp_path)
    scores: list[float | None] = []
    train = multirun.train
    monkeypatch.setattr(multirun, "train", lambda config: scores.append(train(config)))
    words = [*tiny_overrides, "train.epochs=1", "train.metric=dice", f"runs={tmp_path / 'runs'}"]
    monkeypatch.setattr(sys, "argv", ["multirun", "-m", *words, "seed=2"])
    assert multirun.main() == 0
    config = compose_config([*words, "seed=2"], config_folder())
    run = RunFolder(tmp_path / "runs" / identify(config, Store.open(shapes_store).fingerprint).id)
    assert scores == [run.read_metrics()["val"]["dice"]]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model=unett"], "There is no model 'unett'. Did you mean 'unet'?"),
        (["train.epochs=0"], "train.epochs is 0"),
        (["data.store=nowhere"], "nowhere"),
        (["data.store=名 (1)/st"], "名 (1)/st"),
        (["data.store=名,b"], "override 'data.store=名,b' cannot be read"),
        (["+foo.bar=1"], "has no setting foo"),
        (["train.epochz=1"], "There is no setting 'train.epochz'"),
        (["seed=[1"], "override 'seed=[1' cannot be read"),
    ],
)
def test_a_mistake_is_a_sentence_and_exit_code_2(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Hydra's way through the code is not printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["multirun", "-m", "log=none", *words])
    assert multirun.main() == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
