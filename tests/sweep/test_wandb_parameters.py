"""A trial's run has its parameters by the sweep's own names, read by W&B's client as under an agent."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from kirie.sweep.spec import SweepSpec
from kirie.sweep.wandb_parameters import write_parameters

SWEEP = """\
method: random
parameters:
  model: {values: [fpn, unet]}
  optimizer.lr: {min: 0.1, max: 0.2}
  train: {parameters: {epochs: {value: 3}, more: {parameters: {depth: {value: null}}}}}
"""

CLIENT = """\
import json, sys, wandb
run = wandb.init(mode="offline", dir=sys.argv[1], config={"model": {"name": "fpn"}, "seed": 1},
                 settings=wandb.Settings(silent=True, console="off"))
print(json.dumps(dict(run.config)))
run.finish()
"""


def test_the_client_reads_what_is_written(tmp_path: Path) -> None:
    """Dotted names stay whole, nested ones are nested, and the run's own settings stand beside them."""
    spec = SweepSpec.parse(SWEEP, tmp_path / "sweep.yaml")
    params = {"model": "fpn", "optimizer.lr": 0.125, "train.epochs": 3, "train.more.depth": None}
    environ = write_parameters(tmp_path / "trial" / "parameters.yaml", params, spec.parameters)
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, str(tmp_path)],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "model": "fpn",
        "optimizer.lr": 0.125,
        "train": {"epochs": 3, "more": {"depth": None}},
        "seed": 1,
    }
