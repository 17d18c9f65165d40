"""What export does differently for each task: the graph that is written, and how it is compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kirie.core.bundle import INSTANCE, INSTANCE_OUTPUTS, SEMANTIC
from kirie.core.detections import LEAST_SCORE
from kirie.core.labels import LabelSet
from kirie.errors import UsageError
from kirie.export.gate import compare
from kirie.export.gate_instances import compare_instances
from kirie.export.instance_trial import InstanceTrial, instance_bounds
from kirie.export.onnx import Exportable, Provenance, output_names, write_onnx
from kirie.export.onnx_instances import Finder, write_onnx_instances
from kirie.export.trial import AnyTrial, Trial, bounds
from kirie.models import Segmenter
from kirie.prepare.store import Split

Say = Callable[[str], None]
Size = tuple[int, int]


class Exporter(Protocol):
    """One task's way."""

    @property
    def model(self) -> Exportable:
        """The trained model."""

    @property
    def task(self) -> str:
        """One of core.bundle.TASKS."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The file's outputs."""

    @property
    def least_score(self) -> float:
        """Instances below it are not painted; of no meaning for pixels."""

    def bounds(self) -> dict[str, float]:
        """What the gate allows."""

    def write(self, path: Path, size: Size, *, dynamic_size: bool) -> None:
        """Writes the file; raises ModelError where it cannot be."""

    def compare(self, path: Path, split: Split, sizes: Sequence[Size], images: int, say: Say) -> Sequence[AnyTrial]:
        """Runs the file beside the model on at most so many pictures."""


@dataclass(frozen=True, slots=True)
class PixelExporter:
    """Of models that label pixels.

    Attributes:
        model: The model, in eval mode and on the CPU.
        labels: What the ids mean.
        provenance: Where it comes from.
        probabilities: Whether they are an output, too.
    """

    model: Segmenter
    labels: LabelSet
    provenance: Provenance
    probabilities: bool
    task: str = SEMANTIC
    least_score: float = LEAST_SCORE

    @property
    def outputs(self) -> tuple[str, ...]:
        """Labels, and perhaps probabilities."""
        return output_names(probabilities=self.probabilities)

    def bounds(self) -> dict[str, float]:
        """Of pixels."""
        return bounds()

    def write(self, path: Path, size: Size, *, dynamic_size: bool) -> None:
        """See `write_onnx`."""
        write_onnx(
            self.model,
            path,
            size,
            self.labels,
            self.provenance,
            dynamic_size=dynamic_size,
            probabilities=self.probabilities,
        )

    def compare(self, path: Path, split: Split, sizes: Sequence[Size], images: int, say: Say) -> Sequence[Trial]:
        """See `compare`."""
        return compare(path, self.model, split, sizes, images=images, on_trial=lambda one: say(_told(one))).trials


@dataclass(frozen=True, slots=True)
class ThingExporter:
    """Of models that find instances.

    Attributes:
        model: The model, in eval mode and on the CPU.
        labels: What the ids mean.
        provenance: Where it comes from.
    """

    model: Finder
    labels: LabelSet
    provenance: Provenance
    task: str = INSTANCE
    outputs: tuple[str, ...] = INSTANCE_OUTPUTS

    @property
    def least_score(self) -> float:
        """At which the run's own label maps were painted."""
        return float(self.model.options["paint_score"])

    def bounds(self) -> dict[str, float]:
        """Of instances."""
        return instance_bounds()

    def write(self, path: Path, size: Size, *, dynamic_size: bool) -> None:
        """See `write_onnx_instances`."""
        write_onnx_instances(self.model, path, size, self.labels, self.provenance, dynamic_size=dynamic_size)

    def compare(
        self, path: Path, split: Split, sizes: Sequence[Size], images: int, say: Say
    ) -> Sequence[InstanceTrial]:
        """See `compare_instances`."""
        return compare_instances(path, self.model, split, sizes, images=images, on_trial=lambda one: say(_told(one)))


def exporter_of(
    model: Segmenter | Finder, labels: LabelSet, provenance: Provenance, *, probabilities: bool
) -> Exporter:
    """The way of a model's task.

    Args:
        model: The model, in eval mode and on the CPU.
        labels: What the ids mean.
        provenance: Where it comes from.
        probabilities: Whether they are an output, too.

    Raises:
        UsageError: The model finds instances, and has no probabilities that could be left out.
    """
    if isinstance(model, Segmenter):
        return PixelExporter(model, labels, provenance, probabilities)
    if not probabilities:
        raise UsageError(
            f"The run {provenance.run} finds instances, whose file has no probabilities of labels; leave --labels-only "
            "out."
        )
    return ThingExporter(model, labels, provenance)


def _told(trial: AnyTrial) -> str:
    return f"compared at {trial.height} x {trial.width}, batch {trial.batch}"
