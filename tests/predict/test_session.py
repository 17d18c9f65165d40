"""The session: a real model answers, and a bundle that does not fit itself is refused before the first picture."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from kirie.core.bundle import MODEL, Manifest
from kirie.core.files import sha256_of
from kirie.core.labels import LabelSet
from kirie.errors import BundleError, DeviceError
from kirie.predict.devices import DEVICES
from kirie.predict.session import Session


def test_names_every_color(color_bundle: Path, draw: Any) -> None:
    """Labels are the drawn ones, and the probabilities agree with them and add up to 1."""
    session = Session(color_bundle)
    picture, ids_HW = draw(64, 96)
    batch = np.stack([picture, picture[::-1]])
    np.testing.assert_array_equal(session.predict_labels(batch), [ids_HW, ids_HW[::-1]])
    found = session.predict_probabilities(batch)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.argmax(axis=1), [ids_HW, ids_HW[::-1]])
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_labels_alone_count_as_certain(make_bundle: Any, draw: Any) -> None:
    """A bundle without probabilities gives 1 for the label it names and 0 for the others."""
    session = Session(make_bundle(outputs=("labels",)))
    picture, ids_HW = draw(64, 96)
    found = session.predict_probabilities(picture[None])[0]
    assert not session.has_probabilities
    np.testing.assert_array_equal(found.argmax(axis=0), ids_HW)
    np.testing.assert_array_equal(found.sum(axis=0), 1)


def test_threads_share_a_session(color_bundle: Path) -> None:
    """Many threads on one session get the answers that one thread gets."""
    session = Session(color_bundle, threads=2)
    batches = [np.random.default_rng(seed).integers(0, 256, (1, 64, 96, 3), dtype=np.uint8) for seed in range(16)]
    alone = [session.predict_probabilities(batch) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(session.predict_probabilities, batches))
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("device", ["cuda", "tensorrt", "openvino", "coreml"])
def test_missing_device(color_bundle: Path, device: str) -> None:
    """A provider that this ONNX Runtime lacks is an error, not the CPU in its place."""
    if DEVICES[device].provider in ort.get_available_providers():
        pytest.skip("this machine has it")
    with pytest.raises(DeviceError, match=DEVICES[device].provider):
        Session(color_bundle, device)


def test_changed_model(color_bundle: Path) -> None:
    """A model that was changed after the export is not run."""
    content = bytearray((color_bundle / MODEL).read_bytes())
    content[-1] ^= 1
    (color_bundle / MODEL).write_bytes(content)
    with pytest.raises(BundleError, match="not the one that was exported"):
        Session(color_bundle)


def test_model_that_is_none(color_bundle: Path) -> None:
    """A file that is no ONNX model, though its checksum is right, is told in a sentence."""
    manifest = Manifest.read(color_bundle)
    (color_bundle / MODEL).write_bytes(b"not a graph")
    dataclasses.replace(manifest, sha256=sha256_of(color_bundle / MODEL)).write(color_bundle)
    with pytest.raises(BundleError, match=r"cannot load .*model\.onnx on cpu \(opset 20\)"):
        Session(color_bundle)


def graph(dtype: int, shape: list[Any], value: Any, output: str = "labels") -> onnx.ModelProto:
    """A model that answers with a constant, whatever it is fed."""
    node = helper.make_node("Identity", ["constant"], [output])
    made = helper.make_graph(
        [node],
        "constant",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", "height", "width", 3])],
        [helper.make_tensor_value_info(output, dtype, shape)],
        [numpy_helper.from_array(np.asarray(value), "constant")],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (graph(TensorProto.INT64, [1, 2, 2], np.zeros((1, 2, 2), np.int64)), r"labels.*int64"),
        (graph(TensorProto.UINT8, [1, 2, 2], np.zeros((1, 2, 2), np.uint8), "mask"), r"mask.*by its manifest"),
    ],
)
def test_outputs_that_do_not_fit(make_bundle: Any, model: onnx.ModelProto, words: str) -> None:
    """A model whose outputs differ from the manifest in name or type is refused when it is loaded."""
    with pytest.raises(BundleError, match=words):
        Session(make_bundle(model, outputs=("labels",)))


def test_failing_model_is_told_once(make_bundle: Any, capfd: pytest.CaptureFixture[str]) -> None:
    """A model that fails while it runs ends in one sentence of one line; ONNX Runtime itself prints nothing."""
    nodes = [
        helper.make_node("Reshape", ["image", "seven"], ["flat"]),
        helper.make_node("Cast", ["flat"], ["labels"], to=TensorProto.UINT8),
    ]
    made = helper.make_graph(
        nodes,
        "failing",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", "height", "width", 3])],
        [helper.make_tensor_value_info("labels", TensorProto.UINT8, [7])],
        [numpy_helper.from_array(np.array([7], np.int64), "seven")],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    session = Session(make_bundle(model, outputs=("labels",)))
    with pytest.raises(BundleError, match=r"failed on a picture of 64x96 on cpu: [^\n]*\Z"):
        session.predict_labels(np.zeros((1, 64, 96, 3), np.uint8))
    assert capfd.readouterr().err == ""


def test_answer_of_another_shape(make_bundle: Any) -> None:
    """An answer of another size is refused, not stretched."""
    model = graph(TensorProto.UINT8, [1, 2, 2], np.zeros((1, 2, 2), np.uint8))
    session = Session(make_bundle(model, outputs=("labels",)))
    with pytest.raises(BundleError, match=r"\(1, 2, 2\) where \(1, 64, 96\)"):
        session.predict_labels(np.zeros((1, 64, 96, 3), np.uint8))


def test_ids_beyond_the_labels(make_bundle: Any) -> None:
    """An id that no label has is refused, not painted."""
    model = graph(TensorProto.UINT8, [1, 2, 2], np.full((1, 2, 2), 4, np.uint8))
    session = Session(make_bundle(model, outputs=("labels",)))
    with pytest.raises(BundleError, match=r"label id 4.*4 labels"):
        session.predict_labels(np.zeros((1, 2, 2, 3), np.uint8))


def test_more_labels_than_the_model(make_bundle: Any) -> None:
    """A manifest with another number of labels than the model is refused at the first picture."""
    session = Session(make_bundle(labels=LabelSet.from_dict({"labels": list("abcde")})))
    with pytest.raises(BundleError, match=r"\(1, 4, 64, 96\) where \(1, 5, 64, 96\)"):
        session.predict_probabilities(np.zeros((1, 64, 96, 3), np.uint8))


def test_probabilities_that_are_not_finite(make_bundle: Any) -> None:
    """NaN from a model ends in a sentence and not in a label map of zeros."""
    model = graph(TensorProto.FLOAT, [1, 4, 2, 2], np.full((1, 4, 2, 2), np.nan, np.float32), "probabilities")
    labels = graph(TensorProto.UINT8, [1, 2, 2], np.zeros((1, 2, 2), np.uint8)).graph
    labels.initializer[0].name = labels.node[0].input[0] = "ids"
    model.graph.node.extend(labels.node)
    model.graph.initializer.extend(labels.initializer)
    model.graph.output.extend(labels.output)
    session = Session(make_bundle(model))
    with pytest.raises(BundleError, match="not finite"):
        session.predict_probabilities(np.zeros((1, 2, 2, 3), np.uint8))
