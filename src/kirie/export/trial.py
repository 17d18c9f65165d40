"""What the gate found at one size and one batch size, and what it allows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

MIN_EQUAL = 0.9999
"""Least share of pixels with the same label."""

MAX_MIOU_DIFFERENCE = 0.0005
"""Largest difference of mIoU."""

MAX_PROBABILITY_DIFFERENCE = 0.01
"""Largest difference of one probability. Rounding gives 1e-6 to 1e-4; a softmax over the wrong axis gives 0.5."""


def bounds() -> dict[str, float]:
    """What the gate allows, for reports."""
    return {
        "min_equal": MIN_EQUAL,
        "max_miou_difference": MAX_MIOU_DIFFERENCE,
        "max_probability_difference": MAX_PROBABILITY_DIFFERENCE,
    }


@dataclass(frozen=True, slots=True)
class Trial:
    """The comparison at one size and one batch size.

    Attributes:
        height: Of the pictures, in pixels.
        width: Likewise.
        batch: Pictures at once.
        images: Pictures compared.
        equal: Share of pixels with the same label.
        miou_torch: mIoU of the trained model on these pictures; None where the truth has no label.
        miou_onnx: mIoU of the exported one.
        probability_difference: Largest difference of a probability; None where they are no output.
        failure: Why ONNX Runtime gave no answer, or one of another shape.
    """

    height: int
    width: int
    batch: int
    images: int
    equal: float = 0.0
    miou_torch: float | None = None
    miou_onnx: float | None = None
    probability_difference: float | None = None
    failure: str | None = None

    @property
    def miou_difference(self) -> float:
        """How far the two mIoU are apart; 0 where neither is defined."""
        return abs((self.miou_torch or 0.0) - (self.miou_onnx or 0.0))

    @property
    def passes(self) -> bool:
        """Whether the answers are the same within the gate's bounds."""
        # Written so that NaN does not pass
        probable = self.probability_difference is None or self.probability_difference <= MAX_PROBABILITY_DIFFERENCE
        return (
            self.failure is None
            and self.equal >= MIN_EQUAL
            and self.miou_difference <= MAX_MIOU_DIFFERENCE
            and probable
        )

    def complaints(self) -> list[str]:
        """What was found beyond what is allowed."""
        found = []
        if self.equal < MIN_EQUAL:
            found.append(f"{self.equal:.5f} of the labels equal (at least {MIN_EQUAL})")
        if self.miou_difference > MAX_MIOU_DIFFERENCE:
            found.append(f"mIoU differs by {self.miou_difference:.5f} (at most {MAX_MIOU_DIFFERENCE})")
        if (self.probability_difference or 0.0) > MAX_PROBABILITY_DIFFERENCE:
            found.append(
                f"a probability differs by {self.probability_difference:.3f} (at most {MAX_PROBABILITY_DIFFERENCE})"
            )
        return found

    def told(self) -> dict[str, str]:
        """Column by column, for a table."""
        scores = (("mIoU torch", self.miou_torch), ("mIoU ONNX", self.miou_onnx))
        gap = self.probability_difference
        return {
            "size": f"{self.height} x {self.width}",
            "batch": str(self.batch),
            "pictures": str(self.images),
            "equal labels": f"{self.equal:.6f}",
            **{name: "-" if score is None else f"{score:.5f}" for name, score in scores},
            "largest probability gap": "-" if gap is None else f"{gap:.1e}",
        }

    def to_dict(self) -> dict[str, Any]:
        """For JSON, which has no NaN."""
        row = asdict(self) | {"miou_difference": self.miou_difference, "passes": self.passes}
        return {
            key: None if isinstance(value, float) and not np.isfinite(value) else value for key, value in row.items()
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """All trials of one file."""

    trials: tuple[Trial, ...]

    @property
    def passes(self) -> bool:
        """Whether every trial passes, and there was one."""
        return bool(self.trials) and all(trial.passes for trial in self.trials)


class AnyTrial(Protocol):
    """What the gate found, whatever the task."""

    @property
    def height(self) -> int:
        """Of the pictures, in pixels."""

    @property
    def width(self) -> int:
        """Likewise."""

    @property
    def batch(self) -> int:
        """Pictures at once."""

    @property
    def failure(self) -> str | None:
        """Why there was no answer, or none that can be used."""

    @property
    def passes(self) -> bool:
        """Whether the answers are the same within the gate's bounds."""

    def complaints(self) -> list[str]:
        """What was found beyond what is allowed."""

    def told(self) -> dict[str, str]:
        """Column by column, for a table."""

    def to_dict(self) -> dict[str, Any]:
        """For JSON, which has no NaN."""


def failures(trials: Iterable[AnyTrial]) -> list[str]:
    """One line for each trial that does not pass, with what was found and what is allowed."""
    return [
        f"{trial.height} x {trial.width}, batch {trial.batch}: {trial.failure or ', '.join(trial.complaints())}"
        for trial in trials
        if not trial.passes
    ]
