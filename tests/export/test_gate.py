"""The gate keeps what is equal and refuses what is not, on real graphs."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from kirie.errors import StoreError
from kirie.export.gate import compare, gate_sizes
from kirie.export.onnx import Provenance, write_onnx
from kirie.export.trial import Trial, failures
from kirie.models import Segmenter

from .conftest import DATA, LABELS, MakeStore, make_segmenter

SIZE = (64, 64)
PROVENANCE = Provenance("run", DATA)


def altered(exported: Path, out: Path, change: float) -> Path:
    """The same file with one convolution's weights multiplied."""
    model = onnx.load(exported)
    weight = [one for one in model.graph.initializer if list(one.dims[2:]) == [3, 3]][-1]
    weight.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weight) * np.float32(change), weight.name))
    onnx.save(model, out)
    return out


def test_the_right_file_passes(segmenter: Segmenter, exported: Path, make_store: MakeStore) -> None:
    """Every size and batch is compared on every picture, and all labels agree."""
    sizes = gate_sizes(segmenter, SIZE, dynamic_size=True)
    found = compare(exported, segmenter, make_store().split("val"), sizes, images=4)
    assert found.passes
    assert len(found.trials) == 6
    for trial in found.trials:
        assert trial.images == 4
        assert trial.equal >= 0.9999
        assert trial.miou_torch is not None
        assert 0 < trial.miou_torch < 1
        assert trial.probability_difference is not None
        assert trial.probability_difference < 1e-4


def test_a_batch_is_filled_where_pictures_are_few(
    segmenter: Segmenter, exported: Path, make_store: MakeStore, tmp_path: Path
) -> None:
    """With one picture, three are run at once all the same: a file that takes only one at a time is refused."""
    split = make_store(val=1).split("val")
    assert compare(exported, segmenter, split, [SIZE]).passes
    model = onnx.load(exported)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(model, tmp_path / "one.onnx")
    alone, three = compare(tmp_path / "one.onnx", segmenter, split, [SIZE]).trials
    assert (alone.batch, alone.failure) == (1, None)
    assert three.batch == 3
    assert three.failure is not None


def test_a_changed_weight_is_seen(segmenter: Segmenter, exported: Path, make_store: MakeStore, tmp_path: Path) -> None:
    """A file in which one layer's weights are 5 % larger is valid, runs, and is refused."""
    wrong = altered(exported, tmp_path / "wrong.onnx", 1.05)
    onnx.checker.check_model(onnx.load(wrong), full_check=True)
    found = compare(wrong, segmenter, make_store().split("val"), [SIZE])
    assert not found.passes
    assert all("of the labels equal (at least 0.9999)" in line for line in failures(found.trials))


def test_another_normalisation_is_seen(segmenter: Segmenter, make_store: MakeStore, tmp_path: Path) -> None:
    """A graph exported with the mean of other data is refused."""
    other = copy.deepcopy(segmenter)
    other.mean += 0.02
    write_onnx(other, tmp_path / "other.onnx", SIZE, LABELS, PROVENANCE, dynamic_size=False)
    assert not compare(tmp_path / "other.onnx", segmenter, make_store().split("val"), [SIZE]).passes


@pytest.mark.long
def test_pooling_frozen_at_one_size_is_seen(make_store: MakeStore, tmp_path: Path) -> None:
    """UPerNet exports with open size and runs at any, but gives other labels than torch where the size is another."""
    model = make_segmenter("upernet")
    path = tmp_path / "model.onnx"
    write_onnx(model, path, SIZE, LABELS, PROVENANCE, dynamic_size=True)
    found = compare(path, model, make_store().split("val"), gate_sizes(model, SIZE, dynamic_size=True), images=2)
    assert all(trial.passes for trial in found.trials if (trial.height, trial.width) == SIZE)
    elsewhere = [trial for trial in found.trials if (trial.height, trial.width) != SIZE]
    assert not all(trial.passes for trial in elsewhere)
    assert not any(trial.failure for trial in elsewhere)


def test_a_file_that_cannot_be_run_is_a_failure_not_a_crash(
    segmenter: Segmenter, make_store: MakeStore, tmp_path: Path
) -> None:
    """Bytes that are no model fail every comparison, with ONNX Runtime's words."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"no model")
    found = compare(path, segmenter, make_store().split("val"), [SIZE])
    assert not found.passes
    assert all(trial.failure for trial in found.trials)


def test_labels_of_another_type_or_range_are_a_failure(
    segmenter: Segmenter, exported: Path, make_store: MakeStore, tmp_path: Path
) -> None:
    """A file whose labels are out of range fails with a sentence."""
    model = onnx.load(exported)
    cast = next(node for node in model.graph.node if node.output[0] == "labels")
    cast.output[0] = "right"
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(9, dtype=np.uint8), "nine"))
    model.graph.node.append(onnx.helper.make_node("Max", ["right", "nine"], ["labels"]))
    onnx.save(model, tmp_path / "wrong.onnx")
    found = compare(tmp_path / "wrong.onnx", segmenter, make_store().split("val"), [SIZE])
    assert [trial.failure for trial in found.trials] == ["there is a label 9, but the model has 3, from 0"] * 2


def test_an_empty_split_is_refused(segmenter: Segmenter, exported: Path, make_store: MakeStore) -> None:
    """Without real pictures there is no gate."""
    with pytest.raises(StoreError, match="split val of the store is empty"):
        compare(exported, segmenter, make_store(val=0).split("val"), [SIZE])


def test_sizes_are_three_that_the_model_takes(segmenter: Segmenter) -> None:
    """The store's, a smaller and a larger one that is not square; one alone if the size is fixed."""
    for side in (64, 96, 256):
        size = (side, side)
        first, smaller, larger = gate_sizes(segmenter, size, dynamic_size=True)
        assert first == size
        assert smaller[0] * smaller[1] < side * side < larger[0] * larger[1]
        assert larger[0] != larger[1]
        assert all(segmenter.limits.refusal(*each) is None for each in (smaller, larger))
    assert gate_sizes(segmenter, SIZE, dynamic_size=False) == [SIZE]


def test_a_model_at_its_smallest_size_is_tried_at_two_larger_ones(segmenter: Segmenter) -> None:
    """Where no smaller size exists, there are three sizes all the same."""
    least = copy.copy(segmenter)
    least.limits = dataclasses.replace(segmenter.limits, min_size=64)
    sizes = gate_sizes(least, SIZE, dynamic_size=True)
    assert len(set(sizes)) == 3
    assert all(min(size) >= 64 for size in sizes)


@pytest.mark.parametrize(
    ("trial", "passes"),
    [
        (Trial(8, 8, 1, 1, 0.9999, 0.5, 0.5005, 0.01), True),
        (Trial(8, 8, 1, 1, 0.99989, 0.5, 0.5, 0.0), False),
        (Trial(8, 8, 1, 1, 1.0, 0.5, 0.5006, 0.0), False),
        (Trial(8, 8, 1, 1, 1.0, 0.5, 0.5, 0.02), False),
        (Trial(8, 8, 1, 1, 1.0, 0.5, 0.5, float("inf")), False),
        (Trial(8, 8, 1, 1, 1.0, None, None, None), True),
        (Trial(8, 8, 1, 1, float("nan"), 0.5, 0.5, 0.0), False),
        (Trial(8, 8, 1, 1, 1.0, 0.5, 0.5, 0.0, "it broke"), False),
    ],
)
def test_bounds_are_as_stated(trial: Trial, passes: bool) -> None:
    """0.9999 of the labels and 0.0005 of mIoU pass, a hair beyond does not, and what fails says why."""
    assert trial.passes is passes
    assert bool(failures([trial])) is not passes


def test_ties_go_to_the_first_label_on_both_sides(tmp_path: Path) -> None:
    """Where two logits are equal, torch and ONNX Runtime both take the lower id."""
    import onnxruntime as ort

    logits_BLHW = torch.zeros(1, 3, 2, 2)
    logits_BLHW[:, 1:, 0] = 1.0
    node = onnx.helper.make_node("ArgMax", ["x"], ["y"], axis=1, keepdims=0, select_last_index=0)
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [node],
        "argmax",
        [value("x", onnx.TensorProto.FLOAT, [1, 3, 2, 2])],
        [value("y", onnx.TensorProto.INT64, [1, 2, 2])],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=10)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    wanted = [[[1, 1], [0, 0]]]
    assert session.run(None, {"x": logits_BLHW.numpy()})[0].tolist() == wanted
    assert logits_BLHW.argmax(dim=1).tolist() == wanted
