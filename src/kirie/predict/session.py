"""A bundle, loaded and ready: uint8 pictures of the model's size in; probabilities or labels, or detections, out.

One session serves many threads: ONNX Runtime lets go of the interpreter while it runs and keeps no state between runs.

Shapes: B pictures, H, W the model's input size, C RGB, L labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from kirie.core.bundle import INSTANCE, INSTANCE_OUTPUTS, SEMANTIC, Manifest
from kirie.core.detections import Detections
from kirie.core.labels import LabelSet
from kirie.errors import BundleError, DeviceError, first_line
from kirie.predict.devices import choose, confirm

_IMAGE = {"image": "tensor(uint8)"}
_BYTES, _FLOATS = "tensor(uint8)", "tensor(float)"
_TYPES = {
    SEMANTIC: {"labels": _BYTES, "probabilities": _FLOATS},
    INSTANCE: {"boxes": _FLOATS, "labels": _BYTES, "scores": _FLOATS, "masks": _FLOATS},
}
_FATAL_ONLY = 4
"""Errors are exceptions as well, which become sentences."""


class Session:
    """A bundle's model on one device."""

    def __init__(self, bundle: Path, device: str = "cpu", threads: int = 1) -> None:
        """Reads and verifies the bundle, and starts the model.

        Args:
            bundle: A folder that `kirie export` wrote.
            device: A word of `--device`.
            threads: CPU threads for one run of the model.

        Raises:
            BundleError: The bundle is damaged, was changed, or is not what its manifest says.
            DeviceError: The device is not to be had.
        """
        self.manifest = Manifest.read(bundle)
        self.bundle = bundle
        self.device = device
        chosen = choose(device, ort.get_available_providers())
        if device in {"cuda", "tensorrt"} and hasattr(ort, "preload_dlls"):
            ort.preload_dlls()  # finds CUDA and cuDNN in their pip packages
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        options.log_severity_level = _FATAL_ONLY
        path = bundle / self.manifest.model_file
        try:
            # Its bytes, because it takes no path that is not UTF-8
            self._model = ort.InferenceSession(path.read_bytes(), options, providers=chosen.providers)
        except Exception as error:  # onnxruntime's exceptions share no base
            raise BundleError(
                f"ONNX Runtime {ort.__version__} cannot load {path} on {device} (opset {self.manifest.opset}): "
                f"{first_line(error)}. A newer onnxruntime may; else export the run again."
            ) from error
        confirm(chosen, self._model.get_providers())
        self._model.disable_fallback()
        self._check(path)

    @property
    def labels(self) -> LabelSet:
        """What the ids mean."""
        return self.manifest.labels

    @property
    def size(self) -> tuple[int, int]:
        """Height and width that the model takes."""
        return self.manifest.height, self.manifest.width

    @property
    def task(self) -> str:
        """What the model predicts: semantic or instance."""
        return self.manifest.task

    @property
    def has_probabilities(self) -> bool:
        """Whether the model gives probabilities; those of labels alone and of instances do not."""
        return "probabilities" in self.manifest.outputs

    def predict_labels(self, image_BHWC: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Label ids, uint8 of shape (B, H, W).

        Raises:
            BundleError: The model fails, or answers with another shape or with ids that are no labels.
        """
        (labels_BHW,) = self._run(["labels"], image_BHWC)
        self._expect(labels_BHW, image_BHWC.shape[:3], "labels")
        if labels_BHW.size and int(labels_BHW.max()) >= len(self.labels):
            raise BundleError(
                f"The model in {self.bundle} gives the label id {int(labels_BHW.max())}, but its manifest has "
                f"{len(self.labels)} labels. Export the run again."
            )
        return np.asarray(labels_BHW, dtype=np.uint8)

    def predict_probabilities(self, image_BHWC: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probability of each label, float32 of shape (B, L, H, W).

        A model that gives labels alone is taken at its word: 1 for the label it names, 0 for the others.

        Raises:
            BundleError: The model fails, or answers with another shape or with numbers that are not finite.
        """
        batch, height, width = image_BHWC.shape[:3]
        if not self.has_probabilities:
            labels_BHW = self.predict_labels(image_BHWC)
            ids_L = np.arange(len(self.labels), dtype=np.uint8)
            return np.asarray(labels_BHW[:, None] == ids_L[None, :, None, None], dtype=np.float32)
        (found_BLHW,) = self._run(["probabilities"], image_BHWC)
        self._expect(found_BLHW, (batch, len(self.labels), height, width), "probabilities")
        if not np.isfinite(found_BLHW).all():
            raise BundleError(
                f"The model in {self.bundle} gives probabilities that are not finite on {self.device}; "
                "try another `--device`, or export the run again."
            )
        return np.asarray(found_BLHW, dtype=np.float32)

    def predict_detections(self, image_HWC: NDArray[np.uint8]) -> Detections:
        """What a model of instances finds in one picture, best score first.

        Raises:
            BundleError: The model fails, or answers with shapes, numbers or labels that are not to be used.
        """
        found = Detections(*self._run(INSTANCE_OUTPUTS, image_HWC[None]))
        if (problem := found.problem(self.labels.things, *image_HWC.shape[:2])) is not None:
            raise BundleError(
                f"The model in {self.bundle} answers with detections that cannot be used on {self.device}: {problem}. "
                "Export the run again."
            )
        return found

    def _run(self, outputs: Sequence[str], image_BHWC: NDArray[np.uint8]) -> list[NDArray[Any]]:
        try:
            found: list[NDArray[Any]] = self._model.run(outputs, {"image": np.ascontiguousarray(image_BHWC)})
        except Exception as error:  # onnxruntime's exceptions share no base
            words = first_line(error)
            if any(hint in words.lower() for hint in ("allocate", "out of memory", "bad_alloc")):
                raise DeviceError(
                    f"Device {self.device} has too little memory for the model in {self.bundle}: {words}. "
                    "Lower `--workers`, or choose another `--device`."
                ) from error
            raise BundleError(
                f"The model in {self.bundle} failed on a picture of {image_BHWC.shape[1]}x{image_BHWC.shape[2]} "
                f"on {self.device}: {words}. Try another `--device`, or export the run again."
            ) from error
        return found

    def _expect(self, found: NDArray[Any], shape: tuple[int, ...], output: str) -> None:
        if found.shape != shape:
            raise BundleError(
                f"The model in {self.bundle} gives `{output}` of shape {found.shape} where {shape} is expected; "
                "it does not fit its manifest. Export the run again."
            )

    def _check(self, path: Path) -> None:
        """The graph's inputs and outputs against the manifest, before the first picture."""
        inputs = {found.name: found.type for found in self._model.get_inputs()}
        outputs = {found.name: found.type for found in self._model.get_outputs()}
        types = _TYPES[self.manifest.task]
        wanted = {name: types[name] for name in self.manifest.outputs}
        if inputs != _IMAGE or not wanted.items() <= outputs.items():
            raise BundleError(
                f"The model {path} has inputs {inputs} and outputs {outputs}; a bundle's model takes "
                f"{_IMAGE} and, by its manifest, gives {wanted}. Export the run again."
            )
