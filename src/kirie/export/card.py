"""The model card: what a person who finds the bundle needs to know, in Markdown (after Mitchell et al., Model Cards
for Model Reporting, 2019).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kirie.core.bundle import INSTANCE, Manifest
from kirie.export import instance_card
from kirie.export.markdown import cell, number, table
from kirie.export.trial import MAX_MIOU_DIFFERENCE, MIN_EQUAL, AnyTrial, Trial
from kirie.export.usage import use

_SCORES = (("iou", "IoU"), ("dice", "Dice"), ("boundary_iou", "boundary IoU"))
_SPLITS = ("val", "test")
_PIXELS = "A segmentation model that gives each pixel of a picture one label."


def model_card(manifest: Manifest, trials: Sequence[AnyTrial]) -> str:
    """The card of a bundle.

    Args:
        manifest: The bundle's manifest, scores included.
        trials: The gate's comparisons.
    """
    things = manifest.task == INSTANCE
    sections = [
        _what(manifest),
        _labels(manifest),
        _scores(manifest.scores, manifest.labels.names),
        instance_card.scores(manifest.scores, manifest.labels.names) if things else "",
        instance_card.gate(trials) if things else _gate(trials),
        instance_card.usage(manifest) if things else _usage(manifest),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _what(manifest: Manifest) -> str:
    size = f"{manifest.height} x {manifest.width} pixels"
    if manifest.dynamic_size:
        step = f" that are multiples of {manifest.multiple_of}" if manifest.multiple_of > 1 else ""
        fed = f"trained at {size}; takes any height and width{step}"
    else:
        fed = f"takes {size} only"
    framing = (
        "the whole picture is scaled into the input, its aspect kept, and padded with black"
        if manifest.mode == "fit"
        else f"the input slides over the unscaled picture, neighbours overlapping by {manifest.overlap:.0%}"
    )
    things = manifest.task == INSTANCE
    outputs = "; `probabilities`, float32 (batch, label, height, width)" if "probabilities" in manifest.outputs else ""
    rows = {
        "architecture": f"{manifest.architecture} over {manifest.encoder}",
        "run": f"`{manifest.run}`",
        "data": f"`{manifest.data}`",
        "input": f"`image`, uint8 RGB ({'1' if things else 'batch'}, height, width, 3); {fed}",
        "framing": framing,
        "output": instance_card.OUTPUT
        if things
        else f"`labels`, uint8 (batch, height, width): an id per pixel{outputs}",
        "file": f"`{manifest.model_file}`, ONNX operator set {manifest.opset}, SHA-256 `{manifest.sha256}`",
        "written by": manifest.created_by,
    }
    return (
        f"# {cell(manifest.architecture)} for {len(manifest.labels)} labels\n\n"
        + (instance_card.what(manifest) if things else _PIXELS)
        + "\n\n"
        + table(("", ""), ((key, value) for key, value in rows.items()))
    )


def _labels(manifest: Manifest) -> str:
    rows = ((str(label.id), cell(label.name), f"`{label.hex}`") for label in manifest.labels)
    return "## Labels\n\n" + table(("id", "name", "colour"), rows)


def _scores(scores: Mapping[str, Any], labels: Sequence[str]) -> str:
    splits = [name for name in _SPLITS if isinstance(scores.get(name), Mapping)]
    if not splits:
        return ""
    header = ("", *(f"{split} {word}" for split in splits for _, word in _SCORES))
    mean = ("mean", *(number(scores[split].get(key)) for split in splits for key in ("miou", "dice", "boundary_iou")))
    rows = [
        (cell(name), *(number(_of(scores[split], name).get(key)) for split in splits for key, _ in _SCORES))
        for name in labels
    ]
    return (
        "## Scores\n\nPixels are added over the whole split before a ratio is taken; a label that the truth does not "
        "hold has no score. `kirie select` chooses on val, unless it is told otherwise.\n\n"
        + table(header, [*rows, mean])
    )


def _gate(trials: Sequence[AnyTrial]) -> str:
    rows = (
        (
            f"{trial.height} x {trial.width}",
            str(trial.batch),
            str(trial.images),
            f"{trial.equal:.6f}",
            f"{trial.miou_difference:.6f}",
            "-" if trial.probability_difference is None else f"{trial.probability_difference:.1e}",
        )
        for trial in trials
        if isinstance(trial, Trial)
    )
    return (
        "## Is the file the trained model?\n\nIt was run by ONNX Runtime beside the trained model on validation "
        f"pictures. At least {MIN_EQUAL} of the labels had to be equal, and mIoU to differ by at most "
        f"{MAX_MIOU_DIFFERENCE}.\n\n"
        + table(
            ("size", "batch", "pictures", "equal labels", "mIoU difference", "largest probability difference"), rows
        )
    )


def _usage(manifest: Manifest) -> str:
    line = f'labels = onnxruntime.InferenceSession("{manifest.model_file}").run(["labels"], {{"image": pixels}})[0][0]'
    return use(manifest, "parts", line)


def _of(scores: Mapping[str, Any], label: str) -> Mapping[str, Any]:
    found = scores.get("per_label", {}).get(label, {})
    return found if isinstance(found, Mapping) else {}
