"""Offline runs reach W&B whole, once, by W&B's own client; a sweep's become prior runs of a sweep there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import wandb
import yaml
from tests.runlog.conftest import server as server
from tests.runlog.test_start import CONFIG
from tests.runlog.wandb_server import WandbServer

from kirie import cli
from kirie.cluster.lease import Lease
from kirie.core import files
from kirie.core.run import RunFolder
from kirie.runlog.start import end_log, start_log
from kirie.sweep.companion import Companion
from kirie.sweep.folder import SweepFolder
from kirie.sweep.ledger import Ledger
from kirie.sweep.space import Space
from kirie.sweep.spec import SweepSpec

PROJECT = "kirie-tests"

SWEEP = """\
method: random
metric: {name: val/miou, goal: maximize}
parameters: {optimizer.lr: {distribution: uniform, min: 0.1, max: 0.2}}
command: [kirie, train, "${args_no_hyphens}"]
run_cap: 3
"""


def _train(runs: Path, run_id: str, *steps: int) -> RunFolder:
    """An offline run, or a further segment of one."""
    run = RunFolder(runs / run_id)
    logger, _ = start_log({**CONFIG, "sweep": "night"}, run, run_id, {})
    for step in steps:
        logger.log_metrics({"val/miou": step / 16}, step)
    end_log(logger, 0)
    # Its process writes the rest of the file at its own end
    wandb.teardown()
    files.write_text(run.config, f"log: {{name: wandb, project: {PROJECT}}}\n")
    return run


def _sync(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    assert cli.main(["sync", *words, "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def test_all_segments_of_a_run_arrive_once(
    server: WandbServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two segments are one curve; a repeat sends nothing, and what was trained since is sent alone.

    A sweep that the shell happens to name is not taken for the runs' own.
    """
    monkeypatch.chdir(tmp_path)
    runs = tmp_path / "runs"
    _train(runs, "0123456789ab", 4, 8)
    _train(runs, "0123456789ab", 12)
    monkeypatch.setenv("WANDB_SWEEP_ID", "of-another")
    assert _sync(capsys) == {"uploaded": ["0123456789ab"], "before": [], "training": []}
    stored = server.backend.runs["0123456789ab"]
    assert [row["val/miou"] for row in stored.history] == [0.25, 0.5, 0.75]
    assert (stored.project, json.loads(stored.latest("config"))["sweep"]["value"]) == (PROJECT, "night")
    asked = len(server.backend.asked)
    assert _sync(capsys) == {"uploaded": [], "before": ["0123456789ab"], "training": []}
    assert len(server.backend.asked) == asked
    monkeypatch.delenv("WANDB_SWEEP_ID")
    # A run that is being trained waits, whatever else is sent
    lease = Lease.take(_train(runs, "ba9876543210", 4), job=None, is_alive=lambda _job, _restarts: None)
    assert _sync(capsys, str(runs)) == {"uploaded": [], "before": ["0123456789ab"], "training": ["ba9876543210"]}
    lease.release()


def test_what_cannot_be_uploaded_is_told_in_a_sentence(
    server: WandbServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No folder, no key, no server, and a server that refuses: the run waits for the next time."""
    monkeypatch.chdir(tmp_path)
    assert _sync(capsys, code=2) == {"error": "There is no folder runs; name a folder of runs, or a run."}
    _train(tmp_path / "runs", "0123456789ab", 4)
    with monkeypatch.context() as patch:
        patch.delenv("WANDB_API_KEY")
        patch.setenv("NETRC", str(tmp_path / "none"))
        assert "needs a key and a server: no W&B key" in _sync(capsys, code=2)["error"]
    server.backend.forget("UpsertBucket")
    error = _sync(capsys, code=2)["error"]
    assert error.startswith("1 run did not reach W&B (0123456789ab): Error initializing run:")
    assert error.endswith("0 did; repeat the command for the rest.")
    server.close()
    assert "cannot be reached" in _sync(capsys, code=2)["error"]


def test_a_sweeps_runs_become_prior_runs(
    server: WandbServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Runs of trials with a value are uploaded and attached, no others; what ends later joins the same sweep."""
    monkeypatch.chdir(tmp_path)
    ids = ["00000000000a", "00000000000b"]
    for run_id in (*ids, "ffffffffffff"):
        _train(tmp_path / "runs", run_id, 4)
    (tmp_path / "rates.yaml").write_text(SWEEP, encoding="utf-8")
    spec = SweepSpec.read(tmp_path / "rates.yaml")
    companion = Companion.read(None, spec)
    ledger = Ledger.create(SweepFolder(tmp_path / "sweeps/night"), spec, companion, Space(spec, companion), 3, 0)

    assert "has a run log in runs" in _sync(capsys, "--sweep", "night", code=2)["error"]
    _finish(ledger, ids[0])
    found = _sync(capsys, "--sweep", "night")
    (sweep,) = server.backend.sweeps.all.values()
    assert (found["sweep"], found["prior_runs"], found["uploaded"]) == (sweep.path, ids[:1], ids[:1])
    assert (sweep.prior, sweep.project) == (ids[:1], PROJECT)
    assert sweep.config == yaml.safe_load(SWEEP)
    assert list(server.backend.runs) == ids[:1]

    _finish(ledger, ids[1])
    found = _sync(capsys, "--sweep", "night")
    assert (found["sweep"], found["prior_runs"], found["before"]) == (sweep.path, ids[:2], ids[:1])
    assert list(server.backend.sweeps.all) == [sweep.name]
    assert sorted(set(sweep.prior)) == ids[:2]


def _finish(ledger: Ledger, run_id: str) -> None:
    claim = ledger.claim("here")
    assert claim is not None
    claim.begin(run_id)
    claim.finish([0.25])
