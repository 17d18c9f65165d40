"""Whether one run is better than another: the paired bootstrap over the images that both were scored on.

The percentile interval is too narrow for few images; it is widened as in Hesterberg, "What teachers should know about
the bootstrap", The American Statistician 69(4), 2015, section 4.4.1 (the expanded percentile interval).

A verdict that other draws would overturn is none. So it is drawn on while an end of the interval lies within a few of
its own errors of 0, and what is still there in the end is not told as shown.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr, stdtrit

from kirie.board.numbers.comparison import CONFIDENCE, POINTS, Comparison, words
from kirie.board.numbers.tables import Counted, ImageTable, by_name, check_counted, named
from kirie.core.bootstrap import Bootstrap, Difference, More, Units, paired_bootstrap, paired_means
from kirie.core.metric import metric_names, statistic
from kirie.core.scores import CountTable
from kirie.errors import RunError

RESAMPLES = 10_000
"""Draws at first."""

_MOST = 200_000
"""Draws that are not exceeded."""

_WORK = 7_000_000_000
"""Numbers that may be multiplied and added for one comparison: about half a second of one core."""

_PICK = 100
"""What drawing one picture costs, in such numbers."""

_FINE = 0.03
"""Error in points that the ends are to have at most: they are told with one decimal."""

_ERRORS = 5
"""Errors that come from the draws, by which an end is apart from 0 before it is told to be."""

FEW = 30
"""Images, or groups of them, below which an interval is told with care: it comes out too narrow."""

LEAST = 6
"""Images, or groups, below which there is no interval. Of five that differ by luck alone all fall to the same side in
one case of sixteen, so no interval over them can hold 95 %."""


def compare(first: ImageTable, second: ImageTable, score: str, resamples: int = RESAMPLES, seed: int = 0) -> Comparison:
    """Compares two runs.

    Args:
        first: The one run's table.
        second: The other's.
        score: `miou`, `dice`, `boundary_iou` and the like, a label (its IoU), `dice/LABEL`, or of logged tables the
            name of a column.
        resamples: How often the images are drawn at first.
        seed: The same seed gives the same draws.

    Raises:
        RunError: The runs have no image in common, other labels than each other, or no such score on these images.
        UsageError: There is no such score.
    """
    if isinstance(first, Counted) and isinstance(second, Counted):
        return _counted(first, second, score, resamples, seed)
    each = [by_name(table, score) for table in (first, second)]
    images, notes = _common(tuple(each[0]), tuple(each[1]))
    scores_MN = np.array([[of[name] for name in images] for of in each])
    held_N = np.isfinite(scores_MN).all(axis=0)
    if not held_N.any():
        raise RunError(f"No image has a {words(score)} in both runs; choose another score.")
    scores_MN = scores_MN[:, held_N]
    units = Units.of([name for name, held in zip(images, held_N, strict=True) if held])
    # Beside one of kirie's scores the other program's is one from 0 to 1, too
    factor = POINTS if isinstance(first, Counted) or isinstance(second, Counted) else 1
    start, more = _plan(units, 2, factor, resamples)
    drawn = paired_means(scores_MN, units, start, seed, more)
    return _result(score, (scores_MN[0].mean(), scores_MN[1].mean()), drawn, units, factor, False, notes)


def _counted(first: Counted, second: Counted, score: str, resamples: int, seed: int) -> Comparison:
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
    units = Units.of(images)
    start, more = _plan(units, 2 * tables[0].counts_NLK[0].size, POINTS, resamples)
    drawn = paired_bootstrap(tables, taken, start, seed, more)
    return _result(score, (values[0], values[1]), drawn, units, POINTS, True, notes)


def _plan(units: Units, width: int, factor: int, resamples: int) -> tuple[int, More]:
    """How often to draw at first, and when to draw on.

    Args:
        units: What is drawn.
        width: Numbers that are added up of each.
        factor: What scores are told times.
        resamples: How often at first, if that is not too much work.
    """

    def wanted(drawn: Bootstrap) -> bool:
        gap = _gap(drawn, units)
        return abs(gap.clear) < _ERRORS or (factor == POINTS and gap.error * factor > _FINE)

    most = min(_MOST, max(2000, _WORK // (units.count * (_PICK + width))))
    return min(resamples, most), More(wanted, most)


def _gap(drawn: Bootstrap, units: Units) -> Difference:
    return drawn.difference(1, 0, _expanded(units.count))


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
    score: str,
    values: tuple[float, float],
    drawn: Bootstrap,
    units: Units,
    factor: int,
    counted: bool,
    notes: tuple[str, ...],
) -> Comparison:
    images = len(units.of_N)
    gap = _gap(drawn, units)
    held = units.count >= LEAST and math.isfinite(gap.low) and math.isfinite(gap.high)
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
    return Comparison(
        score=score,
        first=first,
        second=second,
        difference=second - first,
        low=gap.low if held else None,
        high=gap.high if held else None,
        better=gap.better,
        images=images,
        counted=counted,
        shown=held and gap.clear >= _ERRORS,
        resamples=drawn.scores_MR.shape[1],
        error=gap.error if held else None,
        factor=factor,
        groups=groups,
        notes=notes,
    )


def _expanded(units: int) -> float:
    """The share of the resamples that an interval holds, so that it holds the truth as often as CONFIDENCE says."""
    if units < LEAST:
        return CONFIDENCE
    quantile = float(stdtrit(units - 1, 0.5 + CONFIDENCE / 2)) * math.sqrt(units / (units - 1))
    return 2 * float(ndtr(quantile)) - 1
