"""The exported graph of instances: what it takes, gives and says of itself, with things and without."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from torch import Tensor

from kirie.core.detections import Detections
from kirie.errors import ModelError
from kirie.export.onnx import OPSET, Provenance
from kirie.export.onnx_instances import ThingGraph, write_onnx_instances

from .conftest import DATA, LABELS, smooth_pictures
from .small_detector import SmallDetector

SIZE = (64, 64)
PROVENANCE = Provenance("run-1", DATA)
NAMES = ["boxes", "labels", "scores", "masks"]


def test_pixels_in_detections_out(exported_detector: Path) -> None:
    """Names, types and open dimensions are those of the contract: one picture, any size, any number of things."""
    session = ort.InferenceSession(str(exported_detector), providers=["CPUExecutionProvider"])
    (fed,) = session.get_inputs()
    assert (fed.name, fed.type, fed.shape) == ("image", "tensor(uint8)", [1, "height", "width", 3])
    assert [(one.name, one.type, one.shape) for one in session.get_outputs()] == [
        ("boxes", "tensor(float)", ["detections", 4]),
        ("labels", "tensor(uint8)", ["detections"]),
        ("scores", "tensor(float)", ["detections"]),
        ("masks", "tensor(float)", ["detections", 28, 28]),
    ]


@pytest.mark.parametrize("size", [(64, 64), (96, 64), (64, 128), (160, 160)])
def test_answers_are_those_of_the_model(
    detector: SmallDetector, exported_detector: Path, size: tuple[int, int]
) -> None:
    """At every size the file finds what torch finds, with other numbers of things in each picture."""
    session = ort.InferenceSession(str(exported_detector), providers=["CPUExecutionProvider"])
    graph = ThingGraph(detector).eval()
    counts = set()
    for image_HWC in smooth_pictures(4, size, seed=7):
        wanted = graph.answer(torch.from_numpy(image_HWC))
        found = Detections(*session.run(NAMES, {"image": image_HWC[None]}))
        assert found.problem((1, 2), *size) is None
        assert found.labels_N.tolist() == wanted.labels_N.tolist()
        np.testing.assert_allclose(found.scores_N, wanted.scores_N, atol=1e-4)
        np.testing.assert_allclose(found.boxes_N4, wanted.boxes_N4, atol=1e-2)
        np.testing.assert_allclose(found.masks_NMM, wanted.masks_NMM, atol=1e-2)
        counts.add(len(found))
    assert len(counts) > 1


def test_a_picture_without_things_gives_none(exported_detector: Path) -> None:
    """The outputs then have no rows, and their other dimensions all the same."""
    session = ort.InferenceSession(str(exported_detector), providers=["CPUExecutionProvider"])
    blank_1HWC = np.broadcast_to(np.array([128, 102, 153], np.uint8), (1, 64, 96, 3)).copy()
    assert [value.shape for value in session.run(NAMES, {"image": blank_1HWC})] == [(0, 4), (0,), (0,), (0, 28, 28)]


def test_metadata_says_what_it_is(exported_detector: Path) -> None:
    """Task, labels, colours, sizes, run and data are in the file itself, and nothing of the machine is."""
    model = onnx.load(exported_detector)
    said = {one.key: one.value for one in model.metadata_props}
    assert said["kirie.task"] == "instance"
    assert json.loads(said["kirie.labels"]) == list(LABELS.names)
    assert json.loads(said["kirie.input"]) == {"height": 64, "width": 64, "dynamic_size": True, "multiple_of": 32}
    assert (said["kirie.run"], said["kirie.data"]) == ("run-1", DATA)
    assert ("", OPSET) in [(one.domain, one.version) for one in model.opset_import]
    assert model.producer_name == "kirie"
    for weights in model.graph.initializer:
        weights.raw_data = b""  # random bytes may spell anything
    content = model.SerializeToString()
    for word in (b".py", b"site-packages", str(Path.home()).encode() + b"/"):
        assert word not in content


def test_the_same_model_gives_the_same_bytes_without_a_word(
    detector: SmallDetector, exported_detector: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Export is deterministic; and it prints and warns nothing."""
    write_onnx_instances(detector, tmp_path / "again.onnx", SIZE, LABELS, PROVENANCE, dynamic_size=True)
    assert capfd.readouterr() == ("", "")
    assert (tmp_path / "again.onnx").read_bytes() == exported_detector.read_bytes()


def test_one_size_alone(detector: SmallDetector, tmp_path: Path) -> None:
    """A file of fixed size says so and takes no other."""
    write_onnx_instances(detector, tmp_path / "fixed.onnx", (64, 96), LABELS, PROVENANCE, dynamic_size=False)
    session = ort.InferenceSession(str(tmp_path / "fixed.onnx"), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == [1, 64, 96, 3]


class Untraceable(SmallDetector):
    """A model whose answer has no number of detections that a graph could give."""

    def find(self, image_BCHW: Tensor) -> list[list[Tensor]]:
        """Fails while it is recorded, as an operation that no operator stands for."""
        if torch.onnx.is_in_onnx_export():
            raise RuntimeError("no operator\nstands for this")
        return [list(found) for found in super().find(image_BCHW)]


def test_what_cannot_be_exported_ends_in_a_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """And no file is left."""
    broken = Untraceable().eval()
    with pytest.raises(ModelError, match=r"cannot be exported to ONNX at 64 x 64 pixels .no operator stands for this"):
        write_onnx_instances(broken, tmp_path / "model.onnx", SIZE, LABELS, PROVENANCE, dynamic_size=False)
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")
