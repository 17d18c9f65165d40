"""Whether one run is better than another: the paired bootstrap over the images that both were scored on.

The percentile interval is too narrow for few images; it is widened as in Hesterberg, "What teachers should know about
the bootstrap", The American Statistician 69(4), 2015, section 4.4.1 (the expanded percentile interval).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, stdtrit

from kirie.board.numbers.tables import Counted, ImageTable, by_name, check_counted, named
from kirie.core.bootstrap import Bootstrap, Units, paired_bootstrap, paired_means
from kirie.core.metric import metric_names, statistic
from kirie.core.scores import CountTable
from kirie.errors import RunError

CONFIDENCE = 0.95
RESAMPLES = 2000

FEW = 30
"""Images, or groups of them, below which an interval is told with care: it comes out too narrow."""

LEAST = 6
"""Images, or groups, below which there is no interval. Of five that differ by luck alone all fall to the same side in
one case of sixteen, so no interval over them can hold 95 %."""

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
        counted: Whether it is one of kirie's scores, which are better the higher they are, from 0 to 1.
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
    groups: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def shown(self) -> bool:
        """Whether the images show a difference: the interval leaves 0 out."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    @property
    def factor(self) -> int:
        """Scores from 0 to 1 are told in points of 100."""
        return 100 if self.counted else 1

    @property
    def digits(self) -> int:
        """Decimals that it is told with: what is not 0, and what leaves 0 out, is not to read as 0."""
        ends = [abs(end) * self.factor for end in (self.low, self.high) if end is not None]
        seen = (min if self.shown else max)(ends or [abs(self.difference) * self.factor])
        digits = 1 if self.counted else 4
        while seen and digits < 6 and not round(seen, digits):
            digits += 1
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
            "resamples": RESAMPLES,
            "shown": self.shown,
            "counted": self.counted,
            "factor": self.factor,
            "digits": self.digits,
        }


def compare(first: ImageTable, second: ImageTable, score: str, resamples: int = RESAMPLES) -> Comparison:
    """Compares two runs.

    Args:
        first: The one run's table.
        second: The other's.
        score: `miou`, `dice`, `boundary_iou` and the like, a label (its IoU), `dice/LABEL`, or of logged tables the
            name of a column.
        resamples: How often the images are drawn.

    Raises:
        RunError: The runs have no image in common, other labels than each other, or no such score on these images.
        UsageError: There is no such score.
    """
    if isinstance(first, Counted) and isinstance(second, Counted):
        return _counted(first, second, score, resamples)
    each = [by_name(table, score) for table in (first, second)]
    images, notes = _common(tuple(each[0]), tuple(each[1]))
    scores_MN = np.array([[of[name] for name in images] for of in each])
    held_N = np.isfinite(scores_MN).all(axis=0)
    if not held_N.any():
        raise RunError(f"No image has a {words(score)} in both runs; choose another score.")
    scores_MN = scores_MN[:, held_N]
    units = Units.of([name for name, held in zip(images, held_N, strict=True) if held])
    drawn = paired_means(scores_MN, units, resamples)
    return _result(score, (scores_MN[0].mean(), scores_MN[1].mean()), drawn, units, False, notes)


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
    told = f"{_written(found, found.difference, '+')} {words(found.score)}"
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


def _written(found: Comparison, value: float, sign: str = "-") -> str:
    """A number as the page writes it: with a true minus, and 0 without a sign."""
    text = f"{value * found.factor:{sign}.{found.digits}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("+-")


def _counted(first: Counted, second: Counted, score: str, resamples: int) -> Comparison:
    check_counted(score, first.table.labels)
    one, other = first.by_picture(), second.by_picture()
    score = named(score, one.table.labels)
    labels = _labels(one.table, other.table, score)
    images, notes = _common(one.images, other.images)
    if one is not first:
        notes += ("The tiles of a picture count together: they are no pictures of their own.",)
    tables = [table.only(images, labels) for table in (one, other)]
    taken = statistic(score, labels)
    values = [float(taken(table.counts_NLK.sum(axis=0).astype(np.float64))) for table in tables]
    if not np.isfinite(values).all():
        raise RunError(f"The truth of these {len(images)} images gives no {words(score)}; choose another score.")
    drawn = paired_bootstrap(tables, taken, resamples)
    return _result(score, (values[0], values[1]), drawn, Units.of(images), True, notes)


def _labels(first: CountTable, second: CountTable, score: str) -> tuple[str, ...]:
    """The labels that a score is taken over."""
    label = score.partition("/")[2]
    if label in first.labels and label in second.labels and score in metric_names([label]):
        return (label,)
    if set(first.labels) != set(second.labels):
        raise RunError(
            f"The runs have different labels ({', '.join(first.labels)} and {', '.join(second.labels)}), so a mean "
            "over labels says nothing; compare them by a label that both have."
        )
    return first.labels


def _common(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[list[str], tuple[str, ...]]:
    there = set(second)
    images = [name for name in first if name in there]
    if not images:
        raise RunError(
            f"The runs were scored on different pictures: {len(first)} and {len(second)}, of which none is in both. "
            "Score them on one store with `kirie evaluate`."
        )
    if len(images) == len(first) == len(second):
        return images, ()
    return images, (
        f"The runs were not scored on the same pictures: {len(first)} and {len(second)}, of which the {len(images)} "
        "that are in both count here.",
    )


def _result(
    score: str, values: tuple[float, float], drawn: Bootstrap, units: Units, counted: bool, notes: tuple[str, ...]
) -> Comparison:
    images = len(units.of_N)
    gap = drawn.difference(1, 0, _expanded(units.count))
    held = units.count >= LEAST and math.isfinite(gap.low) and math.isfinite(gap.high)
    low, high = (gap.low, gap.high) if held else (None, None)
    if units.folders and not units.grouped:
        notes += (
            f"By their folders the pictures are {units.folders} groups, too few to draw whole ones: if those of a "
            "folder are alike (drawings of one character), the interval is too narrow.",
        )
    if LEAST <= units.count < FEW:
        what = f"{units.count} groups of pictures" if units.grouped else f"{images} pictures"
        notes += (f"There are only {what}: the interval is rough, and rather too narrow.",)
    groups = units.count if units.grouped else None
    first, second = float(values[0]), float(values[1])
    return Comparison(score, first, second, second - first, low, high, gap.better, images, counted, groups, notes)


def _expanded(units: int) -> float:
    """The share of the resamples that an interval holds, so that it holds the truth as often as CONFIDENCE says."""
    if units < LEAST:
        return CONFIDENCE
    quantile = float(stdtrit(units - 1, 0.5 + CONFIDENCE / 2)) * math.sqrt(units / (units - 1))
    return 2 * float(ndtr(quantile)) - 1
