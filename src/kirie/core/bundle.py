"""The bundle's manifest: what export writes beside the model, and all that prediction knows of it.

A bundle is a folder with the model, `manifest.json` and `MODEL_CARD.md`. The manifest binds them: it holds the model
file's SHA-256, so that a model that was exchanged, cut short or edited is refused before it runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Final

from kirie import __version__
from kirie.core import files
from kirie.core.detections import LEAST_SCORE
from kirie.core.identity import digest
from kirie.core.labels import LabelSet
from kirie.core.manifest_fields import Fields, shown
from kirie.errors import BundleError, SourceError

MANIFEST = "manifest.json"

CHECKSUM = "checksum"
"""Key of the digest over all other fields, so that a changed label or size is noticed like a changed model."""
MODEL = "model.onnx"
VERSION: Final = 2
"""Raised when a field changes its meaning; a bundle of another version is refused, not guessed at."""

MODES = ("fit", "tile")
SEMANTIC, INSTANCE = "semantic", "instance"
TASKS = (SEMANTIC, INSTANCE)
OUTPUTS = ("labels", "probabilities")
INSTANCE_OUTPUTS = ("boxes", "labels", "scores", "masks")

_LARGEST_MANIFEST = 4 << 20
_LARGEST_MULTIPLE = 1 << 10
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself.

    Attributes:
        sha256: SHA-256 of the model file, 64 lower-case hexadecimal digits.
        opset: The model's ONNX operator set.
        run: Id of the run that trained it.
        data: Fingerprint of the store it was trained on.
        architecture: The architecture's word, as in `conf/model/`.
        encoder: The encoder's word.
        labels: What the ids mean.
        height: Input height in pixels that the model was trained at.
        width: Input width in pixels.
        dynamic_size: Whether other sizes may be fed.
        multiple_of: Sides that are fed are multiples of this many pixels.
        mode: fit: the whole picture is fitted into the input. tile: the input slides over the picture.
        overlap: Share of a tile that its neighbour covers, too, 0 to 0.9; meaningless in mode fit.
        outputs: The model's outputs in its own order. Semantic: `labels`, uint8 (batch, height, width), and perhaps
            `probabilities`, float32 (batch, labels, height, width). Instance, of the one picture that the model takes
            at a time: `boxes`, float32 (N, 4), `labels`, uint8 (N,), `scores`, float32 (N,), best first, and `masks`,
            float32 (N, M, M); see `core.detections`.
        task: What it predicts, one of TASKS.
        least_score: Instances below it are not painted or cut out, unless it is said otherwise; meaningless in the
            semantic task.
        scores: The run's scores, as export chose to write them.
        model_file: The model's file name in the bundle.
        created_by: The program and version that wrote it.
    """

    sha256: str
    opset: int
    run: str
    data: str
    architecture: str
    encoder: str
    labels: LabelSet
    height: int
    width: int
    dynamic_size: bool = False
    multiple_of: int = 1
    mode: str = "fit"
    overlap: float = 0.25
    outputs: tuple[str, ...] = OUTPUTS
    task: str = SEMANTIC
    least_score: float = LEAST_SCORE
    scores: Mapping[str, Any] = field(default_factory=dict)
    model_file: str = MODEL
    created_by: str = f"kirie {__version__}"

    file_name: ClassVar[str] = MANIFEST

    def to_dict(self) -> dict[str, Any]:
        """The manifest as JSON writes it; `from_dict` reads it back equal."""
        return {
            "version": VERSION,
            "created_by": self.created_by,
            "task": self.task,
            "least_score": self.least_score,
            "model": {"file": self.model_file, "sha256": self.sha256, "opset": self.opset},
            "architecture": self.architecture,
            "encoder": self.encoder,
            "run": self.run,
            "data": self.data,
            "labels": self.labels.to_dict(),
            "input": {
                "height": self.height,
                "width": self.width,
                "dynamic_size": self.dynamic_size,
                "multiple_of": self.multiple_of,
            },
            "mode": self.mode,
            "overlap": self.overlap,
            "outputs": list(self.outputs),
            "scores": dict(self.scores),
        }

    @classmethod
    def from_dict(cls, raw: object, origin: str = "The manifest") -> Manifest:
        """Builds a manifest from parsed JSON and checks every field.

        Args:
            raw: The parsed file.
            origin: The file, for messages.

        Raises:
            BundleError: A field is missing, of the wrong type, or out of bounds.
        """
        top = Fields(raw, origin)
        version = top.take("version", int)
        if version != VERSION:
            raise BundleError(
                f"{origin} is of version {version}; this kirie ({__version__}) reads version {VERSION}. "
                "Export the run again, or use the kirie that wrote the bundle "
                f"({top.content.get('created_by', 'unknown')})."
            )
        model = Fields(top.take("model", dict), f"{origin}, `model`")
        fed = Fields(top.take("input", dict), f"{origin}, `input`")
        multiple_of = fed.number("multiple_of", 1, _LARGEST_MULTIPLE)
        task = top.one_of("task", TASKS)
        try:
            labels = LabelSet.from_dict(top.take("labels", dict), origin)
        except SourceError as error:
            raise BundleError(f"{error} Export the run again.") from None
        return cls(
            sha256=model.matching("sha256", _SHA256, "64 lower-case hexadecimal digits"),
            opset=model.number("opset", 1, 1000),
            run=top.take("run", str),
            data=top.take("data", str),
            architecture=top.take("architecture", str),
            encoder=top.take("encoder", str),
            labels=labels,
            height=fed.side("height", multiple_of),
            width=fed.side("width", multiple_of),
            dynamic_size=fed.take("dynamic_size", bool),
            multiple_of=multiple_of,
            mode=top.one_of("mode", MODES),
            overlap=top.share("overlap", 0.9),
            outputs=_outputs(top.take("outputs", list), task, origin),
            task=task,
            least_score=top.share("least_score", 1.0),
            scores=top.take("scores", dict),
            model_file=_plain_name(model.take("file", str), origin),
            created_by=top.take("created_by", str),
        )

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Reads a bundle's manifest and verifies the model file against it.

        Raises:
            BundleError: The folder is no bundle, the manifest is damaged, or the model file is not the exported one.
        """
        path = folder / MANIFEST
        if not path.is_file():
            raise BundleError(f"{folder} is not a bundle: it has no {MANIFEST}. `kirie export` writes bundles.")
        if path.stat().st_size > _LARGEST_MANIFEST:
            raise BundleError(
                f"The manifest {path} is {path.stat().st_size:,} bytes; a manifest is less than "
                f"{_LARGEST_MANIFEST:,}. Export the run again."
            )
        raw = files.read_json(path, BundleError, "The manifest")
        checksum = raw.pop(CHECKSUM, None) if isinstance(raw, dict) else None
        found = cls.from_dict(raw, f"The manifest {path}")
        if checksum != _digest(raw):
            raise BundleError(
                f"The manifest {path} is not the one that was exported: its checksum does not fit its content. "
                "Copy the bundle again, or export the run again."
            )
        found.verify(folder)
        return found

    def verify(self, folder: Path) -> None:
        """Hashes the model file and compares.

        Raises:
            BundleError: It is missing, or was changed since the export.
        """
        path = folder / self.model_file
        if not path.is_file():
            raise BundleError(f"The bundle {folder} has no {self.model_file}; copy the whole folder, or export again.")
        found = files.sha256_of(path)
        if found != self.sha256:
            raise BundleError(
                f"The model {path} is not the one that was exported: its SHA-256 is {found[:12]}…, the manifest says "
                f"{self.sha256[:12]}…. Copy the bundle again, or export the run again."
            )

    def write(self, folder: Path) -> None:
        """Writes `manifest.json` into a folder that already holds the model file.

        Raises:
            BundleError: A field is out of bounds, or the model file is missing or another one.
            DeviceError: The disk is full or cannot be written.
        """
        content = self.to_dict()
        Manifest.from_dict(content, "The manifest to be written")
        self.verify(folder)
        files.write_json(folder / MANIFEST, content | {CHECKSUM: digest(content)})


def _digest(content: object) -> str | None:
    """The checksum of a manifest, or None where it holds NaN or infinity, which no export writes."""
    try:
        return digest(content)
    except ValueError:
        return None


def _outputs(raw: list[object], task: str, origin: str) -> tuple[str, ...]:
    allowed, needed = (OUTPUTS, {"labels"}) if task == SEMANTIC else (INSTANCE_OUTPUTS, set(INSTANCE_OUTPUTS))
    names = tuple(name for name in raw if isinstance(name, str) and name in allowed)
    if len(names) != len(raw) or len(set(names)) != len(names) or not needed <= set(names):
        words = (
            "labels, and may hold probabilities" if task == SEMANTIC else f"{', '.join(INSTANCE_OUTPUTS)} for instances"
        )
        raise BundleError(
            f"{origin}: `outputs` is {shown(raw)}, but must hold {words}, once each. Export the run again."
        )
    return names


def _plain_name(name: str, origin: str) -> str:
    # By its letters, not by resolving: DVC may have linked the file to its cache, outside the folder
    if name in {"", ".", "..", MANIFEST} or "\\" in name or "\0" in name or PurePosixPath(name).name != name:
        raise BundleError(f"{origin}: the model file '{name}' must be a plain file name inside the bundle.")
    return name
