"""Bundles are whole, proven, and never replace what is not a bundle."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from kirie.core.bundle import Manifest
from kirie.core.labels import LabelSet
from kirie.errors import BundleError, GateFailed, RunError, StoreError, UsageError
from kirie.export.bundle import CARD, REPORT, Options, check_out, export_bundle
from kirie.export.onnx import Provenance
from kirie.models import Segmenter
from kirie.prepare.store import Frame

from .conftest import DATA, LABELS, MakeStore, make_segmenter, painted, smooth_pictures, table_of
from .small_detector import SmallDetector

RUN = Provenance("run-1", DATA)


class OtherWhenTraced(nn.Module):
    """A network that the exporter sees otherwise than the trainer: the kind of mistake that the gate is for."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image_BCHW: Tensor) -> Tensor:
        """Logits, of a brighter picture while exporting."""
        shift = 0.3 if torch.compiler.is_compiling() else 0.0
        found: Tensor = self.network(image_BCHW + shift)
        return found


class OtherLabelsWhenTraced(SmallDetector):
    """A detector that takes its two labels for each other, but only while it is exported."""

    def find(self, image_BCHW: Tensor) -> list[list[Tensor]]:
        """Labels that are exchanged in the graph."""
        exchange = torch.onnx.is_in_onnx_export()
        found = super().find(image_BCHW)
        return [[boxes, sum(self.things) - labels if exchange else labels, *rest] for boxes, labels, *rest in found]


class ClassesWhenTraced(SmallDetector):
    """A detector that gives classes for label ids, but only while it is exported."""

    def find(self, image_BCHW: Tensor) -> list[list[Tensor]]:
        """Labels that are off by one in the graph."""
        shift = 1 if torch.onnx.is_in_onnx_export() else 0
        return [[boxes, labels - shift, *rest] for boxes, labels, *rest in super().find(image_BCHW)]


def test_a_bundle_has_all_that_prediction_needs(segmenter: Segmenter, make_store: MakeStore, tmp_path: Path) -> None:
    """Model, manifest, card and report lie together, agree, and nothing lies beside them."""
    out = tmp_path / "out" / "bundle"
    scores = {"val": table_of(0.8, labels=LABELS.names).scores()}
    found = export_bundle(segmenter, LABELS, make_store(), out, RUN, scores=scores)
    assert {path.name for path in out.iterdir()} == {"model.onnx", "manifest.json", CARD, REPORT}
    assert [path.name for path in out.parent.iterdir()] == ["bundle"]
    manifest = Manifest.read(out)
    assert manifest == found.manifest
    assert (manifest.run, manifest.data, manifest.labels) == ("run-1", DATA, LABELS)
    assert (manifest.height, manifest.width, manifest.dynamic_size, manifest.multiple_of) == (64, 64, True, 32)
    assert manifest.outputs == ("labels", "probabilities")
    report = json.loads((out / REPORT).read_text(encoding="utf-8"))
    assert [attempt["passes"] for attempt in report["attempts"]] == [True]
    assert len(report["attempts"][0]["trials"]) == 6


@pytest.mark.parametrize("mode", ["fit", "tile"])
def test_the_lines_on_the_card_run(
    segmenter: Segmenter, make_store: MakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """The card's five lines give the labels of a picture of any size, with numpy, pillow and onnxruntime alone."""
    frame = Frame((64, 64), "tile", 0.25) if mode == "tile" else Frame((64, 64))
    store = make_store(frame=dataclasses.replace(frame))
    scores = {"val": table_of(0.8, labels=LABELS.names).scores()}
    options = Options(fixed_size=True)
    export_bundle(segmenter, LABELS, store, tmp_path / "bundle", RUN, scores=scores, options=options)
    card = (tmp_path / "bundle" / CARD).read_text(encoding="utf-8")
    code = card.split("```python\n")[1].split("```")[0]
    assert len(code.strip().splitlines()) == 5
    Image.fromarray(smooth_pictures(1, (90, 70))[0]).save(tmp_path / "bundle" / "picture.png")
    monkeypatch.chdir(tmp_path / "bundle")
    names: dict[str, np.ndarray] = {}
    exec(code, names)
    assert names["labels"].shape == (64, 64)
    assert names["labels"].dtype == np.uint8
    assert set(np.unique(names["labels"])) <= {0, 1, 2}
    for words in ("`#aa3311`", "目\\|eye", "run-1", "64 x 64 pixels only", "| val IoU | val Dice |", "equal labels"):
        assert words in card


def test_a_wrong_graph_leaves_no_file(segmenter: Segmenter, make_store: MakeStore, tmp_path: Path) -> None:
    """A model that exports otherwise than it computes is refused with a table, exit code 1, and nothing on disk."""
    config, limits = segmenter.config, segmenter.limits
    wrong = Segmenter(OtherWhenTraced(segmenter.network), config, 3, (0.5,) * 3, (0.25,) * 3, limits).eval()
    out = tmp_path / "out" / "bundle"
    with pytest.raises(GateFailed, match=r"64 x 64, batch 1: 0\.\d+ of the labels equal") as caught:
        export_bundle(wrong, LABELS, make_store(), out, RUN)
    assert caught.value.exit_code == 1
    assert not list(out.parent.iterdir())


def test_a_refused_export_leaves_an_older_bundle_as_it_was(
    segmenter: Segmenter, make_store: MakeStore, tmp_path: Path
) -> None:
    """What was proven before is still there, and still whole, after an export that failed."""
    out, store, once = tmp_path / "bundle", make_store(), Options(fixed_size=True)
    before = export_bundle(segmenter, LABELS, store, out, RUN, options=once)
    config, limits = segmenter.config, segmenter.limits
    wrong = Segmenter(OtherWhenTraced(segmenter.network), config, 3, (0.5,) * 3, (0.25,) * 3, limits).eval()
    with pytest.raises(GateFailed):
        export_bundle(wrong, LABELS, store, out, Provenance("run-2", DATA), options=once)
    assert Manifest.read(out) == before.manifest
    after = export_bundle(segmenter, LABELS, store, out, Provenance("run-3", DATA), options=once)
    assert Manifest.read(out) == after.manifest != before.manifest


@pytest.mark.long
def test_a_size_that_cannot_be_left_open_is_fixed(make_store: MakeStore, tmp_path: Path) -> None:
    """PSPNet, said to take any size, fails the gate at other sizes, is exported at the one, and passes there."""
    model = make_segmenter("pspnet")
    model.limits = dataclasses.replace(model.limits, dynamic_size=True)
    found = export_bundle(model, LABELS, make_store(), tmp_path / "bundle", RUN, options=Options(gate_images=2))
    first, second = found.attempts
    assert first.dynamic_size
    assert all("64 x 64" not in line for line in first.problems)
    assert first.problems
    assert not second.problems
    assert not Manifest.read(tmp_path / "bundle").dynamic_size


def test_labels_alone(segmenter: Segmenter, make_store: MakeStore, tmp_path: Path) -> None:
    """Without probabilities the manifest says so, and the gate compares labels."""
    options = Options(fixed_size=True, probabilities=False)
    found = export_bundle(segmenter, LABELS, make_store(), tmp_path / "bundle", RUN, options=options)
    assert found.manifest.outputs == ("labels",)
    assert all(trial.to_dict()["probability_difference"] is None for trial in found.attempts[0].trials)


@pytest.mark.parametrize("mode", ["fit", "tile"])
def test_a_bundle_of_instances(
    detector: SmallDetector,
    make_store: MakeStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
) -> None:
    """Task, outputs and scores are in its manifest; its card tells of them, and the lines on it run."""
    frame = Frame((64, 64), "tile", 0.25) if mode == "tile" else Frame((64, 64))
    store = make_store(frame=frame, targets=lambda image_HWC: painted(detector, image_HWC))
    rows = dict.fromkeys(("map", "map_50", "map_75", "map_small", "map_medium", "map_large"), 0.25)
    of_things = {
        "map": {"mask": rows, "box": rows | {"map": None}, "per_label": {"目|eye": {"mask": 0.125, "box": 0.5}}},
        "pq": {"pq": 0.375},
    }
    scores = {"val": table_of(0.8, labels=LABELS.names).scores() | of_things}
    found = export_bundle(detector, LABELS, store, tmp_path / "bundle", RUN, scores=scores)
    manifest = Manifest.read(tmp_path / "bundle")
    assert manifest == found.manifest
    assert (manifest.task, manifest.least_score, manifest.dynamic_size) == ("instance", 0.4, True)
    assert manifest.outputs == ("boxes", "labels", "scores", "masks")
    report = json.loads((tmp_path / "bundle" / REPORT).read_text(encoding="utf-8"))
    assert report["bounds"]["max_map_difference"] == 0.001
    assert [len(attempt["trials"]) for attempt in report["attempts"]] == [3]
    card = (tmp_path / "bundle" / CARD).read_text(encoding="utf-8")
    for words in (
        "finds the things",
        "mAP of 目\\|eye | 0.1250 | 0.5000",
        "0.3750 on val",
        "| empty |",
        "| val IoU |",
    ):
        assert words in card
    code = card.split("```python\n")[1].split("```")[0]
    Image.fromarray(smooth_pictures(1, (90, 70))[0]).save(tmp_path / "bundle" / "picture.png")
    monkeypatch.chdir(tmp_path / "bundle")
    names: dict[str, np.ndarray] = {}
    exec(code, names)
    assert names["masks"].shape == (len(names["scores"]), 28, 28)


def test_instances_have_no_probabilities_to_leave_out(
    detector: SmallDetector, make_store: MakeStore, tmp_path: Path
) -> None:
    """Asking for labels alone ends in a sentence, and nothing is written."""
    with pytest.raises(UsageError, match="leave --labels-only out"):
        export_bundle(detector, LABELS, make_store(), tmp_path / "bundle", RUN, options=Options(probabilities=False))
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize(
    ("kind", "words"), [(OtherLabelsWhenTraced, "of another label"), (ClassesWhenTraced, "there is a label 0")]
)
def test_a_wrong_graph_of_instances_leaves_no_file(
    kind: type[SmallDetector], words: str, make_store: MakeStore, tmp_path: Path
) -> None:
    """A detector that exports otherwise than it computes is refused, and nothing is on the disk."""
    wrong = kind().eval()
    store = make_store(targets=lambda image_HWC: painted(wrong, image_HWC))
    with pytest.raises(GateFailed, match=f"64 x 64, batch 1: .*{words}"):
        export_bundle(wrong, LABELS, store, tmp_path / "out" / "bundle", RUN)
    assert not list((tmp_path / "out").iterdir())


def test_another_store_is_refused(segmenter: Segmenter, make_store: MakeStore, tmp_path: Path) -> None:
    """A store of other labels, other content, another size or without validation pictures ends in a sentence."""
    out = tmp_path / "bundle"
    with pytest.raises(RunError, match="the store that the run was trained on"):
        export_bundle(segmenter, LABELS, make_store(labels=LabelSet.from_names(["a", "b"])), out, RUN)
    with pytest.raises(RunError, match="was trained on data eeeeeeeeeeee, but the store"):
        export_bundle(segmenter, LABELS, make_store(size=(32, 32)), out, Provenance("run-1", "e" * 64))
    with pytest.raises(RunError, match="takes heights and widths that are multiples of 32"):
        export_bundle(segmenter, LABELS, make_store(size=(40, 40)), out, RUN)
    with pytest.raises(StoreError, match="empty"):
        export_bundle(segmenter, LABELS, make_store(val=0), out, RUN)
    assert not out.exists()


def test_what_is_no_bundle_is_not_replaced(tmp_path: Path) -> None:
    """Somebody's files, alone or beside a bundle's, are refused; an empty folder and a missing one are taken."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    for path in (tmp_path / "mine", tmp_path / "mine" / "thesis.txt"):
        with pytest.raises(BundleError, match="so it is not replaced"):
            check_out(path)
    (tmp_path / "empty").mkdir()
    check_out(tmp_path / "empty")
    check_out(tmp_path / "missing")
    page = tmp_path / "page"
    page.mkdir()
    (page / "manifest.json").write_text('{"name": "My page"}')
    with pytest.raises(BundleError, match="no bundle's"):
        check_out(page)
    (page / "model.onnx").touch()
    check_out(page)
    (page / "notes.txt").touch()
    with pytest.raises(BundleError, match=r"notes\.txt"):
        check_out(page)
