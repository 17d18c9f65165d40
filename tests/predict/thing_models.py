"""Real ONNX graphs of instances whose answers are known: fixed ones, and one that finds rectangles of plain colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from kirie.core.bundle import INSTANCE_OUTPUTS

SIDE = 14
_FAR = 1 << 20


def fixed_model(boxes: Any, labels: Any, scores: Any, masks: Any = None) -> onnx.ModelProto:
    """A model that answers alike whatever it is fed; masks are full unless given."""
    boxes_N4 = np.array(boxes, dtype=np.float32).reshape(-1, 4)
    full = np.ones((len(boxes_N4), SIDE, SIDE)) if masks is None else masks
    answers: dict[str, NDArray[Any]] = {
        "boxes": boxes_N4,
        "labels": np.array(labels, dtype=np.uint8),
        "scores": np.array(scores, dtype=np.float32),
        "masks": np.array(full, dtype=np.float32),
    }
    nodes = [helper.make_node("Identity", [f"{name} given"], [name]) for name in answers]
    return _model(nodes, {f"{name} given": value for name, value in answers.items()})


def rectangle_model(colors: NDArray[np.uint8], labels: list[int]) -> onnx.ModelProto:
    """A model that finds, for each colour, the box of the pixels that are exactly that; masks are full.

    Args:
        colors: uint8 (K, 3).
        labels: Each colour's label id; the first is the surest.
    """
    count = len(colors)
    nodes = [
        _node("Cast", "image", "whole", to=TensorProto.INT32),
        _node("Equal", "whole", "colors", "alike"),
        _node("Cast", "alike", "alike number", to=TensorProto.INT32),
        _node("ReduceMin", "alike number", "three", "inside", keepdims=0),
    ]
    for name, across in (("x", "one"), ("y", "two")):
        nodes += [
            _node("ReduceMax", "inside", across, f"{name} held", keepdims=0),
            _node("Shape", "image", f"{name} size", start=2 if name == "x" else 1, end=3 if name == "x" else 2),
            _node("Squeeze", f"{name} size", f"{name} length"),
            _node("Range", "zero", f"{name} length", "step", f"{name} long places"),
            _node("Cast", f"{name} long places", f"{name} places", to=TensorProto.INT32),
            _node("Cast", f"{name} held", f"{name} is held", to=TensorProto.BOOL),
            _node("Where", f"{name} is held", f"{name} places", "far", f"{name} low places"),
            _node("Where", f"{name} is held", f"{name} places", "near", f"{name} high places"),
            _node("ReduceMin", f"{name} low places", "one", f"{name}0", keepdims=1),
            _node("ReduceMax", f"{name} high places", "one", f"{name}1 before", keepdims=1),
            _node("Add", f"{name}1 before", "unit", f"{name}1"),
        ]
    nodes += [
        _node("Concat", "x0", "y0", "x1", "y1", "whole boxes", axis=1),
        _node("Cast", "whole boxes", "all boxes", to=TensorProto.FLOAT),
        _node("ReduceMax", "x held", "one", "any", keepdims=0),
        _node("NonZero", "any", "which row"),
        _node("Squeeze", "which row", "zero axis", "which"),
        *(_node("Gather", f"all {name}", "which", name, axis=0) for name in INSTANCE_OUTPUTS),
    ]
    constants = {
        "colors": colors.astype(np.int32).reshape(count, 1, 1, 3),
        "one": np.array([1]),
        "two": np.array([2]),
        "three": np.array([3]),
        "zero": np.array(0),
        "step": np.array(1),
        "zero axis": np.array([0]),
        "far": np.array(_FAR, dtype=np.int32),
        "near": np.array(-1, dtype=np.int32),
        "unit": np.array(1, dtype=np.int32),
        "all labels": np.array(labels, dtype=np.uint8),
        "all scores": np.linspace(0.95, 0.75, count, dtype=np.float32),
        "all masks": np.ones((count, SIDE, SIDE), dtype=np.float32),
    }
    return _model(nodes, constants)


def _node(kind: str, *names: str, **more: Any) -> onnx.NodeProto:
    made: onnx.NodeProto = helper.make_node(kind, list(names[:-1]), [names[-1]], **more)
    return made


def _model(nodes: list[onnx.NodeProto], constants: dict[str, NDArray[Any]]) -> onnx.ModelProto:
    kinds: dict[str, tuple[TensorProto.DataType, list[str | int | None]]] = {
        "boxes": (TensorProto.FLOAT, ["n", 4]),
        "labels": (TensorProto.UINT8, ["n"]),
        "scores": (TensorProto.FLOAT, ["n"]),
        "masks": (TensorProto.FLOAT, ["n", None, None]),
    }
    graph = helper.make_graph(
        nodes,
        "things",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, "height", "width", 3])],
        [helper.make_tensor_value_info(name, *kinds[name]) for name in INSTANCE_OUTPUTS],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return model
