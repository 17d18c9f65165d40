"""A sweep on this machine with a real training, too long for `make test`; it needs no SLURM."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from tests.slurm.cluster import Desk, training

from kirie.cli import main as kirie
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


def _said(out: Out) -> Any:
    return json.loads(out.readouterr().out.splitlines()[-1])
