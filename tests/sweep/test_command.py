"""`kirie sweep` before anything is trained: what is planned, what is sent, and sentences for what is wrong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kirie.cli import main as kirie
from kirie.cluster.fake import FakeScheduler
from kirie.core.run import RunFolder
from kirie.sweep.folder import SweepFolder
from kirie.sweep.ledger import Ledger
from kirie.sweep.record import SweepRecord
from kirie.sweep.submit_command import main as submit
from kirie.train.compose import config_folder

Out = pytest.CaptureFixture[str]


@pytest.fixture
def sweep_file(tmp_path: Path, shapes_store: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes a sweep file over the smallest real training, in the current folder."""
    monkeypatch.chdir(tmp_path)

    def write(**more: Any) -> Path:
        words = [
            *("kirie", "train", "model.encoder=tu-mobilenetv3_small_050", "augment=none", "trainer=cpu"),
            *("trainer.threads=1", "log=none", "train.epochs=1", "data.batch_size=8", f"data.store={shapes_store}"),
        ]
        content = {
            "method": "grid",
            "metric": {"name": "val/miou", "goal": "maximize"},
            "command": [*words, "${args_no_hyphens}"],
            "parameters": {"seed": {"values": [1]}},
        }
        file = tmp_path / "tiny.yaml"
        file.write_text(json.dumps(content | more), encoding="utf-8")
        return file

    return write


def _said(out: Out) -> Any:
    return json.loads(out.readouterr().out.splitlines()[-1])


def test_a_dry_run_starts_nothing(sweep_file: Callable[..., Path], tmp_path: Path, capsys: Out) -> None:
    """The first commands, and for a cluster the batch script; no folder is made."""
    file = str(sweep_file())
    assert kirie(["sweep", file, "--dry-run", "--json"]) == 0
    found = _said(capsys)
    assert found["total"] == 1
    assert found["commands"][0][-1] == "seed=1"
    assert submit([file, "cluster=local", "workers=3", "--dry-run", "--json"], FakeScheduler()) == 0
    script = _said(capsys)["script"]
    assert "--signal=B:USR1@30" in script
    assert f"-m kirie sweep work {tmp_path}/sweeps/tiny" in script
    assert not (tmp_path / "sweeps").exists()


def test_workers_are_sent_as_an_array(sweep_file: Callable[..., Path], capsys: Out) -> None:
    """One array of so many tasks; a companion's resources fill the script in, the command line counts before them."""
    file = sweep_file()
    file.with_name("tiny.local.yaml").write_text("resources: {cpus: 3, time: '2:00:00', workers: 5}")
    scheduler = FakeScheduler()
    assert submit([str(file), "cluster=local", "--json"], scheduler) == 0
    found = _said(capsys)
    assert (found["workers"], scheduler.words[found["job"]]) == (5, ("--array=0-4",))
    script = scheduler.scripts[found["job"]]
    assert "--cpus-per-task=3" in script
    assert "--time=2:00:00" in script
    assert submit([str(file), "cluster=local", "workers=2", "time=30", "--json"], scheduler) == 0
    found = _said(capsys)
    assert scheduler.words[found["job"]] == ("--array=0-1",)
    assert "--time=30" in scheduler.scripts[found["job"]]


def test_a_trial_of_several_processes_is_started_by_srun(sweep_file: Callable[..., Path], capsys: Out) -> None:
    """The worker stays in the batch script and starts each trial on all nodes; in a container it cannot."""
    file = str(sweep_file())
    assert submit([file, "cluster=local", "nodes=2", "--dry-run", "--json"], FakeScheduler()) == 0
    assert "--launch 'srun --disable-status --kill-on-bad-exit=0" in _said(capsys)["script"]
    words = [file, "cluster=local", "nodes=2", "cluster.container=[apptainer]", "--dry-run"]
    assert kirie(["submit", "sweep", *words]) == 2
    assert "which a container (cluster.container) has not" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["status", "tinny"], "There is no sweep 'tinny' in sweeps."),
        (["work", "tinny"], "`kirie sweep FILE` starts one"),
        (["tiny.yaml", "--budget", "soon"], "--budget"),
        (["tiny.yaml", "--trials", "0"], "--trials is 0; allowed is a whole number from 1."),
        (["tiny.yaml", "--name", "../up"], "is no name for a sweep"),
        (["tiny.yaml", "workers=x"], "'workers=x' is no number"),
        (["tiny.yaml", "cluster=local"], "add --launcher slurm"),
        (["tiny.yaml", "--launcher", "slurm", "cluster=local", "model=fpn"], "'model=fpn' is no word of a cluster"),
        (["missing.yaml"], "missing.yaml"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    sweep_file: Callable[..., Path], capsys: Out, words: list[str], said: str
) -> None:
    """Exit code 2, and nothing is written."""
    file = sweep_file()
    assert kirie(["sweep", *words]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err
    assert not (file.parent / "sweeps").exists()


def test_a_dry_run_refuses_what_the_start_would(sweep_file: Callable[..., Path], capsys: Out) -> None:
    """A method that only W&B's scheduler runs."""
    file = sweep_file(method="custom", scheduler={"engine": "optuna"}, run_cap=3)
    assert kirie(["sweep", str(file), "--dry-run"]) == 2
    assert "has `method: custom`" in capsys.readouterr().err


def test_a_dry_run_says_of_a_name_that_is_taken_what_the_start_would(
    sweep_file: Callable[..., Path], tmp_path: Path, capsys: Out
) -> None:
    """Another sweep is refused and, with --renew, would be put aside, if nobody works for it; the same one goes on.
    Whatever it says, nothing is written."""
    file = str(sweep_file())
    assert submit([file, "cluster=local", "--json"], FakeScheduler()) == 0
    folder = SweepFolder(tmp_path / "sweeps" / "tiny")
    capsys.readouterr()
    before = _files(tmp_path / "sweeps")
    assert kirie(["sweep", file, "--dry-run"]) == 0
    assert "goes on with sweep tiny: 0 of 1 trials ended (1 waiting)" in capsys.readouterr().out
    claim = Ledger.open(folder).claim("w")
    assert claim is not None
    claim.begin("run")
    claim.finish([0.5])
    assert kirie(["sweep", file, "--dry-run"]) == 0
    assert "(trial 0); over\n`kirie sweep best tiny` shows the best trials" in capsys.readouterr().out
    assert kirie(["sweep", file, "--budget", "1h", "--dry-run", "--json"]) == 0
    assert _said(capsys)["there"]["over"] is True
    (tmp_path / "sweeps" / "thesis").mkdir()
    (tmp_path / "sweeps" / "thesis" / "thesis.tex").write_text("work")
    assert kirie(["sweep", file, "--name", "thesis", "--dry-run"]) == 2
    assert "is no sweep: it holds thesis.tex" in capsys.readouterr().err

    sweep_file(parameters={"seed": {"values": [1, 2]}})
    before = _files(tmp_path / "sweeps")
    assert kirie(["sweep", file, "--dry-run"]) == 2
    assert "There is another sweep 'tiny'" in capsys.readouterr().err
    assert kirie(["sweep", file, "--renew", "--dry-run", "--json"]) == 0
    assert "there" not in _said(capsys)
    assert _files(tmp_path / "sweeps") == before


def test_a_folder_of_configuration_is_remembered(sweep_file: Callable[..., Path], tmp_path: Path, capsys: Out) -> None:
    """The workers of a sweep and its printed command have the folder that it was begun with; a sweep elsewhere is told
    by it, and the folder may be named anew."""
    shutil.copytree(config_folder(), tmp_path / "mine")
    recipe = tmp_path / "mine" / "experiment" / "mine.yaml"
    recipe.write_text("# @package _global_\nmodel: {encoder: tu-mobilenetv3_small_050}\n")
    file = sweep_file()
    content = json.loads(file.read_text())
    content["command"][2:2] = ["experiment=mine"]
    file.write_text(json.dumps(content))
    (tmp_path / "work").mkdir()
    words = [str(file), "--config-dir", "mine", "cluster=local", "--json"]
    assert submit(words, FakeScheduler()) == 0
    folder = SweepFolder(tmp_path / "sweeps" / "tiny")
    assert SweepRecord.read(folder).config_dir == str(tmp_path / "mine")
    claim = Ledger.open(folder).claim("w")
    assert claim is not None
    claim.begin("run")
    claim.finish([0.5])
    capsys.readouterr()
    assert kirie(["sweep", "best", "tiny", "--json"]) == 0
    found = _said(capsys)
    assert found["command"].endswith(f" --config-dir {tmp_path}/mine")
    assert len(found["now"]) == 12

    (tmp_path / "mine").rename(tmp_path / "moved")
    assert kirie(["sweep", "best", "tiny", "--json"]) == 0
    assert f"No configuration: {tmp_path}/mine has no train.yaml" in _said(capsys)["why"]
    assert kirie(["sweep", str(file), "--dry-run"]) == 2
    assert "There is no experiment 'mine'" in capsys.readouterr().err
    words[2] = "moved"
    assert submit(words, FakeScheduler()) == 0
    assert SweepRecord.read(folder).config_dir == str(tmp_path / "moved")


def test_a_start_goes_on_where_only_unused_files_were_changed(
    sweep_file: Callable[..., Path], tmp_path: Path, capsys: Out
) -> None:
    """A recipe is added, a model that is not swept edited, an editor's lock left behind: the same sweep. A file of one
    of the two models that are swept is edited: another one. The folder is kept by its plain name."""
    shutil.copytree(config_folder(), tmp_path / "mine")
    (tmp_path / "mine" / "experiment" / "dated.yaml").write_text("since: 2026-01-02\n")
    (tmp_path / "work").mkdir()
    models = {"model": {"values": ["fpn", "unet"]}}
    words = [str(sweep_file(parameters=models)), "--config-dir", "work/../mine", "cluster=local", "--json"]
    assert submit(words, FakeScheduler()) == 0
    record = SweepRecord.read(SweepFolder(tmp_path / "sweeps" / "tiny"))
    assert record.config_dir == str((tmp_path / "mine").resolve())
    model = tmp_path / "mine" / "model"
    (tmp_path / "mine" / "experiment" / "other.yaml").write_text("# @package _global_\ntrain: {epochs: 2}\n")
    (tmp_path / "mine" / "experiment" / "dated.yaml").write_text("since: 2026-01-03\n")
    (model / ".#unet.yaml").symlink_to("somebody@a-machine.1234")
    (model / "pan.yaml").write_text("name: pan\n")
    assert submit(words, FakeScheduler()) == 0
    assert SweepRecord.read(SweepFolder(tmp_path / "sweeps" / "tiny")) == record
    capsys.readouterr()
    for name in ("fpn", "unet"):
        before = (model / f"{name}.yaml").read_text()
        (model / f"{name}.yaml").write_text(before.replace("encoder: resnet18", "encoder: resnet34"))
        assert kirie(["sweep", *words[:3], "--dry-run"]) == 2
        assert f"the configuration was another (model/{name}.yaml)" in capsys.readouterr().err
        (model / f"{name}.yaml").write_text(before)


def test_the_best_run_is_had_without_its_store(
    sweep_file: Callable[..., Path], tmp_path: Path, shapes_store: Path, capsys: Out
) -> None:
    """By the ledger's record, where data are others by now or gone; a run that is gone is named."""
    shutil.copytree(shapes_store, tmp_path / "store")
    file = sweep_file()
    file.write_text(file.read_text().replace(str(shapes_store), "store"))
    assert submit([str(file), "cluster=local"], FakeScheduler()) == 0
    claim = Ledger.open(SweepFolder(tmp_path / "sweeps" / "tiny")).claim("w")
    assert claim is not None
    claim.begin("0123456789ab")
    claim.finish([0.5])
    run = RunFolder(tmp_path / "runs" / "0123456789ab")
    for path in run.copied()[:4]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    shutil.rmtree(tmp_path / "store")
    capsys.readouterr()
    assert kirie(["sweep", "best", "tiny", "--out", "best", "--json"]) == 0
    found = _said(capsys)
    assert (found["run"], found["now"]) == ("0123456789ab", None)
    assert "data.store=store" in found["command"]
    assert "store" in found["why"]
    assert RunFolder(tmp_path / "best").record.is_file()
    shutil.rmtree(tmp_path / "runs")
    assert kirie(["sweep", "best", "tiny", "--out", "again"]) == 2
    err = capsys.readouterr().err
    assert "is not in runs/0123456789ab: it was removed" in err
    assert f"This trains it again: {found['command']}" in err
    assert not (tmp_path / "again").exists()


def _files(place: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}


def test_a_search_without_an_end_is_refused(sweep_file: Callable[..., Path], capsys: Out) -> None:
    """Random over an infinite space: trials or a budget."""
    file = sweep_file(method="random", parameters={"optimizer.lr": {"min": 0.001, "max": 0.01}})
    assert kirie(["sweep", str(file)]) == 2
    assert "has no end" in capsys.readouterr().err


def test_sweeps_are_no_group_of_the_configuration(capsys: Out) -> None:
    """conf/sweep holds sweep files, and `kirie train sweep=...` is no override."""
    assert (config_folder() / "sweep").is_dir()
    assert kirie(["train", "+sweep=architectures"]) == 2
    assert "sweep" not in capsys.readouterr().err.partition("Allowed are")[2]
