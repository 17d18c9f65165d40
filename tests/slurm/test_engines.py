"""One sweep file, run by W&B's agents and by kirie's own workers: the same trial is the same run.

The agent and the client are W&B's own; the server is the one on the loopback. The training is real. It needs no SLURM,
and stands here because five processes with torch are more than `make test` has time for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.runlog.wandb_server import KEY, WandbServer

from kirie.sweep.folder import SweepFolder
from kirie.sweep.ledger import Ledger

RATE = 0.002


@pytest.fixture(scope="module")
def server() -> Iterator[WandbServer]:
    """A W&B server."""
    with WandbServer() as listening:
        yield listening


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, tiny_overrides: list[str]) -> Path:
    """A working folder with a sweep file of one trial."""
    place = tmp_path_factory.mktemp("engines")
    fixed = [word for word in tiny_overrides if not word.startswith(("log=", "train.epochs="))]
    content = {
        "name": "rates",
        "method": "grid",
        "metric": {"name": "val/miou", "goal": "maximize"},
        "parameters": {"optimizer.lr": {"values": [RATE]}, "loss": {"value": "cross_entropy"}},
        "command": ["kirie", "train", "${args_no_hyphens}", *fixed, "train.epochs=2", "log.pictures=0"],
    }
    (place / "rates.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return place


def _environ(place: Path, server: WandbServer | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "SLURM_"))}
    folders = {f"WANDB_{name}_DIR": str(place / name.lower()) for name in ("CONFIG", "CACHE", "DATA")}
    online = {"WANDB_MODE": "offline"} if server is None else {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": KEY}
    return kept | folders | online | {"WANDB_ERROR_REPORTING": "false"}


def _kirie(place: Path, server: WandbServer | None, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "kirie", *words, "--json"],
        cwd=place,
        env=_environ(place, server),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    logs = "\n".join(path.read_text(encoding="utf-8") for path in place.glob("sweeps/*/workers/*.log"))
    assert done.returncode == 0, f"{done.stderr}\n{logs}"
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_trial_of_wandbs_agent_is_a_run_that_the_local_engine_knows(place: Path, server: WandbServer) -> None:
    """The agent's trial trains and reports; the local engine takes its score over: W&B's best value."""
    found = _kirie(place, server, "sweep", "rates.yaml", "--engine", "wandb")
    (sweep,) = server.backend.sweeps.all.values()
    assert (found["sweep"], found["state"], found["states"]) == (sweep.path, "FINISHED", {"finished": 1})
    # The file as it is: nothing added, nothing left out
    assert sweep.config == yaml.safe_load((place / "rates.yaml").read_text(encoding="utf-8"))
    ((given, parameters),) = sweep.given.items()
    assert parameters == {"optimizer.lr": RATE, "loss": "cross_entropy"}
    stored = server.backend.runs[given]
    assert stored.exit_codes == [0]
    assert stored.project == "kirie"
    curve = [row["val/miou"] for row in stored.history if "val/miou" in row]
    assert len(curve) == 2
    config = {key: entry["value"] for key, entry in json.loads(stored.latest("config")).items()}
    (run,) = (place / "runs").iterdir()
    assert (config["run_id"], config["optimizer.lr"]) == (run.name, RATE)

    _kirie(place, None, "sweep", "rates.yaml")
    (trial,) = Ledger.open(SweepFolder(place / "sweeps" / "rates")).trials()
    assert (trial.state, trial.run, trial.reused) == ("finished", run.name, True)
    assert trial.value == pytest.approx(max(curve), abs=1e-6)
    assert [path.name for path in (place / "runs").iterdir()] == [run.name]
