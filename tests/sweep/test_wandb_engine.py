"""`--engine wandb` refuses what W&B cannot do before it registers anything, and registers a file once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.runlog.conftest import server as server
from tests.runlog.wandb_backend import StoredRun
from tests.runlog.wandb_server import WandbServer

from kirie import cli
from kirie.errors import SweepError
from kirie.sweep.folder import SweepFolder
from kirie.sweep.spec import SweepSpec
from kirie.sweep.sweeps import find_sweep
from kirie.sweep.wandb_sweep import WandbSweep, registered, states_of_runs

SWEEP = """\
method: grid
metric: {name: val/miou, goal: maximize}
parameters: {optimizer.lr: {values: [0.001, 0.002]}}
command: [kirie, train, "${args_no_hyphens}", data.store=STORE]
"""


@pytest.fixture
def file(tmp_path: Path, shapes_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sweep file in a working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "rates.yaml"
    path.write_text(SWEEP.replace("STORE", str(shapes_store)), encoding="utf-8")
    return path


def _sweep(capsys: pytest.CaptureFixture[str], *words: str, code: int) -> dict[str, Any]:
    capsys.readouterr()
    assert cli.main(["sweep", *words, "--engine", "wandb", "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


@pytest.mark.parametrize("words", [["--trials", "3"], ["--budget", "8h"], ["--seed", "3"], ["--no-reuse"]])
def test_options_of_the_local_engine_are_refused(
    words: list[str], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """W&B would pass over them, and the user would not know."""
    error = _sweep(capsys, file.name, *words, code=2)["error"]
    assert error.startswith(words[0])
    assert error.endswith("leave it out, or use --engine local.")


def test_offline_nothing_is_written(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a server one sentence says what is needed, and no folder is left behind."""
    error = _sweep(capsys, file.name, code=2)["error"]
    assert error == (
        "A sweep is registered at W&B, which needs a key and a server: WANDB_MODE=offline. See `wandb login`."
    )
    assert not (file.parent / "sweeps").exists()


def test_a_file_is_registered_once(file: Path, server: WandbServer) -> None:
    """A repeat goes on with the same sweep at W&B; a changed file needs a name of its own."""
    spec, folder = SweepSpec.read(file), SweepFolder(file.parent / "sweeps" / "rates.wandb")
    made, new = registered(spec, folder, project="of-the-run-log", entity=None)
    (stored,) = server.backend.sweeps.all.values()
    assert new
    assert (made.path, made.project) == (stored.path, "of-the-run-log")
    assert registered(spec, folder, project="of-the-run-log", entity=None) == (made, False)
    assert WandbSweep.read(folder) == made
    assert list(server.backend.sweeps.all) == [made.id]
    with pytest.raises(SweepError, match=rf"'rates' was started at W&B, which shows how it stands: {made.url}"):
        find_sweep("rates", folder.path.parent)
    file.write_text(file.read_text(encoding="utf-8").replace("grid", "random"), encoding="utf-8")
    with pytest.raises(SweepError, match=rf"was registered at W&B as {made.path} when its method was another.*--name"):
        registered(SweepSpec.read(file), folder, project="of-the-run-log", entity=None)


def test_runs_are_counted_by_what_became_of_them(file: Path, server: WandbServer) -> None:
    """A run that died is not one that finished, and a run of another sweep is none of this one's."""
    made, _ = registered(SweepSpec.read(file), SweepFolder(file.parent / "rates.wandb"), project="kirie", entity=None)
    for name, sweep, codes in (("a", made.id, [0]), ("b", made.id, [1]), ("c", made.id, [1, 0]), ("d", "other", [0])):
        server.backend.runs[name] = StoredRun(name, "kirie", [{"sweep": sweep}], exit_codes=codes)
    assert states_of_runs(made) == {"finished": 2, "failed": 1}


def test_a_sweep_that_wandb_refuses_is_told_in_a_sentence(file: Path, server: WandbServer) -> None:
    """The server's own words, and no note of a sweep that is not there."""
    server.backend.forget("UpsertSweep")
    folder = SweepFolder(file.parent / "sweeps" / "rates.wandb")
    with pytest.raises(SweepError, match=r"W&B did not take the sweep: .*no answer to UpsertSweep"):
        registered(SweepSpec.read(file), folder, project="kirie", entity=None)
    assert not folder.wandb.exists()
