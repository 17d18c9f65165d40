"""What the gate found of a model of instances at one size, and what it allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kirie.export.matching import MAX_BOX_DIFFERENCE, MAX_MASK_DIFFERENCE, MAX_SCORE_DIFFERENCE, Agreement

MIN_EQUAL = 0.99
"""Least share of detections with a partner of the same label, score, box and mask. Not all: where two proposals differ
by less than rounding, the two runtimes may go on with different ones."""

MAX_MAP_DIFFERENCE = 0.001
"""Largest difference of mAP."""


def instance_bounds() -> dict[str, float]:
    """What the gate allows, for reports."""
    return {
        "min_equal": MIN_EQUAL,
        "max_map_difference": MAX_MAP_DIFFERENCE,
        "max_score_difference": MAX_SCORE_DIFFERENCE,
        "max_box_difference": MAX_BOX_DIFFERENCE,
        "max_mask_difference": MAX_MASK_DIFFERENCE,
    }


@dataclass(frozen=True, slots=True)
class InstanceTrial:
    """The comparison at one size.

    Attributes:
        height: Of the pictures, in pixels.
        width: Likewise.
        images: Pictures compared.
        without: Those of them in which torch finds nothing; a trial without any does not pass.
        detections: Compared, over all pictures: pairs, and those of either side that have no partner.
        equal: Share of them that are pairs of one label with score, box and mask within the bounds.
        alone: How many have no partner.
        labels: Pairs of different labels.
        score_difference: Largest difference of a score within pairs of one label.
        box_difference: Likewise of a box's side, in pixels.
        mask_difference: Likewise of a mask's probability.
        map_torch: Mask mAP of the trained model on these pictures; None where the truth has no instance.
        map_onnx: That of the exported one.
        failure: Why ONNX Runtime gave no answer, or one that cannot be used.
        silenced: Whether torch finds something in every picture at hand, so that `without` is one for which both were
            made to find nothing (`silenced`).
        batch: Pictures at once: one.
    """

    height: int
    width: int
    images: int
    without: int = 0
    detections: int = 0
    equal: float = 0.0
    alone: int = 0
    labels: int = 0
    score_difference: float = 0.0
    box_difference: float = 0.0
    mask_difference: float = 0.0
    map_torch: float | None = None
    map_onnx: float | None = None
    failure: str | None = None
    silenced: bool = False
    batch: int = 1

    @classmethod
    def of(
        cls,
        size: tuple[int, int],
        agreements: list[Agreement],
        without: int,
        scores: tuple[float | None, float | None],
    ) -> InstanceTrial:
        """Sums up the pictures of one size; `scores` are the mAP of torch and of the file."""
        detections = sum(one.pairs + one.alone for one in agreements)
        return cls(
            size[0],
            size[1],
            len(agreements),
            without,
            detections,
            equal=sum(one.equal for one in agreements) / detections if detections else 1.0,
            alone=sum(one.alone for one in agreements),
            labels=sum(one.labels for one in agreements),
            score_difference=max((one.score for one in agreements), default=0.0),
            box_difference=max((one.box for one in agreements), default=0.0),
            mask_difference=max((one.mask for one in agreements), default=0.0),
            map_torch=scores[0],
            map_onnx=scores[1],
        )

    @property
    def map_difference(self) -> float:
        """How far the two mAP are apart; 0 where neither is defined."""
        return abs((self.map_torch or 0.0) - (self.map_onnx or 0.0))

    @property
    def passes(self) -> bool:
        """Whether the answers are the same within the gate's bounds."""
        return self.failure is None and not self.complaints()

    def complaints(self) -> list[str]:
        """What was found beyond what is allowed."""
        found = []
        if not self.detections:
            found.append(
                f"the trained model finds nothing in these {self.images} pictures, so there is nothing to compare and "
                "the file is not proven; train it longer, or lower model.options.score_threshold"
            )
        if not self.without:
            found.append("no picture was compared in which nothing is found, where a file may fail")
        # Written so that NaN does not pass
        if not self.equal >= MIN_EQUAL:
            found.append(
                f"{self.equal:.4f} of {self.detections} detections equal (at least {MIN_EQUAL}): {self.alone} without "
                f"a partner, {self.labels} of another label, scores up to {self.score_difference:.4f} apart (at most "
                f"{MAX_SCORE_DIFFERENCE}), boxes {self.box_difference:.2f} pixels (at most {MAX_BOX_DIFFERENCE}), "
                f"masks {self.mask_difference:.3f} (at most {MAX_MASK_DIFFERENCE})"
            )
        if not self.map_difference <= MAX_MAP_DIFFERENCE:
            found.append(f"mAP differs by {self.map_difference:.5f} (at most {MAX_MAP_DIFFERENCE})")
        return found

    @property
    def scoreless(self) -> bool:
        """Whether mAP says nothing here: nothing is right on either side, or there is nothing to find."""
        return not self.map_torch and not self.map_onnx

    def to_dict(self) -> dict[str, Any]:
        """For JSON, which has no NaN."""
        row = asdict(self) | {"map_difference": self.map_difference, "passes": self.passes}
        return {
            key: None if isinstance(value, float) and not np.isfinite(value) else value for key, value in row.items()
        }

    def told(self) -> dict[str, str]:
        """Column by column, for a table."""
        return {
            "size": f"{self.height} x {self.width}",
            "images": str(self.images),
            "empty": str(self.without),
            "found": str(self.detections),
            "equal": f"{self.equal:.4f}",
            "mAP torch": "-" if self.map_torch is None else f"{self.map_torch:.5f}",
            "mAP ONNX": "-" if self.map_onnx is None else f"{self.map_onnx:.5f}",
            "score gap": f"{self.score_difference:.1e}",
            "box gap": f"{self.box_difference:.1e}",
            "mask gap": f"{self.mask_difference:.1e}",
        }


def remark(trials: Sequence[object]) -> str:
    """What a passed gate does not say: a sentence for the card and the terminal, or nothing."""
    told = [trial for trial in trials if isinstance(trial, InstanceTrial)]
    first = told[0] if told else None
    if first is None or not first.scoreless:
        return ""
    if first.map_torch is None:
        return (
            "The validation pictures of the gate have no instance to find, so mAP compared nothing; the file gives the "
            "trained model's detections, and how good they are is not known."
        )
    return (
        "mAP of the trained model is 0 on the gate's pictures, so mAP compared nothing: the file gives its detections, "
        "but none of them is right. Train it longer."
    )
