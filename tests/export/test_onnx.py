"""The exported graph: what it takes, gives and says of itself."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from torch import Tensor, nn

from kirie.errors import ModelError
from kirie.export.onnx import OPSET, LabelGraph, Provenance, write_onnx
from kirie.models import Segmenter

from .conftest import DATA, LABELS, smooth_pictures

SIZE = (64, 64)
PROVENANCE = Provenance("run-1", DATA)


def test_pixels_in_labels_and_probabilities_out(exported: Path) -> None:
    """Names, types and open dimensions are those of the contract."""
    session = ort.InferenceSession(str(exported), providers=["CPUExecutionProvider"])
    (fed,) = session.get_inputs()
    assert (fed.name, fed.type, fed.shape) == ("image", "tensor(uint8)", ["batch", "height", "width", 3])
    assert [(one.name, one.type, one.shape) for one in session.get_outputs()] == [
        ("labels", "tensor(uint8)", ["batch", "height", "width"]),
        ("probabilities", "tensor(float)", ["batch", 3, "height", "width"]),
    ]


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_answers_are_those_of_the_model(segmenter: Segmenter, exported: Path, batch: int) -> None:
    """Any batch size gives the trained model's labels, and probabilities that add up to 1 and agree with them."""
    image_BHWC = smooth_pictures(batch, (96, 32), seed=7)
    session = ort.InferenceSession(str(exported), providers=["CPUExecutionProvider"])
    labels_BHW, probabilities_BLHW = session.run(None, {"image": image_BHWC})
    with torch.inference_mode():
        wanted_BHW, probable_BLHW = LabelGraph(segmenter, probabilities=True)(torch.from_numpy(image_BHWC))
    assert (labels_BHW == wanted_BHW.numpy()).mean() >= 0.9999
    assert np.abs(probabilities_BLHW - probable_BLHW.numpy()).max() < 1e-4
    assert np.allclose(probabilities_BLHW.sum(axis=1), 1, atol=1e-5)
    assert (probabilities_BLHW.argmax(axis=1) == labels_BHW).mean() >= 0.9999


def test_metadata_says_what_it_is(exported: Path) -> None:
    """Labels, colours, sizes, run and data are in the file itself, and its operator set is the stated one."""
    model = onnx.load(exported)
    said = {one.key: one.value for one in model.metadata_props}
    assert json.loads(said["kirie.labels"]) == list(LABELS.names)
    assert json.loads(said["kirie.colors"]) == [label.hex for label in LABELS]
    assert json.loads(said["kirie.input"]) == {"height": 64, "width": 64, "dynamic_size": True, "multiple_of": 32}
    assert (said["kirie.run"], said["kirie.data"]) == ("run-1", DATA)
    assert [(one.domain, one.version) for one in model.opset_import] == [("", OPSET)]
    assert model.producer_name == "kirie"


def test_nothing_of_this_machine_is_in_the_file(exported: Path) -> None:
    """No path, no stack trace, no Python file name."""
    model = onnx.load(exported)
    for weights in model.graph.initializer:
        weights.raw_data = b""  # random bytes may spell anything
    content = model.SerializeToString()
    for word in (b".py", b"site-packages", str(Path.home()).encode() + b"/", b"stack_trace", b"fx_node"):
        assert word not in content


def test_the_same_model_gives_the_same_bytes_without_a_word(
    segmenter: Segmenter, exported: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Export is deterministic, so that a repeated pipeline sees an unchanged file; and it prints and warns nothing."""
    write_onnx(segmenter, tmp_path / "again.onnx", SIZE, LABELS, PROVENANCE, dynamic_size=True)
    assert capfd.readouterr() == ("", "")
    assert (tmp_path / "again.onnx").read_bytes() == exported.read_bytes()


def test_probabilities_can_be_left_out(segmenter: Segmenter, tmp_path: Path) -> None:
    """A file of labels alone, of fixed size, has one output and closed sides."""
    path = tmp_path / "labels.onnx"
    write_onnx(segmenter, path, SIZE, LABELS, PROVENANCE, dynamic_size=False, probabilities=False)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert [(one.name, one.shape) for one in session.get_outputs()] == [("labels", ["batch", 64, 64])]
    assert session.get_inputs()[0].shape == ["batch", 64, 64, 3]


class Untraceable(nn.Module):
    """A network whose way depends on its pixels, which no exporter can follow."""

    def forward(self, image_BCHW: Tensor) -> Tensor:
        """Logits by a loop that the values decide."""
        while image_BCHW.sum() > 1000:
            image_BCHW = image_BCHW / 2
        return image_BCHW


def test_what_cannot_be_exported_ends_in_a_sentence(
    segmenter: Segmenter, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """The exporter's pages of text become one error, no file is left, and logging works as before."""
    broken = Segmenter(Untraceable(), segmenter.config, 3, (0.5,) * 3, (0.25,) * 3, segmenter.limits).eval()
    with pytest.raises(ModelError, match="cannot be exported to ONNX at 64 x 64 pixels") as caught:
        write_onnx(broken, tmp_path / "model.onnx", SIZE, LABELS, PROVENANCE, dynamic_size=False)
    assert len(str(caught.value)) < 600
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")
    logging.getLogger("kirie").error("heard")
    assert "heard" in caplog.text


def test_select_does_not_wait_for_torch() -> None:
    """Choosing and its whole chain of imports work without the training stack."""
    code = (
        "import sys, kirie.export.select_command, kirie.export.select, kirie.export.best_file, kirie.export.command\n"
        "assert not {'torch', 'onnx', 'onnxruntime'} & set(sys.modules), sorted(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr == ""
