"""What the card of a model of instances says otherwise than that of one of pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kirie.core.bundle import Manifest
from kirie.core.detections import LEAST_SEEN, MOST_SHARED
from kirie.export.instance_trial import MAX_MAP_DIFFERENCE, MIN_EQUAL, InstanceTrial, remark
from kirie.export.markdown import cell, number, table
from kirie.export.matching import MAX_BOX_DIFFERENCE, MAX_MASK_DIFFERENCE, MAX_SCORE_DIFFERENCE
from kirie.export.trial import AnyTrial
from kirie.export.usage import use

OUTPUT = (
    "`boxes`, float32 (N, 4): x0, y0, x1, y1 in pixels; `labels`, uint8 (N,); `scores`, float32 (N,), best first; "
    "`masks`, float32 (N, M, M): probabilities inside each box. N differs from picture to picture and may be 0"
)

_SPLITS = ("val", "test")
_MEANS = {
    "map": "mAP (IoU 0.50 to 0.95)",
    "map_50": "mAP at IoU 0.50",
    "map_75": "mAP at IoU 0.75",
    "map_small": "mAP, small",
    "map_medium": "mAP, medium",
    "map_large": "mAP, large",
}


def what(manifest: Manifest) -> str:
    """What the model does, and how the label map is made that its scores by pixel are taken from."""
    return (
        "A model that finds the things in a picture: for each a box, a label, a score and a mask. So that it can be "
        "held against one that labels pixels, the scores by pixel below are those of a label map into which its things "
        f"are painted, those of a score of at least {manifest.least_score:g}. In each label, the surest first, one of "
        f"which a share of {MOST_SHARED:g} or more lies in surer ones that stand is left out; the others lose to those "
        "the pixels that they share. What is left of each is painted, the one with the largest mask first and of equal "
        f"ones the least sure. What then shows less than a share of {LEAST_SEEN:g} of its mask is taken away, and what "
        "lies under it shows."
    )


def scores(found: Mapping[str, Any], labels: Sequence[str]) -> str:
    """The section of what only instances have: average precision, panoptic quality; empty where none was measured."""
    splits = [name for name in _SPLITS if isinstance(_at(found, name, "map"), Mapping)]
    if not splits:
        return ""
    kinds = ("mask", "box")
    header = ("", *(f"{split} {kind}" for split in splits for kind in kinds))
    rows: list[Sequence[str]] = [
        (words, *(number(_at(found, split, "map", kind, key)) for split in splits for kind in kinds))
        for key, words in _MEANS.items()
    ]
    rows += [
        (
            f"mAP of {cell(name)}",
            *(number(_at(found, split, "map", "per_label", name, kind)) for split in splits for kind in kinds),
        )
        for name in labels
        if any(_at(found, split, "map", "per_label", name) for split in splits)
    ]
    quality = ", ".join(f"{number(_at(found, split, 'pq', 'pq'))} on {split}" for split in splits)
    return (
        "## Scores of instances\n\nAverage precision as COCO defines it, over masks and over boxes; sizes in pixels of "
        f"the prepared picture. Panoptic quality: {quality}.\n\n" + table(header, rows)
    )


def gate(trials: Sequence[AnyTrial]) -> str:
    """The section about the comparison with the trained model."""
    rows = [trial.told() for trial in trials]
    silenced = [f"{one.height} x {one.width}" for one in trials if isinstance(one, InstanceTrial) and one.silenced]
    empty = "some of them without a detection (`empty`)"
    if silenced:
        empty += (
            f". At {', '.join(silenced)} it finds something even in pictures of one colour, so one picture was "
            'compared with both made to find nothing, by raising the bias of the class "no thing"'
        )
    said = remark(trials)
    return (
        "## Is the file the trained model?\n\nIt was run by ONNX Runtime beside the trained model on validation "
        f"pictures, {empty}. Detections were matched by box; at least "
        f"{MIN_EQUAL} of them had to have the same label, a score within {MAX_SCORE_DIFFERENCE}, a box within "
        f"{MAX_BOX_DIFFERENCE} pixels and a mask within {MAX_MASK_DIFFERENCE}, and mAP to differ by at most "
        f"{MAX_MAP_DIFFERENCE}. Gaps are the largest ones.\n\n"
        + table(list(rows[0]), [list(row.values()) for row in rows])
        + (f"\n\n**{said}**" if said else "")
    )


def usage(manifest: Manifest) -> str:
    """The section with lines that run."""
    lines = f"""session = onnxruntime.InferenceSession("{manifest.model_file}")
boxes, labels, scores, masks = session.run(["boxes", "labels", "scores", "masks"], {{"image": pixels}})"""
    return f"""{use(manifest, "things", lines)}
A mask is resized to its box (grown by 1/M of its sides, with a border of zeros) and cut at 0.5, as torchvision's
`paste_masks_in_image` does."""


def _at(found: Mapping[str, Any], *keys: str) -> Any:
    value: Any = found
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
