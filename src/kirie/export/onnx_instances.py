"""A trained model of instances as one ONNX file: 8-bit pixels of one picture in; boxes, labels, scores, masks out.

Here torch's older exporter writes the graph, the one that traces: proposals, suppression and the pyramid's levels give
another number of boxes for every picture, which torchvision wrote its tracing paths for, and which `torch.export` takes
for errors. It records one run, so that whatever was decided in Python is frozen; the gate runs the file on other
pictures, other sizes, and one on which nothing is found.

The masks stay the small ones of the network: pasting is left to who reads them (`core.detections`), because a hundred
masks of a picture's size are a hundred pictures.

Shape suffixes: B batch, C channels, H height, W width, N detections, M side of a small mask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import onnx
import torch
from torch import Tensor, nn

from kirie import __version__
from kirie.core import files
from kirie.core.bundle import INSTANCE_OUTPUTS
from kirie.core.detections import Detections
from kirie.core.labels import LabelSet
from kirie.errors import ModelError
from kirie.export.onnx import HEIGHT, INPUT, OPSET, WIDTH, Exportable, Provenance, properties, quiet, refused

COUNT = "detections"

Found = Sequence[Tensor]
"""Of one picture: boxes float32 (N, 4), labels uint8 (N,), scores float32 (N,), masks float32 (N, M, M)."""


class Finder(Exportable, Protocol):
    """What export asks of a model of instances."""

    n_labels: int
    things: tuple[int, ...]
    mean: Tensor

    @property
    def options(self) -> Mapping[str, Any]:
        """Of the model; here `score_threshold`, `detections` and `paint_score` count."""

    def find(self, image_BCHW: Tensor) -> Sequence[Found]:
        """What is in pictures (B, 3, H, W), RGB in [0, 1], one for each, best score first."""


class ThingGraph(nn.Module):
    """What is exported: a detector between pixels and detections.

    Args:
        finder: The trained model.
    """

    def __init__(self, finder: Finder) -> None:
        super().__init__()
        self.finder = finder

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Boxes, labels, scores and masks of one picture, uint8 (1, H, W, 3)."""
        (found,) = self.finder.find(image.permute(0, 3, 1, 2).to(torch.float32) / 255)
        boxes_N4, labels_N, scores_N, masks_NMM = found
        return boxes_N4.to(torch.float32), labels_N.to(torch.uint8), scores_N.to(torch.float32), masks_NMM

    def answer(self, image_HWC: Tensor) -> Detections:
        """What the model finds in one picture, uint8 (H, W, 3), as the exported file would say it."""
        with torch.inference_mode():
            return Detections(*(tensor.numpy() for tensor in self(image_HWC[None])))


def write_onnx_instances(
    finder: Finder,
    path: Path,
    size: tuple[int, int],
    labels: LabelSet,
    provenance: Provenance,
    *,
    dynamic_size: bool,
) -> None:
    """Exports, checks the graph and writes it, with its metadata inside.

    Args:
        finder: The model in eval mode, on the CPU.
        path: The file.
        size: Height and width that the store has; the only ones if the size is not dynamic.
        labels: What the ids mean.
        provenance: Where the model comes from.
        dynamic_size: Whether height and width are left open.

    Raises:
        ModelError: The exporter cannot export the model, or what it gave is not a valid graph.
        DeviceError: The disk is full or cannot be written.
    """
    graph = ThingGraph(finder).eval()
    # Shades and not one colour: the run that is recorded should find something
    example_1HWC = _shades(size)
    free: dict[str, dict[int, str]] = {name: {0: COUNT} for name in INSTANCE_OUTPUTS}
    free |= {INPUT: {1: HEIGHT, 2: WIDTH}} if dynamic_size else {}
    try:
        with TemporaryDirectory() as place, quiet(), torch.no_grad():
            raw = Path(place) / "model.onnx"
            side = int(graph(example_1HWC)[3].shape[-1])
            torch.onnx.export(
                graph,
                (example_1HWC,),
                raw,
                dynamo=False,
                input_names=[INPUT],
                output_names=list(INSTANCE_OUTPUTS),
                dynamic_axes=free,
                opset_version=OPSET,
                do_constant_folding=True,
            )
            model = onnx.load(raw)
            about = properties(finder, size, labels, provenance, dynamic_size=dynamic_size)
            _finish(model, about, side)
            onnx.checker.check_model(model, full_check=True)
    except ModelError:
        raise
    except Exception as error:
        # Not a list of types: torch refuses a model by whatever its tracing runs into
        raise refused(finder, size, error, dynamic_size=dynamic_size) from error
    with files.replacing(path) as written:
        written.write(model.SerializeToString(deterministic=True))


def _shades(size: tuple[int, int]) -> Tensor:
    height, width = size
    down, across = torch.linspace(0, 255, height)[:, None], torch.linspace(255, 0, width)[None]
    planes = [down.expand(size), across.expand(size), (down + across) / 2]
    return torch.stack(planes, dim=-1).to(torch.uint8)[None].contiguous()


def _finish(model: onnx.ModelProto, about: Mapping[str, str], side: int) -> None:
    _clean(model.graph)
    shapes: dict[str, tuple[str | int, ...]] = {
        "boxes": (COUNT, 4),
        "labels": (COUNT,),
        "scores": (COUNT,),
        "masks": (COUNT, side, side),
    }
    for output in model.graph.output:
        kind = output.type.tensor_type.elem_type
        output.CopyFrom(onnx.helper.make_tensor_value_info(output.name, kind, shapes[output.name]))
    model.producer_name, model.producer_version = "kirie", __version__
    model.doc_string = "uint8 RGB pixels of one picture to boxes, labels, scores and masks; see kirie.labels"
    onnx.helper.set_model_props(model, {**about, "kirie.task": "instance"})


def _clean(graph: onnx.GraphProto) -> None:
    """Takes out where in which file each node came from, in the branches of conditions and loops as well."""
    owners: Iterable[Any] = (graph, *graph.node, *graph.input, *graph.output)
    for owner in owners:
        del owner.metadata_props[:]
        owner.doc_string = ""
    del graph.value_info[:]
    for node in graph.node:
        for attribute in node.attribute:
            attribute.doc_string = ""
            for inner in (attribute.g, *attribute.graphs):
                if inner.node:
                    _clean(inner)
