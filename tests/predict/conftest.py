"""A bundle with a real ONNX graph that names each pixel by its nearest colour, so that the truth is known."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from kirie.core.bundle import INSTANCE_OUTPUTS, MODEL, OUTPUTS, Manifest
from kirie.core.files import sha256_of
from kirie.core.labels import LabelSet

from .thing_models import rectangle_model

COLORS = ((255, 255, 255), (230, 30, 30), (20, 180, 60), (30, 60, 220))
"""White, red, green, blue: far apart, so that JPEG does not confuse them."""

LABELS = LabelSet.from_dict(
    {
        "labels": [
            {"name": "background", "color": "#000000"},
            {"name": "hair", "color": "#e61e1e"},
            {"name": "../a/b", "color": "#14b43c"},
            {"name": "眼", "color": "#1e3cdc"},
        ]
    }
)
OPSET = 20

MakeBundle = Callable[..., Path]


def color_model(outputs: tuple[str, ...], n_labels: int = len(COLORS)) -> onnx.ModelProto:
    """uint8 pictures in; softmax of the negative squared distance to each colour, and its argmax, out."""
    colors_LC = np.array(COLORS[:n_labels], dtype=np.float32) / 255
    # |x - c|² without |x|², which is the same for all colours: a convolution with a 1x1 kernel
    sharpness = 20.0
    weight = (2 * sharpness * colors_LC)[:, :, None, None].astype(np.float32)
    bias = (-sharpness * (colors_LC**2).sum(axis=1)).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["float", "scale"], ["unit"]),
        helper.make_node("Transpose", ["unit"], ["channels"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["channels", "weight", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        helper.make_node("ArgMax", ["logits"], ["ids"], axis=1, keepdims=0),
        helper.make_node("Cast", ["ids"], ["labels"], to=TensorProto.UINT8),
    ]
    shapes: dict[str, tuple[TensorProto.DataType, list[str | int | None]]] = {
        "labels": (TensorProto.UINT8, ["batch", "height", "width"]),
        "probabilities": (TensorProto.FLOAT, ["batch", n_labels, "height", "width"]),
    }
    graph = helper.make_graph(
        nodes,
        "color",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", "height", "width", 3])],
        [helper.make_tensor_value_info(name, *shapes[name]) for name in outputs],
        [
            numpy_helper.from_array(np.array(1 / 255, dtype=np.float32), "scale"),
            numpy_helper.from_array(weight, "weight"),
            numpy_helper.from_array(bias, "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model


@pytest.fixture
def make_bundle(tmp_path: Path) -> MakeBundle:
    """Writes a bundle around `color_model`; keyword arguments go into the manifest."""

    def make(model: onnx.ModelProto | None = None, name: str = "bundle", **fields: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        onnx.save(model or color_model(fields.get("outputs", OUTPUTS)), folder / MODEL)
        plain = Manifest(
            sha256=sha256_of(folder / MODEL),
            opset=OPSET,
            run="0123456789ab",
            data="feedbeef",
            architecture="nearest",
            encoder="color",
            labels=LABELS,
            height=64,
            width=96,
            dynamic_size=True,
        )
        dataclasses.replace(plain, **fields).write(folder)
        return folder

    return make


@pytest.fixture
def color_bundle(make_bundle: MakeBundle) -> Path:
    """A bundle of mode fit."""
    return make_bundle()


@pytest.fixture
def tile_bundle(make_bundle: MakeBundle) -> Path:
    """A bundle of mode tile, whose every pixel stands for itself: its labels are exact at any size."""
    return make_bundle(name="tile", mode="tile", overlap=0.25)


@pytest.fixture
def make_thing_bundle(make_bundle: MakeBundle) -> MakeBundle:
    """Writes a bundle of instances around a model, whose size is 64 x 96."""

    def make(model: onnx.ModelProto, name: str = "things", **fields: Any) -> Path:
        return make_bundle(model, name, **{"task": "instance", "outputs": INSTANCE_OUTPUTS, **fields})

    return make


@pytest.fixture
def rectangle_bundle(make_thing_bundle: MakeBundle) -> Path:
    """A bundle of mode tile that finds one rectangle of each colour in each tile."""
    model = rectangle_model(np.array(COLORS[1:], dtype=np.uint8), [1, 2, 3])
    return make_thing_bundle(model, mode="tile", overlap=0.25)


Draw = Callable[[int, int], tuple[NDArray[np.uint8], NDArray[np.uint8]]]


@pytest.fixture
def draw() -> Draw:
    """`patches`, as a fixture, because test files cannot import this one."""
    return patches


def patches(height: int, width: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Rectangles and a disc in the labels' colours: uint8 picture (H, W, 3) and its true ids (H, W)."""
    ids_HW = np.zeros((height, width), dtype=np.uint8)
    ids_HW[: height // 2, width // 3 :] = 1
    ids_HW[height // 4 :, : width // 3] = 2
    y, x = np.mgrid[:height, :width]
    ids_HW[((y - height * 0.7) / height) ** 2 + ((x - width * 0.7) / width) ** 2 < 0.03] = 3
    return np.array(COLORS, dtype=np.uint8)[ids_HW], ids_HW
