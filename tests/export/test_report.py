"""`kirie report` tells what the pipeline's stages left, and which stage is missing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kirie.cli import main
from kirie.core.run import RunFolder
from kirie.errors import RunError
from kirie.export.bundle import export_bundle
from kirie.export.onnx import Provenance
from kirie.export.report import gather
from kirie.models import Segmenter

from .conftest import DATA, LABELS, MakeRun, MakeStore, as_good, painted, table_of
from .small_detector import SmallDetector


@pytest.fixture
def out(make_run: MakeRun, make_store: MakeStore, segmenter: Segmenter, tmp_path: Path) -> Path:
    """The folder of a finished pipeline: two runs, the choice, a real bundle, the parts of one picture."""
    good = table_of(0.8)
    for name, run, table, parameters in (("large", "a1", good, 9e6), ("small", "b2", as_good(good), 2e6)):
        make_run(f"out/train/{name}", run, table)
        speed = {"parameters": parameters, "latency_ms": 10.0, "images_per_s": 9.5}
        folder: RunFolder = make_run(f"out/evaluate/{name}", run, table, speed=speed, checkpoint=False)
        scores = folder.read_metrics()["val"]
        folder.metrics.write_text(json.dumps({"val": scores, "test": scores | {"miou": 0.25}}), encoding="utf-8")
    place = tmp_path / "out"
    words = [str(place / "train"), str(place / "evaluate"), "--out", str(place / "best.json"), "--resamples", "100"]
    assert main(["select", *words]) == 0
    export_bundle(segmenter, LABELS, make_store(), place / "bundle", Provenance("b2", DATA))
    (place / "parts" / "girl").mkdir(parents=True)
    (place / "parts" / "girl" / "parts.json").write_text("{}", encoding="utf-8")
    return place


def test_the_report_has_scores_choice_gate_and_parts(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each number comes from the stage that measured it."""
    capsys.readouterr()
    assert main(["report", str(out), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [row["run"] for row in content["models"]] == ["a1", "b2"]
    assert content["models"][1]["parameters"] == 2e6
    assert content["models"][1]["test"]["miou"] == 0.25
    assert content["chosen"] == "b2"
    assert content["reason"] == json.loads((out / "best.json").read_text(encoding="utf-8"))["reason"]
    assert content["export"]["gate"]["attempts"][-1]["passes"]
    assert content["parts"] == [str(out / "parts" / "girl")]

    assert main(["report", str(out)]) == 0
    text = capsys.readouterr().out
    for word in ("bound.", "0.2500", "2.00 M", "9.5", "Export gate", "64 x 64", "passes", "parts/girl"):
        assert word in text
    assert len([line for line in text.splitlines() if "→" in line and "small" in line]) == 1


def test_the_report_ends_with_what_else_there_is(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bundles beside the best one, the frozen comparison where there is one, and the command that compares."""
    assert main(["report", str(out)]) == 0
    text = capsys.readouterr().out
    assert text.endswith("`kirie board` compares the runs on a local page.\n")
    assert "Exported beside it" not in text

    shutil.copytree(out / "bundle", out / "bundles" / "instances")
    (out / "report.html").write_text("", encoding="utf-8")
    assert main(["report", str(out)]) == 0
    text = capsys.readouterr().out
    assert f"Exported beside it: {out / 'bundles' / 'instances'}\n" in text
    assert text.endswith(f"on a local page; {out / 'report.html'} is a frozen copy of it.\n")


def test_what_was_not_chosen_from_is_not_told(out: Path, make_run: MakeRun) -> None:
    """A model that was taken out of the pipeline leaves its folders behind."""
    make_run("out/evaluate/former", "c3", table_of(0.9), checkpoint=False)
    assert [row["run"] for row in gather(out)["models"]] == ["a1", "b2"]


def test_a_model_of_instances_stands_beside_one_of_pixels(
    out: Path, detector: SmallDetector, make_store: MakeStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its mAP has a column, which the other leaves empty; the gate's table tells of detections."""
    folder = RunFolder(out / "evaluate" / "small")
    found = folder.read_metrics()
    for split, value in (("val", 0.4375), ("test", None)):
        found[split] |= {"map": {"mask": {"map": value}, "box": {"map": 0.5}, "per_label": {}}}
    folder.metrics.write_text(json.dumps(found), encoding="utf-8")
    shutil.rmtree(out / "bundle")
    store = make_store(val=4, targets=lambda image_HWC: painted(detector, image_HWC))
    export_bundle(detector, LABELS, store, out / "bundle", Provenance("b2", DATA))
    capsys.readouterr()
    assert main(["report", str(out)]) == 0
    text = capsys.readouterr().out
    for word in ("0.4375", "mAP", "equal detections", "mAP ONNX", "64 x 64"):
        assert word in text
    assert gather(out)["models"][1]["val"]["map"] == 0.4375


@pytest.mark.parametrize("missing", ["best.json", "evaluate/large/speed.json", "evaluate/small/metrics.json"])
def test_a_missing_stage_is_named(out: Path, missing: str) -> None:
    """The sentence names the file that is not there."""
    (out / missing).unlink()
    with pytest.raises(RunError, match=Path(missing).name):
        gather(out)
