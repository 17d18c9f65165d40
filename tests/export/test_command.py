"""`kirie export` from a trained run's folder to a bundle, by its words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from kirie.cli import main
from kirie.core.bundle import Manifest
from kirie.models import build_model
from kirie.prepare.store import Store

from .conftest import LABELS, MakeRun, smooth_pictures, table_of


def prepared(folder: Path) -> Store:
    """A store as `kirie prepare` writes it, of five pictures with one polygon each."""
    data = folder / "data"
    data.mkdir()
    (data / "labels.yaml").write_text(json.dumps(LABELS.to_dict(), ensure_ascii=False), encoding="utf-8")
    for at, pixels in enumerate(smooth_pictures(5, (64, 64))):
        Image.fromarray(pixels).save(data / f"{at}.png")
        outline = [[5.0, 5.0], [40.0, 8.0], [30.0, 50.0 - at]]
        shape = {"label": LABELS.names[1 + at % 2], "points": outline, "shape_type": "polygon", "group_id": None}
        content: dict[str, object] = {
            "version": "5.5.0",
            "flags": {},
            "shapes": [{**shape, "flags": {}}],
            "imagePath": f"{at}.png",
            "imageData": None,
            "imageHeight": 64,
            "imageWidth": 64,
            "split": ("train", "train", "val", "val", "test")[at],
        }
        (data / f"{at}.json").write_text(json.dumps(content), encoding="utf-8")
    assert main(["prepare", str(data), "--out", str(folder / "out" / "store"), "--size", "64", "--workers", "1"]) == 0
    return Store.open(folder / "out" / "store")


@pytest.fixture
def project(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Path:
    """A prepared store and a run with a real checkpoint under their usual names; the current folder."""
    store = prepared(tmp_path)
    run = make_run("out/train/linknet", "a1", table_of(0.8, labels=LABELS.names), data=store.fingerprint)
    config = {"name": "linknet", "encoder": "resnet18", "weights": "none", "image_size": [64, 64]}
    mean, std = list(store.mean), list(store.std)
    torch.manual_seed(0)
    model = build_model(config, 3, mean, std)
    about = {
        "run": "a1",
        "labels": LABELS.to_dict(),
        "model": config,
        "mean": mean,
        "std": std,
        "data": store.fingerprint,
    }
    weights = {f"model.{name}": value for name, value in model.state_dict().items()}
    torch.save({"kirie": about, "state_dict": weights}, run.best)
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    return tmp_path


def test_the_chosen_run_becomes_a_bundle(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """select, then export --best, give a bundle of the run, its scores and the gate's table as JSON."""
    assert main(["select", "out/train", "--resamples", "100", "--json"]) == 0
    capsys.readouterr()
    assert main(["export", "--best", "out/best.json", "--fixed-size", "--json"]) == 0
    shown = capsys.readouterr()
    content = json.loads(shown.out)
    assert shown.err == ""
    manifest = Manifest.read(project / "out" / "bundle")
    assert (content["run"], content["sha256"]) == ("a1", manifest.sha256) == (manifest.run, manifest.sha256)
    assert manifest.labels == LABELS
    assert manifest.scores["val"]["miou"] == table_of(0.8, labels=LABELS.names).scores()["miou"]
    (attempt,) = content["gate"]["attempts"]
    assert attempt["passes"]
    assert {trial["images"] for trial in attempt["trials"]} == {2}


def test_a_person_sees_the_gate(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `--json` the comparisons are a table, and the place of the bundle is said."""
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["export", "out/train/linknet", "--fixed-size", "--labels-only", "--out", "out/here"]) == 0
    shown = capsys.readouterr().out
    for words in ("The gate: linknet of run a1", "equal labels", "64 x 64", "The bundle is in out/here"):
        assert words in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "either a run folder or --best FILE"),
        (["out/train/linknet", "--best", "out/best.json"], "either a run folder or --best FILE"),
        (["out/train/linknet", "--gate-images", "0"], "--gate-images is 0"),
        (["out/train/nothing"], "not a run folder"),
        (["--best", "out/none.json"], "is not there"),
        (["out/train/linknet", "--store", "out/none"], "no store in out/none"),
        (["out/train/linknet", "--out", "data"], "so it is not replaced"),
    ],
)
def test_mistakes_end_in_a_sentence(
    project: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    """Exit code 2, one sentence, and no bundle."""
    assert main(["export", *words]) == 2
    assert message in capsys.readouterr().err
    assert not (project / "out" / "bundle").exists()
