"""A trained model as one ONNX file: 8-bit pixels in, label ids out.

The graph starts where a decoded picture ends (uint8 RGB, channels last) and holds scaling, normalisation and argmax,
so that nobody downstream writes them again. The exporter is torch's own over `torch.export`: of the two that torch
has, it is the maintained one, and the only one that exports adaptive pooling to sizes that do not divide (PSPNet,
UPerNet) and antialiased resampling (DPT). It knows when a shape was baked in less well than it seems, which is why
nothing is shipped without the gate (`gate.py`).

Shape suffixes: B batch, H height, W width, C channels, L labels.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import onnx
import torch
from torch import Tensor, nn

from kirie import __version__
from kirie.core import files
from kirie.core.labels import LabelSet
from kirie.errors import ModelError
from kirie.models import Limits, Segmenter

OPSET = 18
"""The set that torch's exporter is written in; any other adds a conversion step that can fail. It has everything
needed (antialiased Resize is new in 18), and ONNX Runtime since 1.14, TensorRT, OpenVINO and Core ML all read it."""

INPUT = "image"
BATCH, HEIGHT, WIDTH = "batch", "height", "width"

_EXAMPLE_BATCH = 2
"""torch.export takes a dimension of 1 for a constant, so the example has two pictures."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a model comes from.

    Attributes:
        run: Id of the run.
        data: Fingerprint of the store it was trained on.
    """

    run: str
    data: str


class Exportable(Protocol):
    """What export asks of a model of any task."""

    @property
    def architecture(self) -> str:
        """The architecture's name."""

    @property
    def encoder(self) -> str:
        """The encoder's name."""

    @property
    def multiple_of(self) -> int:
        """Heights and widths must be multiples of this."""

    @property
    def dynamic_size(self) -> bool:
        """Whether an exported graph may take other sizes."""

    limits: Limits


class LabelGraph(nn.Module):
    """What is exported: a segmenter between pixels and labels.

    Args:
        segmenter: The trained model.
        probabilities: Whether the probabilities are an output, too.
    """

    def __init__(self, segmenter: Segmenter, *, probabilities: bool) -> None:
        super().__init__()
        self.segmenter = segmenter
        self.probabilities = probabilities

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Labels uint8 (B, H, W), and perhaps probabilities float32 (B, L, H, W), of pixels uint8 (B, H, W, 3)."""
        logits_BLHW = self.segmenter(image.permute(0, 3, 1, 2).to(torch.float32) / 255)
        labels_BHW = logits_BLHW.argmax(dim=1).to(torch.uint8)
        return (labels_BHW, logits_BLHW.softmax(dim=1)) if self.probabilities else (labels_BHW,)


def output_names(*, probabilities: bool) -> tuple[str, ...]:
    """The graph's outputs in their order."""
    return ("labels", "probabilities") if probabilities else ("labels",)


def write_onnx(
    segmenter: Segmenter,
    path: Path,
    size: tuple[int, int],
    labels: LabelSet,
    provenance: Provenance,
    *,
    dynamic_size: bool,
    probabilities: bool = True,
) -> None:
    """Exports, checks the graph and writes it, with its metadata inside.

    Args:
        segmenter: The model in eval mode, on the CPU.
        path: The file.
        size: Height and width that the store has; the only ones if the size is not dynamic.
        labels: What the ids mean.
        provenance: Where the model comes from.
        dynamic_size: Whether height and width are left open.
        probabilities: Whether the probabilities are an output, too.

    Raises:
        ModelError: The exporter cannot export the model, or what it gave is not a valid graph.
        DeviceError: The disk is full or cannot be written.
    """
    graph = LabelGraph(segmenter, probabilities=probabilities).eval()
    example_BHWC = torch.zeros(_EXAMPLE_BATCH, *size, 3, dtype=torch.uint8)
    free = {0: BATCH} | ({1: HEIGHT, 2: WIDTH} if dynamic_size else {})
    try:
        with quiet(), torch.no_grad():
            program = torch.onnx.export(
                graph,
                (example_BHWC,),
                dynamo=True,
                dynamic_shapes=(free,),
                input_names=[INPUT],
                output_names=list(output_names(probabilities=probabilities)),
                opset_version=OPSET,
                external_data=False,
                verbose=False,
            )
            model = _finished(program, segmenter, size, labels, provenance, dynamic_size=dynamic_size)
            onnx.checker.check_model(model, full_check=True)
    except Exception as error:
        # Not a list of types: torch refuses a model by whatever its tracing runs into
        raise refused(segmenter, size, error, dynamic_size=dynamic_size) from error
    with files.replacing(path) as stream:
        stream.write(model.SerializeToString(deterministic=True))


def refused(model: Exportable, size: tuple[int, int], error: Exception, *, dynamic_size: bool) -> ModelError:
    """The sentence for what an exporter ran into."""
    kind = "with dynamic size" if dynamic_size else f"at {size[0]} x {size[1]} pixels"
    cause = " ".join((str(error.__cause__ or error)).split())[:300]
    return ModelError(
        f"{model.architecture} over {model.encoder} cannot be exported to ONNX {kind} ({cause}). "
        "Export a run of another architecture."
    )


def _finished(
    program: torch.onnx.ONNXProgram | None,
    segmenter: Segmenter,
    size: tuple[int, int],
    labels: LabelSet,
    provenance: Provenance,
    *,
    dynamic_size: bool,
) -> onnx.ModelProto:
    assert program is not None  # torch returns None from its old exporter only
    model = program.model_proto
    # The exporter notes on every node where in which file it came from; that is nobody's business, and half the graph
    for owner in (model.graph, *model.graph.node, *model.graph.input, *model.graph.output):
        del owner.metadata_props[:]
        owner.doc_string = ""
    del model.graph.value_info[:]
    # Sides that the model pads and crops come out as formulas of the input's; for sizes it takes they are the input's
    for output, sides in zip(model.graph.output, ((1, 2), (2, 3)), strict=False):
        dims = output.type.tensor_type.shape.dim
        for side, name in zip(sides, (HEIGHT, WIDTH), strict=True):
            if dims[side].dim_param:
                dims[side].dim_param = name
    model.producer_name, model.producer_version = "kirie", __version__
    model.doc_string = "uint8 RGB pixels to label ids; see kirie.labels in the metadata"
    onnx.helper.set_model_props(model, properties(segmenter, size, labels, provenance, dynamic_size=dynamic_size))
    return model


def properties(
    model: Exportable, size: tuple[int, int], labels: LabelSet, provenance: Provenance, *, dynamic_size: bool
) -> dict[str, str]:
    """Metadata as ONNX keeps it, text by text; lists and mappings are JSON."""
    fed = {
        "height": size[0],
        "width": size[1],
        "dynamic_size": dynamic_size,
        "multiple_of": model.multiple_of,
    }
    return {
        "kirie.version": __version__,
        "kirie.architecture": model.architecture,
        "kirie.encoder": model.encoder,
        "kirie.labels": json.dumps(list(labels.names), ensure_ascii=False),
        "kirie.colors": json.dumps([label.hex for label in labels]),
        "kirie.input": json.dumps(fed),
        "kirie.run": provenance.run,
        "kirie.data": provenance.data,
    }


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps the exporter's warnings, log lines and printed graphs off the terminal; what matters is raised."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    unheard = io.StringIO()
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(unheard),
            contextlib.redirect_stderr(unheard),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
