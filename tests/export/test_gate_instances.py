"""The gate for instances keeps the right file and refuses wrong ones, on real graphs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from kirie.core.detections import pasted
from kirie.errors import StoreError
from kirie.export.gate import gate_sizes
from kirie.export.gate_instances import compare_instances
from kirie.export.instance_card import gate
from kirie.export.instance_trial import InstanceTrial, remark
from kirie.export.instance_truth import map_of, no_truth
from kirie.export.onnx import Provenance
from kirie.export.onnx_instances import ThingGraph, write_onnx_instances
from kirie.export.silenced import silenced_file
from kirie.export.trial import failures
from kirie.tasks.metrics.overlap import Truth

from .conftest import DATA, LABELS, MakeStore
from .small_detector import SmallDetector

SIZE = (64, 64)
Edit = Callable[[str, str], list[onnx.NodeProto]]


def test_the_right_file_passes(detector: SmallDetector, exported_detector: Path, thing_store: Any) -> None:
    """At every size all detections have their equals, mAP is the same, and one picture had no detection."""
    sizes = gate_sizes(detector, SIZE, dynamic_size=True)
    trials = compare_instances(exported_detector, detector, thing_store.split("val"), sizes, images=4)
    assert failures(trials) == []
    assert [(trial.height, trial.width) for trial in trials] == sizes
    assert len(set(sizes)) == 3
    for trial in trials:
        assert (trial.images, trial.without, trial.batch) == (5, 1, 1)
        assert trial.detections > 10
        assert trial.equal == 1.0
        assert max(trial.score_difference, trial.mask_difference) < 1e-2
    first = trials[0]
    assert first.map_torch is not None
    assert first.map_torch > 0.1
    assert first.map_torch == pytest.approx(first.map_onnx, abs=1e-4)


def edited(exported: Path, out: Path, output: str, edit: Edit, constants: dict[str, Any]) -> Path:
    """The same file with one output changed by nodes that lead from its former name to its own."""
    model = onnx.load(exported)
    for node in model.graph.node:
        node.output[:] = ["right" if name == output else name for name in node.output]
        node.input[:] = ["right" if name == output else name for name in node.input]
    model.graph.initializer.extend(numpy_helper.from_array(np.array(v), name) for name, v in constants.items())
    model.graph.node.extend(edit("right", output))
    onnx.checker.check_model(model)
    onnx.save(model, out)
    return out


def node(kind: str, *names: str, **more: Any) -> onnx.NodeProto:
    """A node whose last name is its output."""
    made: onnx.NodeProto = helper.make_node(kind, list(names[:-1]), [names[-1]], **more)
    return made


def label_offset(right: str, wrong: str) -> list[onnx.NodeProto]:
    """Classes that count from 0 where labels do from 1, here the other way."""
    return [
        node("Cast", right, "whole", to=TensorProto.INT32),
        node("Add", "whole", "step", "next"),
        node("Cast", "next", wrong, to=TensorProto.UINT8),
    ]


WRONG: dict[str, tuple[str, Edit, dict[str, Any], str]] = {
    "label out of range": (
        "labels",
        label_offset,
        {"step": np.int32(1)},
        "there is a label 3, but those that have instances are 1, 2",
    ),
    "label offset": ("labels", label_offset, {"step": np.int32(-1)}, "a label 0, but those that have instances"),
    "scores turned round": (
        "scores",
        lambda right, wrong: [node("Slice", right, "last", "first", "axis", "back", wrong)],
        {"last": np.array([-1]), "first": np.array([-(2**31)]), "axis": np.array([0]), "back": np.array([-1])},
        "the scores are not in falling order",
    ),
    "boxes turned round": (
        "boxes",
        lambda right, wrong: [node("Slice", right, "last", "first", "axis", "back", wrong)],
        {"last": np.array([-1]), "first": np.array([-(2**31)]), "axis": np.array([0]), "back": np.array([-1])},
        "detections equal .at least 0.99",
    ),
    "scores of another scale": (
        "scores",
        lambda right, wrong: [node("Mul", right, "share", wrong)],
        {"share": np.float32(0.9)},
        "detections equal .at least 0.99",
    ),
    "masks shifted by a pixel": (
        "masks",
        lambda right, wrong: [
            node("Pad", right, "pads", "wide", mode="edge"),
            node("Slice", "wide", "first", "last", "axis", wrong),
        ],
        {"pads": np.array([0, 0, 1, 0, 0, 0]), "first": np.array([0]), "last": np.array([28]), "axis": np.array([2])},
        "detections equal .at least 0.99",
    ),
    "the last one missing": (
        "scores",
        lambda right, wrong: [node("Slice", right, "first", "last", "axis", wrong)],
        {"first": np.array([0]), "last": np.array([-1]), "axis": np.array([0])},
        "boxes are float32",
    ),
    "a score that is no number": (
        "scores",
        lambda right, wrong: [node("Log", right, "low"), node("Sqrt", "low", wrong)],
        {},
        "a score is no number from 0 to 1",
    ),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_a_wrong_graph_is_refused(
    detector: SmallDetector, exported_detector: Path, thing_store: Any, tmp_path: Path, name: str
) -> None:
    """Labels, scores, boxes and masks that are off in ways that leave the graph valid are each seen, in words."""
    output, edit, constants, words = WRONG[name]
    wrong = edited(exported_detector, tmp_path / "wrong.onnx", output, edit, constants)
    (trial,) = compare_instances(wrong, detector, thing_store.split("val"), [SIZE], images=3)
    assert not trial.passes
    (line,) = failures([trial])
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(line)


def at_least_one(right: str, wrong: str) -> list[onnx.NodeProto]:
    """Nodes that change nothing, and fail on no detection."""
    return [
        node("Gather", right, "first", "best"),
        node("Sub", right, "best", "zero"),
        node("Add", "zero", "best", wrong),
    ]


def test_a_graph_that_fails_on_nothing_is_refused(
    detector: SmallDetector, exported_detector: Path, thing_store: Any, tmp_path: Path
) -> None:
    """Where no picture of the store is without things a blank one is fed, so that this cannot come out later."""
    fails = edited(exported_detector, tmp_path / "wrong.onnx", "scores", at_least_one, {"first": np.array([0])})
    (trial,) = compare_instances(fails, detector, thing_store.split("val"), [SIZE], images=3)
    assert trial.failure is not None
    assert "indices" in trial.failure


@pytest.fixture(scope="module")
def loud() -> SmallDetector:
    """One that finds something in every picture, the blank ones too."""
    model = SmallDetector().eval()
    with torch.no_grad():
        model.network.roi_heads.box_predictor.cls_score.bias[1] += 8.0
    return model


@pytest.fixture(scope="module")
def exported_loud(loud: SmallDetector, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its ONNX file."""
    path = tmp_path_factory.mktemp("loud") / "model.onnx"
    write_onnx_instances(loud, path, SIZE, LABELS, Provenance("run-1", DATA), dynamic_size=True)
    return path


def test_both_are_made_to_find_nothing_where_no_picture_is_without(
    loud: SmallDetector, exported_loud: Path, thing_store: Any
) -> None:
    """The same graph with one number raised gives no detection on a real picture; the trial and the card say so."""
    (trial,) = compare_instances(exported_loud, loud, thing_store.split("val"), [SIZE], images=3)
    assert failures([trial]) == []
    assert (trial.images, trial.without, trial.silenced) == (4, 1, True)
    assert "64 x 64 it finds something even in pictures of one colour" in gate([trial])
    changed = silenced_file(exported_loud)
    assert changed is not None
    numbers = [
        {one.name: one.raw_data for one in model.graph.initializer}
        for model in (onnx.load(exported_loud), onnx.load_from_string(changed))
    ]
    assert len([name for name in numbers[0] if numbers[0][name] != numbers[1][name]]) == 1


def test_a_graph_that_fails_on_nothing_is_refused_without_a_picture_too(
    loud: SmallDetector, exported_loud: Path, thing_store: Any, tmp_path: Path
) -> None:
    """What fails on no detection is seen although every picture has some; so is a file that cannot be silenced."""
    first = {"first": np.array([0])}
    fails = edited(exported_loud, tmp_path / "wrong.onnx", "scores", at_least_one, first)
    (trial,) = compare_instances(fails, loud, thing_store.split("val"), [SIZE], images=2)
    assert trial.failure is not None
    assert trial.failure.startswith("made to find nothing, ")
    assert "indices" in trial.failure
    model = onnx.load(exported_loud)
    for owner in (*model.graph.initializer, *model.graph.node):
        if isinstance(owner, onnx.TensorProto):
            owner.name = owner.name.replace("cls_score.bias", "other")
        else:
            owner.input[:] = [name.replace("cls_score.bias", "other") for name in owner.input]
    onnx.save(model, fails)
    (trial,) = compare_instances(fails, loud, thing_store.split("val"), [SIZE], images=2)
    assert "no bias to silence it by" in str(trial.failure)


def test_a_file_that_cannot_be_run_is_a_failure_not_a_crash(
    detector: SmallDetector, thing_store: Any, tmp_path: Path
) -> None:
    """Bytes that are no model fail every comparison, with ONNX Runtime's words."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"no model")
    (trial,) = compare_instances(path, detector, thing_store.split("val"), [SIZE])
    assert trial.failure
    assert not trial.passes


def test_a_model_that_finds_nothing_cannot_be_proven(thing_store: Any, tmp_path: Path) -> None:
    """Two empty answers are equal, and say nothing: refused in a sentence at each size."""
    deaf, path = SmallDetector().eval(), tmp_path / "deaf.onnx"
    deaf.network.roi_heads.score_thresh = 1.0
    write_onnx_instances(deaf, path, SIZE, LABELS, Provenance("run-1", DATA), dynamic_size=True)
    trials = compare_instances(path, deaf, thing_store.split("val"), [SIZE, (96, 64)], images=2)
    assert [trial.failure for trial in trials] == [None, None]
    lines = failures(trials)
    assert len(lines) == 2
    assert all("the trained model finds nothing in these 2 pictures" in line for line in lines)


def test_an_empty_split_is_refused(detector: SmallDetector, exported_detector: Path, make_store: MakeStore) -> None:
    """Without real pictures there is no gate."""
    with pytest.raises(StoreError, match="split val of the store is empty"):
        compare_instances(exported_detector, detector, make_store(val=0).split("val"), [SIZE])


def trial(**values: Any) -> InstanceTrial:
    """One that passes, with other values."""
    right = {"without": 1, "detections": 100, "equal": 1.0, "map_torch": 0.5, "map_onnx": 0.5}
    return InstanceTrial(8, 8, 4, **{**right, **values})


@pytest.mark.parametrize(
    ("found", "passes"),
    [
        (trial(equal=0.99, map_onnx=0.5009), True),
        (trial(equal=0.9899), False),
        (trial(map_onnx=0.5011), False),
        (trial(map_torch=None, map_onnx=None), True),
        (trial(equal=float("nan")), False),
        (trial(map_onnx=float("nan")), False),
        (trial(failure="it broke"), False),
        (trial(detections=0), False),
        (trial(without=0), False),
    ],
)
def test_bounds_are_as_stated(found: InstanceTrial, passes: bool) -> None:
    """0.99 of the detections and 0.001 of mAP pass, a hair beyond does not, and what fails says why."""
    assert found.passes is passes
    assert bool(failures([found])) is not passes
    assert found.to_dict()["passes"] is passes


def test_a_map_that_compares_nothing_is_told() -> None:
    """A right file of a model that is never right, or has nothing to be right about, says so on its card."""
    assert remark([trial()]) == ""
    for scores, words in (((0.0, 0.0), "none of them is right"), ((None, None), "no instance to find")):
        found = trial(map_torch=scores[0], map_onnx=scores[1])
        assert found.passes
        assert words in remark([found])
        assert words in gate([found])


def test_map_is_1_for_the_truth_itself(detector: SmallDetector, thing_store: Any) -> None:
    """And 0 where nothing is found, None where there is nothing to find."""
    split = thing_store.split("val")
    graph = ThingGraph(detector).eval()
    found = [graph.answer(torch.from_numpy(split.read([at])[0][0])) for at in range(3)]
    alone = [one.take(slice(0, 1)) for one in found]
    truths = []
    for one in alone:
        ids_HW = np.zeros(SIZE, dtype=np.uint8)
        ((x0, y0, x1, y1), crop_hw) = next(iter(pasted(one, *SIZE)))
        ids_HW[y0:y1, x0:x1][crop_hw] = 1
        truths.append(Truth.of(ids_HW, np.array([[one.labels_N[0], 0]], np.int64)))
    assert map_of(alone, truths, detector.things) == pytest.approx(1.0)
    assert map_of([one.take(slice(0, 0)) for one in found], truths, detector.things) == 0.0
    assert map_of(found, [no_truth(*SIZE)] * 3, detector.things) is None
