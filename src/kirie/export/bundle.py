"""Writing a bundle: export, gate, and only then a folder that anyone sees.

Everything is made in a folder beside the wanted one and takes its name at the end, so that there is never half a
bundle, nor one that has not passed the gate. If an open size does not pass, the model is exported for the store's
size alone and must pass there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from kirie.core import files
from kirie.core.bundle import MANIFEST, MODEL, Manifest
from kirie.core.folders import foreign, replacing_folder
from kirie.core.labels import LabelSet
from kirie.errors import BundleError, GateFailed, ModelError, RunError
from kirie.export.card import model_card
from kirie.export.exporter import Exporter, exporter_of
from kirie.export.gate import gate_sizes
from kirie.export.onnx import OPSET, Provenance
from kirie.export.onnx_instances import Finder
from kirie.export.trial import AnyTrial, failures
from kirie.models import Segmenter
from kirie.prepare.store import Store

CARD = "MODEL_CARD.md"
REPORT = "gate.json"


@dataclass(frozen=True, slots=True)
class Options:
    """How to export.

    Attributes:
        fixed_size: Do not try an open size.
        probabilities: Give the probabilities as a second output.
        gate_images: At most so many validation pictures for the gate.
    """

    fixed_size: bool = False
    probabilities: bool = True
    gate_images: int = 16


@dataclass(frozen=True, slots=True)
class Attempt:
    """One export and what the gate said of it.

    Attributes:
        dynamic_size: Whether the size was left open.
        trials: The gate's comparisons; none if the exporter could not do it.
        problems: Why it was not kept; empty if it was.
    """

    dynamic_size: bool
    trials: tuple[AnyTrial, ...]
    problems: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "dynamic_size": self.dynamic_size,
            "passes": not self.problems,
            "problems": list(self.problems),
            "trials": [trial.to_dict() for trial in self.trials],
        }


@dataclass(frozen=True, slots=True)
class Exported:
    """A written bundle: its folder, manifest, the attempts, the last of which was kept, and the gate's bounds."""

    folder: Path
    manifest: Manifest
    attempts: tuple[Attempt, ...]
    bounds: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "bundle": str(self.folder),
            "task": self.manifest.task,
            "run": self.manifest.run,
            "architecture": self.manifest.architecture,
            "encoder": self.manifest.encoder,
            "sha256": self.manifest.sha256,
            "bytes": (self.folder / self.manifest.model_file).stat().st_size,
            "dynamic_size": self.manifest.dynamic_size,
            "outputs": list(self.manifest.outputs),
            "gate": {"bounds": self.bounds, "attempts": [attempt.to_dict() for attempt in self.attempts]},
        }


def check_fit(labels: LabelSet, provenance: Provenance, store: Store) -> None:
    """Refuses a store that is not the one the run was trained on.

    Raises:
        RunError: Its labels or its content differ.
    """
    if labels.names != store.labels.names:
        raise RunError(
            f"The run {provenance.run} has the labels {', '.join(labels.names)}, but the store {store.path} has "
            f"{', '.join(store.labels.names)}; name the store that the run was trained on with --store."
        )
    if provenance.data != store.fingerprint:
        raise RunError(
            f"The run {provenance.run} was trained on data {provenance.data[:12]}, but the store {store.path} holds "
            f"{store.fingerprint[:12]}; name the store that the run was trained on with --store, or train on this one."
        )


def export_bundle(
    model: Segmenter | Finder,
    labels: LabelSet,
    store: Store,
    out: Path,
    provenance: Provenance,
    *,
    scores: Mapping[str, Any] | None = None,
    options: Options = Options(),
    say: Callable[[str], None] = lambda _: None,
) -> Exported:
    """Exports a trained model, and keeps it if it passes the gate.

    Args:
        model: The model; it is left in eval mode, on the CPU.
        labels: Its labels.
        store: The store it was trained on; the gate reads its validation split.
        out: The bundle's folder. An older bundle there is replaced at the end.
        provenance: Where the model comes from.
        scores: The run's scores by split, for the manifest and the card.
        options: How to export.
        say: Called with what is being done, for progress.

    Returns:
        The bundle.

    Raises:
        GateFailed: The exported model does not give the trained one's answers; nothing was written.
        ModelError: The exporter cannot export the model.
        RunError: The store is not the run's.
        StoreError: The store has no validation pictures.
        UsageError: An option does not fit the model's task.
        BundleError: `out` is there and is no bundle.
        DeviceError: The disk is full or cannot be written.
    """
    check_fit(labels, provenance, store)
    if (refusal := model.limits.refusal(*store.size)) is not None:
        raise RunError(f"The store {store.path} does not fit the run: {model.architecture} {refusal}.")
    check_out(out)
    assert isinstance(model, nn.Module)
    model.eval().cpu()
    exporter = exporter_of(model, labels, provenance, probabilities=options.probabilities)
    with replacing_folder(out) as beside:
        attempts = _attempts(exporter, store, beside / MODEL, options, say)
        kept = attempts[-1]
        manifest = Manifest(
            sha256=files.sha256_of(beside / MODEL),
            opset=OPSET,
            run=provenance.run,
            data=provenance.data,
            architecture=model.architecture,
            encoder=model.encoder,
            labels=labels,
            height=store.size[0],
            width=store.size[1],
            dynamic_size=kept.dynamic_size,
            multiple_of=model.multiple_of,
            mode=store.mode,
            overlap=store.frame.overlap,
            outputs=exporter.outputs,
            task=exporter.task,
            least_score=exporter.least_score,
            scores=dict(scores or {}),
        )
        manifest.write(beside)
        report = {"bounds": exporter.bounds(), "attempts": [attempt.to_dict() for attempt in attempts]}
        files.write_json(beside / REPORT, report)
        files.write_text(beside / CARD, model_card(manifest, kept.trials))
        check_out(out)
    return Exported(out, manifest, tuple(attempts), exporter.bounds())


def check_out(out: Path) -> None:
    """Refuses to replace a folder that is not a bundle: it may hold somebody's work.

    Raises:
        BundleError: It is there, and is neither empty nor a bundle, or holds other files beside it.
    """
    if not out.exists() and not out.is_symlink():
        return
    strange = foreign(out, (MANIFEST, MODEL, REPORT, CARD)) if out.is_dir() else out.name
    if strange is not None:
        raise BundleError(
            f"{out} holds other files than a bundle ('{strange}'), so it is not replaced; name another folder with "
            "--out."
        )
    if (out / MANIFEST).exists() and not (out / MODEL).exists():
        # Web pages and many programs have a file of this name
        raise BundleError(f"{out / MANIFEST} is no bundle's, so it is not replaced; name another folder with --out.")


def _attempts(
    exporter: Exporter, store: Store, path: Path, options: Options, say: Callable[[str], None]
) -> list[Attempt]:
    """Exports until one passes; the last attempt's file is then in place."""
    attempts: list[Attempt] = []
    model = exporter.model
    for dynamic_size in (True, False) if model.dynamic_size and not options.fixed_size else (False,):
        attempt = _attempt(exporter, store, path, options, say, dynamic_size=dynamic_size)
        attempts.append(attempt)
        if not attempt.problems:
            return attempts
        path.unlink(missing_ok=True)
    last = attempts[-1]
    if not last.trials:
        raise ModelError(last.problems[0])
    raise GateFailed(
        f"The exported {model.architecture} over {model.encoder} does not give the answers of the trained "
        f"model, so no file was written. Of {len(last.trials)} comparisons on real pictures these failed:\n"
        + "\n".join(f"  {line}" for line in last.problems)
    )


def _attempt(
    exporter: Exporter,
    store: Store,
    path: Path,
    options: Options,
    say: Callable[[str], None],
    *,
    dynamic_size: bool,
) -> Attempt:
    size = "dynamic size" if dynamic_size else f"{store.size[0]} x {store.size[1]} pixels"
    say(f"exporting {exporter.model.architecture} to ONNX, {size}")
    try:
        exporter.write(path, store.size, dynamic_size=dynamic_size)
    except ModelError as error:
        return Attempt(dynamic_size, (), (str(error),))
    sizes = gate_sizes(exporter.model, store.size, dynamic_size=dynamic_size)
    trials = tuple(exporter.compare(path, store.split("val"), sizes, options.gate_images, say))
    return Attempt(dynamic_size, trials, tuple(failures(trials)))
