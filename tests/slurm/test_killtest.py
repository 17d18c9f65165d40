"""The kill test in its short form: a real training, killed without warning and by signals, ends as if nothing was.

It needs no SLURM. It stands here because it takes a minute, which `make test` has not.
"""

from __future__ import annotations

import importlib.util
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from kirie.core.run import RunFolder

PATH = Path(__file__).resolve().parents[2] / "benchmarks" / "killtest.py"


def _load() -> Any:
    """The program as a module; it is in no package."""
    spec = importlib.util.spec_from_file_location("killtest", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up
    sys.modules["killtest"] = module
    spec.loader.exec_module(module)
    return module


KILLTEST = _load()


def test_three_kills() -> None:
    """SIGKILL, SIGTERM and SIGUSR1: weights to the bit, each logged step once, the same scores and no traceback."""
    words = [sys.executable, str(PATH), "--kills", "3", "--epochs", "2", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=900)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["equal"] is True, found
    assert found["kills"] == sum(found["ends"].values()) == 3
    assert found["exit_codes"] is True
    assert not any(name.endswith(" 0") for name in found["ends"])
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("name", "in_training", "at_start"),
    [
        ("SIGKILL", {-9}, {-9}),
        ("SIGUSR1", {138}, {138, -10}),
        ("SIGTERM", {143}, {143, -15}),
        ("SIGINT", {130}, {130, -2}),
    ],
)
def test_an_exit_code_that_is_not_the_signals_is_seen(name: str, in_training: set[int], at_start: set[int]) -> None:
    """A SIGUSR1 that nobody catches ends Python with -10: right only before the program can have caught it."""
    sign = signal.Signals[name]
    codes = {0, 1, 2, 75, 130, 137, 138, 143, -2, -9, -10, -11, -15}
    assert {code for code in codes if KILLTEST.ended_well(sign, code, early=False)} == in_training
    assert {code for code in codes if KILLTEST.ended_well(sign, code, early=True)} == at_start


@pytest.mark.parametrize("change", ["exp_avg", "lr", "last_epoch"])
def test_a_difference_is_seen(tmp_path: Path, change: str) -> None:
    """One bit of the optimizer's moments, a learning rate, a counter of the schedule: each is named."""
    runs = [RunFolder(tmp_path / name) for name in ("whole", "killed")]
    for run, changed in zip(runs, (None, change), strict=True):
        run.checkpoints.mkdir(parents=True)
        moments = {"exp_avg": torch.tensor([1.0, 2.0 + (changed == "exp_avg") * 2.0**-20])}
        optimizer = {"state": {0: moments}, "param_groups": [{"lr": 0.1 + (changed == "lr") * 1e-9}]}
        content = {
            "state_dict": {"weight": torch.ones(2)},
            "optimizer_states": [optimizer],
            "lr_schedulers": [{"last_epoch": 3 + (changed == "last_epoch")}],
            "callbacks": {"best": {"dirpath": str(run.path), "best_model_score": torch.tensor(0.5)}},
        }
        torch.save(content, run.best)
        torch.save(content, run.resume_point(7, "0" * 16))
    assert KILLTEST.differing_parts(runs[0], runs[0]) == []
    assert {name.rpartition("/")[2] for name in KILLTEST.differing_parts(*runs)} == {change}
