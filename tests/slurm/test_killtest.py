"""The kill test in its short form: a real training, killed without warning and by signals, ends as if nothing was.

It needs no SLURM. It stands here because it takes a minute, which `make test` has not.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from kirie.core.run import RunFolder

KILLTEST = Path(__file__).resolve().parents[2] / "benchmarks" / "killtest.py"


def test_three_kills() -> None:
    """SIGKILL, SIGTERM and SIGUSR1: weights to the bit, each logged step once, the same scores and no traceback."""
    words = [sys.executable, str(KILLTEST), "--kills", "3", "--epochs", "2", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=280)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["equal"] is True, found
    assert found["kills"] == sum(found["ends"].values()) == 3
    assert not any(name.endswith(" 0") for name in found["ends"])
    assert done.returncode == 0


@pytest.mark.parametrize("change", ["exp_avg", "lr", "last_epoch"])
def test_a_difference_is_seen(tmp_path: Path, change: str) -> None:
    """One bit of the optimizer's moments, a learning rate, a counter of the schedule: each is named."""
    spec = importlib.util.spec_from_file_location("killtest", KILLTEST)
    assert spec is not None
    assert spec.loader is not None
    killtest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(killtest)
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
    assert killtest.differing_parts(runs[0], runs[0]) == []
    assert {name.rpartition("/")[2] for name in killtest.differing_parts(*runs)} == {change}
