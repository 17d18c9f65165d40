"""Workers among others: who stays, who leaves, and what Ctrl+C does, with real processes."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kirie.cli import main as kirie
from kirie.cluster.lease import Lease
from kirie.errors import SweepError
from kirie.sweep.aside import PutAsideError, put_aside
from kirie.sweep.attempts import read_attempts
from kirie.sweep.companion import Companion
from kirie.sweep.composed import files_of
from kirie.sweep.devices import Share
from kirie.sweep.folder import SweepFolder
from kirie.sweep.ground import Ground, GroundError
from kirie.sweep.ledger import Ledger
from kirie.sweep.plan import Setting
from kirie.sweep.space import Space
from kirie.sweep.spec import SweepSpec
from kirie.sweep.stopping import ask_to_stop, asked_to_stop, take_back
from kirie.sweep.worker import work
from kirie.train.compose import config_folder

LOGS = """#!/bin/bash
id=$(grep -o '"id": *"[^"]*"' sweeps/one/journal.log | tail -1 | cut -d'"' -f4)
mkdir -p runs/$id; cd runs/$id
printf 'epoch,step,%s\\n1,10,0.5\\n' $METRIC > history.csv
echo "{\\"id\\": \\"$id\\", \\"state\\": \\"done\\"}" > run.json
"""

DEAF = """#!/bin/bash
trap 'echo heard >> heard' INT USR2
echo $$ > started
while :; do sleep 0.05; done
"""


@pytest.fixture
def setting(tmp_path: Path, shapes_store: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Setting]:
    """Makes a sweep of two trials in the current folder, whose training is a script by the name of kirie."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METRIC", "val_miou")

    def make(script: str, companion: str = "") -> Setting:
        program = tmp_path / "bin" / "kirie"
        program.parent.mkdir()
        program.write_text(script)
        program.chmod(0o755)
        file = tmp_path / "one.yaml"
        content = {
            "method": "grid",
            "metric": {"name": "val/miou", "goal": "maximize"},
            "command": [str(program), "train", "log=none", f"data.store={shapes_store}", "${args_no_hyphens}"],
            "parameters": {"seed": {"values": [1, 2]}},
        }
        file.write_text(json.dumps(content))
        spec = SweepSpec.read(file)
        beside = tmp_path / "one.local.yaml"
        if companion:
            beside.write_text(companion)
        found = Companion.read(beside if companion else None, spec)
        return Setting(SweepFolder(tmp_path / "sweeps" / "one"), spec, found, Share())

    return make


def _open(setting: Setting) -> Ledger:
    return Ledger.create(setting.folder, setting.spec, setting.companion, Space(setting.spec, setting.companion), 2, 0)


def test_a_worker_works_until_nothing_is_left(setting: Callable[..., Setting]) -> None:
    """And says of each trial what became of it."""
    made = setting(LOGS)
    ledger = _open(made)
    said: list[str] = []
    worked = work(made, say=said.append)
    assert (worked.outcomes, worked.over) == ({"finished": 2}, True)
    assert [line.partition(" after")[0] for line in said] == ["trial 0: finished", "trial 1: finished"]
    assert [trial.state for trial in ledger.trials()] == ["finished", "finished"]
    assert len({trial.run for trial in ledger.trials()}) == 2


def test_a_metric_that_nobody_logs_stops_all_workers(
    setting: Callable[..., Setting], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first trial, which is given back; a start of the sweep takes the marker away."""
    made = setting(LOGS)
    ledger = _open(made)
    monkeypatch.setenv("METRIC", "val_dice")
    with pytest.raises(SweepError, match=r"'val/miou' was not logged by run .* it logged val/dice"):
        work(made, say=_nothing)
    assert asked_to_stop(made.folder) == "now"
    assert {trial.state for trial in ledger.trials()} <= {"interrupted", "waiting"}
    take_back(made.folder)
    assert asked_to_stop(made.folder) is None


def test_a_configuration_that_breaks_costs_no_trial(setting: Callable[..., Setting], tmp_path: Path) -> None:
    """A file that is half edited, or a folder that was moved: the worker ends with a sentence, the trial waits."""
    shutil.copytree(config_folder(), tmp_path / "mine")
    mine = tmp_path / "mine"
    made = replace(setting(LOGS), config_dir=mine, ground=Ground.of([], mine, files_of([], mine) or ()))
    ledger = _open(made)
    train = tmp_path / "mine" / "train.yaml"
    before = train.read_text()
    train.write_text(before.replace("epochs: 40", "epochs: soon"))
    with pytest.raises(GroundError, match=r"the configuration was another \(train.yaml\)"):
        work(made, say=_nothing)
    train.write_text(before)
    (mine / "train.yaml").write_text("defaults:\n  - model: [unet")
    with pytest.raises(GroundError, match=r"the configuration was another \(train.yaml\)"):
        work(made, say=_nothing)
    train.write_text(before)
    (tmp_path / "mine" / "model" / "unet.yaml").write_text("name: [unet")
    for gone in (False, True):
        if gone:
            (tmp_path / "mine" / "model" / "unet.yaml").unlink()
        with pytest.raises(GroundError, match=r"the configuration was another \(model/unet.yaml\)"):
            work(made, say=_nothing)
    (tmp_path / "mine").rename(tmp_path / "moved")
    with pytest.raises(GroundError, match=r"No configuration: .*mine has no train.yaml"):
        work(made, say=_nothing)
    assert {trial.state for trial in ledger.trials()} <= {"interrupted", "waiting"}
    assert not any(trial.error for trial in ledger.trials())


def test_a_machine_where_nothing_composes_costs_no_trial(
    setting: Callable[..., Setting], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file is another, but a variable that the configuration names is not set here."""
    mine = tmp_path / "mine"
    shutil.copytree(config_folder(), mine)
    train = mine / "train.yaml"
    train.write_text(train.read_text().replace("epochs: 40", "epochs: ${oc.decode:${oc.env:EPOCHS_OF_ALL}}"))
    ground = Ground.of([], mine, files_of([], mine) or (), ["seed=1"])
    made = replace(setting(LOGS), config_dir=mine, ground=ground)
    ledger = _open(made)
    with pytest.raises(GroundError, match=r"cannot be gone on with here\. .*EPOCHS_OF_ALL"):
        work(made, say=_nothing)
    assert {trial.state for trial in ledger.trials()} <= {"interrupted", "waiting"}
    assert not any(trial.error for trial in ledger.trials())
    monkeypatch.setenv("EPOCHS_OF_ALL", "1")
    assert work(made, say=_nothing).outcomes == {"finished": 2}


SLIPS = """#!/bin/bash
if [ -n "$SLIP" ]; then
  printf 'threads: [1' > $SLIP
  echo "kirie: this is no YAML" >&2
  exit 2
fi
"""


@pytest.mark.parametrize(
    "name",
    ["trainer/auto.yaml", *(pytest.param(name, marks=pytest.mark.long) for name in ("log/none.yaml", "train.yaml"))],
)
def test_a_slip_while_a_trial_begins_is_no_failure_of_it(
    setting: Callable[..., Setting],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    """Of a sweep with its own process of a worker: the trial's training meets the broken file, and fails; the worker
    ends with a sentence, the trial waits, and no attempt counts. With the file given back the sweep ends."""
    mine = tmp_path / "mine"
    shutil.copytree(config_folder(), mine)
    made = setting(SLIPS + LOGS.replace("#!/bin/bash\n", ""))
    before = (mine / name).read_text()
    monkeypatch.setenv("SLIP", str(mine / name))
    # The script logs into `runs`, and knows no option
    words = ["sweep", "one.yaml", "--workers", "1", "--config-dir", "mine"]
    assert kirie(words) == 2
    assert f"the configuration was another ({name})" in capsys.readouterr().err
    ledger = Ledger.open(made.folder)
    assert [trial.state for trial in ledger.trials()] == ["interrupted", "waiting"]
    assert [one.exit for one in read_attempts(made.folder.trial(0))] == ["given back"]
    monkeypatch.delenv("SLIP")
    (mine / name).write_text(before)
    assert kirie(words) == 0
    assert [trial.state for trial in ledger.trials()] == ["finished", "finished"]


def test_only_files_that_a_trial_is_composed_from_count(setting: Callable[..., Setting], tmp_path: Path) -> None:
    """Of two models that are swept one is edited, and a recipe and a third model that nobody uses: the trial of the
    other model is trained, that one's waits, and the sentence names its file alone."""
    mine = tmp_path / "mine"
    shutil.copytree(config_folder(), mine)
    made = setting(LOGS)
    parameters = {"model": {"values": ["fpn", "unet"]}}
    content = json.loads(made.spec.path.read_text()) | {"parameters": parameters}
    made.spec.path.write_text(json.dumps(content))
    used = (files_of(["model=fpn"], mine) or frozenset()) | (files_of([], mine) or frozenset())
    made = replace(made, spec=SweepSpec.read(made.spec.path), config_dir=mine, ground=Ground.of([], mine, used))
    ledger = _open(made)
    (mine / "experiment" / "other.yaml").write_text("# @package _global_\ntrain: {epochs: [")
    (mine / "experiment" / "starter.yaml").write_text("# @package _global_\ntrain: {epochs: 3}")
    (mine / "model" / "pan.yaml").unlink()
    unet = (mine / "model" / "unet.yaml").read_text()
    (mine / "model" / "unet.yaml").write_text(unet.replace("encoder: resnet", "encoder: se_resnet"))
    with pytest.raises(GroundError, match=r"the configuration was another \(model/unet.yaml\)"):
        work(made, say=_nothing)
    assert [trial.state for trial in ledger.trials()] == ["finished", "interrupted"]
    assert not any(trial.error for trial in ledger.trials())
    (mine / "model" / "unet.yaml").write_text(unet)
    assert work(made, say=_nothing).outcomes == {"finished": 1}


def test_an_objective_that_nobody_logs_stops_all_workers(setting: Callable[..., Setting]) -> None:
    """It is the one that is named, though the sweep's own metric is logged; no trial has failed for it."""
    goal = "goal: minimize"
    made = setting(LOGS, f"objectives: [{{name: val/miou, goal: maximize}}, {{name: val/cost, {goal}}}]")
    ledger = _open(made)
    with pytest.raises(SweepError, match=r"'val/cost' was not logged by run .* it logged val/miou.*in its companion"):
        work(made, say=_nothing)
    assert {trial.state for trial in ledger.trials()} <= {"interrupted", "waiting"}


FAILS = """#!/bin/bash
echo "kirie: the letters are too small" >&2
exit 2
"""


def test_a_sweep_of_which_all_trials_failed_is_an_error(
    setting: Callable[..., Setting], capsys: pytest.CaptureFixture[str]
) -> None:
    """For scripts and pipelines, now and when it is repeated; with the reason."""
    setting(FAILS, "attempts: 1")
    for _ in range(2):
        assert kirie(["sweep", "one.yaml", "--workers", "1"]) == 2
        line = capsys.readouterr().err.splitlines()[-1]
        assert "2 failed" in line
        assert "all trials failed, the last one because: the letters are too small" in line


def test_of_those_without_a_trial_one_stays(setting: Callable[..., Setting]) -> None:
    """Both trials are with others, and another worker is the keeper already: this one leaves at once."""
    made = setting(LOGS)
    ledger = _open(made)
    claims = [ledger.claim("another"), ledger.claim("another")]
    keeper = Lease.take(made.folder.keeper, job=None, is_alive=lambda *_: None)
    worked = work(made, say=_nothing)
    assert (worked.outcomes, worked.over) == ({}, False)
    keeper.release()
    for claim in claims:
        assert claim is not None
        claim.give_back()
    assert work(made, say=_nothing).outcomes == {"finished": 2}


def test_a_sweep_that_is_stopped_gets_no_worker(setting: Callable[..., Setting]) -> None:
    """The marker says so until the sweep is started again."""
    made = setting(LOGS)
    _open(made)
    ask_to_stop(made.folder, "finish")
    assert work(made, say=_nothing).outcomes == {}


def test_a_worker_whose_sweep_was_put_aside_says_so(setting: Callable[..., Setting], tmp_path: Path) -> None:
    """Between its two trials another sweep takes the name: a true sentence that says where the old one lies with the
    trial that was trained, and the new one is as it was."""
    made = setting(LOGS)
    _open(made)
    new = Setting(made.folder, replace(made.spec, method="random"), made.companion, made.share)
    before: dict[Path, bytes] = {}

    def renew(_line: str) -> None:
        put_aside(made.folder)
        _open(new)
        before.update(_files(made.folder))

    with pytest.raises(PutAsideError) as caught:
        work(made, say=renew)
    assert f"put aside as {made.folder.path}.1, with all its trials" in str(caught.value)
    assert "damaged" not in str(caught.value)
    assert _files(made.folder) == before
    old = Ledger.open(SweepFolder(made.folder.path.with_name("one.1")))
    assert [trial.state for trial in old.trials()] == ["finished", "waiting"]
    assert {trial.state for trial in Ledger.open(made.folder).trials()} == {"waiting"}


@pytest.mark.long
def test_ctrl_c_once_hands_on_and_twice_kills(setting: Callable[..., Setting], tmp_path: Path) -> None:
    """The trial hears of the first; the second leaves neither worker nor trial, and the trial is there to take up."""
    made = setting(DEAF)
    words = [sys.executable, "-m", "kirie", "sweep", "one.yaml", "--workers", "1"]
    with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as command:
        _until((tmp_path / "started").is_file)
        command.send_signal(signal.SIGINT)
        _until((tmp_path / "heard").is_file)
        assert command.poll() is None
        command.send_signal(signal.SIGINT)
        _, said = command.communicate(timeout=60)
    assert command.returncode == 130, said
    assert "Ctrl+C again kills them" in said
    assert "was stopped by SIGINT" in said
    trial = Path(f"/proc/{(tmp_path / 'started').read_text().strip()}")
    _until(lambda: not trial.exists() or ") Z " in (trial / "stat").read_text())
    assert [one.state for one in Ledger.open(made.folder).trials()] == ["interrupted", "waiting"]


def _files(folder: SweepFolder) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}


def _nothing(_line: str) -> None:
    """Says nothing."""


def _until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 90
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)
