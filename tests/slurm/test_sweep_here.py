"""A sweep on this machine with a real training, too long for `make test`; it needs no SLURM."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.slurm.cluster import Desk, training

from kirie.cli import main as kirie
from kirie.core.run import RunFolder
from kirie.prepare.store import Store
from kirie.prepare.writer import write_store
from kirie.sweep.start_command import main as start

Out = pytest.CaptureFixture[str]


def test_a_sweep_from_its_file_to_its_best_run(desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: Out) -> None:
    """Trained once; again it is over; another sweep takes the score over; status, best and list tell it; select ranks
    the trial's run like any other."""
    monkeypatch.chdir(desk.folder)
    words = [*training(desk.store), "train.epochs=1"]
    content = {
        "method": "grid",
        "metric": {"name": "val/miou", "goal": "maximize"},
        "command": ["kirie", "train", *words, "${args_no_hyphens}"],
        "parameters": {"seed": {"values": [1]}},
    }
    file = "tiny.yaml"
    Path(file).write_text(json.dumps(content), encoding="utf-8")
    assert start([file, "--json"]) == 0
    found = _said(capsys)
    assert (found["counts"]["finished"], found["over"]) == (1, True)
    (trial,) = found["trials"]
    assert trial["reused"] is False

    assert start([file, "--name", "other", "--json"]) == 0
    (other,) = _said(capsys)["trials"]
    assert (other["reused"], other["run"], other["values"]) == (True, trial["run"], trial["values"])

    assert kirie(["sweep", "best", "tiny", "--out", "out/train/sweep-tiny", "--json"]) == 0
    best = _said(capsys)
    assert (best["run"], best["trial"]) == (trial["run"], 0)
    assert best["command"].endswith(" seed=1")
    assert kirie(best["command"].split()[1:]) == 0
    assert f"run {trial['run']} was already done" in capsys.readouterr().out
    assert kirie(["sweep", "best", "tiny", "--top", "0"]) == 2
    assert "--top is 0; allowed is a whole number from 1" in capsys.readouterr().err
    assert kirie(["sweep", "status", "tiny"]) == 0
    assert "sweep tiny: 1 of 1 trials ended (1 finished); best val/miou" in capsys.readouterr().out
    assert kirie(["sweep", "list", "--json"]) == 0
    assert [entry["sweep"] for entry in _said(capsys)["sweeps"]] == ["other", "tiny"]
    assert kirie(["select", "runs", "out/train", "--out", "best.json", "--json"]) == 0
    assert _said(capsys)["run"] == trial["run"]


def test_a_sweep_of_its_own_runs_names_them(desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: Out) -> None:
    """With --no-reuse the best run's command finds it where it lies, and trains nothing."""
    monkeypatch.chdir(desk.folder)
    words = [*training(desk.store), "train.epochs=1"]
    content = {
        "method": "grid",
        "metric": {"name": "val/miou", "goal": "maximize"},
        "command": ["kirie", "train", *words, "${args_no_hyphens}"],
        "parameters": {"seed": {"values": [5]}},
    }
    Path("own.yaml").write_text(json.dumps(content), encoding="utf-8")
    assert start(["own.yaml", "--no-reuse", "--json"]) == 0
    (trial,) = _said(capsys)["trials"]
    assert kirie(["sweep", "best", "own", "--json"]) == 0
    best = _said(capsys)
    assert kirie(shlex.split(best["command"])[1:]) == 0
    assert f"run {trial['run']} was already done" in capsys.readouterr().out


def test_the_pipelines_sweep_begins_anew_when_its_ground_changes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    """The stage's own commands: on other data, or with an edited file, there is no stale best run and no error; what is
    the same is not trained again; select ranks what it leaves."""
    monkeypatch.chdir(desk.folder)
    shutil.copytree(desk.store, "store")
    content = {
        "method": "grid",
        "metric": {"name": "val/miou", "goal": "maximize"},
        "command": ["kirie", "train", *training(Path("store")), "train.epochs=1", "${args_no_hyphens}"],
        "parameters": {"seed": {"values": [7]}},
    }
    commands = ["sweep stage.yaml --name stage --renew", "sweep best stage --out out/train/stage"]

    def stage(seeds: list[int]) -> list[str]:
        content["parameters"] = {"seed": {"values": seeds}}
        Path("stage.yaml").write_text(json.dumps(content), encoding="utf-8")
        assert [kirie([*words.split(), "--json"]) for words in commands] == [0, 0]
        capsys.readouterr()
        assert kirie(["sweep", "status", "stage", "--json"]) == 0
        trials = _said(capsys)["trials"]
        assert RunFolder(Path("out/train/stage")).read_record()["id"] in [trial["run"] for trial in trials]
        return [trial["run"] for trial in trials if not trial["reused"]]

    (first,) = stage([7])
    assert stage([7]) == [first]
    (second,) = stage([7, 8])
    assert second != first
    shutil.rmtree("store")
    old = Store.open(desk.store)
    source = old.split("train")
    splits = ["train"] * 8 + ["val"] * 2 + ["test"] * 2
    samples = [(f"p{at}", split, source.image(0), source.target(0)) for at, split in enumerate(splits)]
    write_store(Path("store"), old.labels, samples)
    assert not {first, second} & set(stage([7, 8]))
    assert kirie(["select", "out/train", "--out", "best.json"]) == 0
    capsys.readouterr()
    assert sorted(path.name for path in Path("sweeps").iterdir()) == ["stage", "stage.1", "stage.2"]


def _said(out: Out) -> Any:
    return json.loads(out.readouterr().out.splitlines()[-1])
