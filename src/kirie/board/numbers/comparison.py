"""What a comparison of two runs found, and how it is told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

CONFIDENCE = 0.95

POINTS = 100
"""Scores from 0 to 1 are told in points of 100."""

_WORDS = {
    "miou": "mIoU",
    "dice": "Dice",
    "boundary_iou": "boundary IoU",
    "micro_iou": "micro IoU",
    "micro_dice": "micro Dice",
    "accuracy": "pixel accuracy",
    "small_recall": "recall of small parts",
    "iou": "IoU",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far the second run's score lies above the first's.

    Attributes:
        score: The score's full name (`iou/eye`).
        first: The first run's score over all images.
        second: The second one's.
        difference: The second minus the first.
        low: Lower end of the interval; None of fewer than `LEAST` images.
        high: Upper end.
        better: Share of the resamples in which the second one scores higher; ties count half.
        images: How many images were drawn from.
        groups: How many groups of them, where whole groups were drawn.
        counted: Whether it is one of kirie's scores, which are better the higher they are.
        shown: Whether the images show a difference: the interval leaves 0 out, and other draws would not overturn that.
        resamples: How often they were drawn.
        error: Standard error of the ends that is left for it.
        factor: What scores are told times: those from 0 to 1 in points of 100.
        notes: What is to be known of the images.
    """

    score: str
    first: float
    second: float
    difference: float
    low: float | None
    high: float | None
    better: float
    images: int
    counted: bool
    shown: bool
    resamples: int
    error: float | None
    factor: int
    groups: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def digits(self) -> int:
        """Decimals that it is told with: what is not 0, and what leaves 0 out, is not to read as 0.

        No more than the draws bear: the last one is worth the ends' error at least.
        """
        ends = [abs(end) * self.factor for end in (self.low, self.high) if end is not None]
        seen = (min if self.shown else max)(ends or [abs(self.difference) * self.factor])
        digits = 1 if self.factor == POINTS else 4
        while seen and digits < 6 and not round(seen, digits):
            digits += 1
        if self.error:
            digits = min(digits, max(0, math.floor(-math.log10(self.error * self.factor))))
        return digits

    def to_dict(self) -> dict[str, Any]:
        """For an answer; scores and differences as they are, not in points."""
        return {
            "score": self.score,
            "value_a": self.first,
            "value_b": self.second,
            "difference": self.difference,
            "low": self.low,
            "high": self.high,
            "better": self.better,
            "confidence": CONFIDENCE,
            "images": self.images,
            "groups": self.groups,
            "resamples": self.resamples,
            "error": self.error,
            "shown": self.shown,
            "counted": self.counted,
            "factor": self.factor,
            "digits": self.digits,
        }


def words(score: str) -> str:
    """A score as a person writes it: `mIoU`, `IoU of eye`."""
    key, _, label = score.partition("/")
    return f"{_WORDS.get(key, key)} of {label}" if label and key in _WORDS else _WORDS.get(score, score)


def sentence(first: str, second: str, found: Comparison) -> str:
    """What it comes to, in points of 100 where the score is a share.

    Args:
        first: The first run's name.
        second: The second one's.
        found: The comparison.
    """
    told = f"{_written(found, found.difference)} {words(found.score)}"
    if found.low is None or found.high is None:
        few = "one picture is" if found.images == 1 else f"{found.images} pictures are"
        return f"{second} and {first}: {few} too few to tell which is {_higher(found)}: {told}"
    told += f" [{_written(found, found.low)}, {_written(found, found.high)}]"
    if not found.shown:
        return f"{second} and {first}: no difference that these pictures could show: {told}"
    return f"{second} is {_higher(found) if found.difference > 0 else _lower(found)} than {first}: {told}"


def _higher(found: Comparison) -> str:
    """Nobody but kirie says of its scores that more is better."""
    return "better" if found.counted else "higher"


def _lower(found: Comparison) -> str:
    return "worse" if found.counted else "lower"


def _written(found: Comparison, value: float) -> str:
    """A difference as the page writes it: with its sign, a true minus, and 0 without one."""
    text = f"{value * found.factor:+.{found.digits}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("+-")
