"""The paired bootstrap over images: which differences between runs are more than the luck of the pictures.

Source: Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapters 6 and 13 (percentile intervals);
Bouthillier et al., "Accounting for variance in machine learning benchmarks", MLSys 2021, on pairing. Images are drawn
with replacement, the same draws for every run, and the score is taken anew of the counts added over each draw. What
the pictures have in common (a hard one is hard for all) so cancels in differences. It says nothing about the variance
that other training seeds would add.

Pictures that belong together (drawings of one character, in one folder) are alike, and drawn as if they were not they
make intervals too narrow. So whole groups are drawn, each with all its pictures: the cluster bootstrap of Davison and
Hinkley, "Bootstrap methods and their application", 1997, section 3.8, and Field and Welsh, "Bootstrapping clustered
data", Journal of the Royal Statistical Society B 69(3), 2007.

The ends of an interval have an error of their own, that of a quantile, from the order of the draws alone (David and
Nagaraja, "Order statistics", 2003, section 7.1). Who wants a verdict that other draws do not
overturn draws on (`More`).

Shapes: M runs, R resamples, N images, G groups or single images, L labels, K columns of `scores.COLUMNS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kirie.core.scores import Counts, CountTable, miou
from kirie.errors import RunError

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From summed counts of shape (..., L, K) to scores of shape (...), NaN where there is none."""

LEAST_GROUPS = 6
"""Groups below which images are drawn singly: so few say little of how groups differ."""

_CHUNK = 100_000
"""Numbers held at once: what fits into a processor's cache is drawn and counted several times as fast."""

_ROWS = 32
"""Resamples drawn at once at least: fewer would read all counts anew for little."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far one run's score lies above another's, over the resamples.

    Attributes:
        mean: The mean difference.
        se: Its standard error.
        low: Lower end of the 95 % percentile interval.
        high: Upper end of it.
        better: Share of resamples in which the first run scores higher; ties count half.
        error: Standard error of the ends that comes from the number of draws, the larger of both.
        clear: How many such errors lie between 0 and an end of the interval: above 0 where the interval leaves 0 out,
            below where it holds it. Near 0 other draws would overturn what it says.
    """

    mean: float
    se: float
    low: float
    high: float
    better: float
    error: float
    clear: float


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Resampled scores of several runs on shared draws.

    Attributes:
        scores_MR: One row per run, NaN where a draw has no score.
    """

    scores_MR: NDArray[np.float64]

    def se(self, run: int) -> float:
        """Standard error of one run's score."""
        return _spread(_defined(self.scores_MR[run]))

    def interval(self, run: int, share: float = 0.95) -> tuple[float, float]:
        """Percentile interval of one run's score."""
        return _interval(_defined(self.scores_MR[run]), share)

    def difference(self, run: int, other: int, share: float = 0.95) -> Difference:
        """The score of `run` minus that of `other`; all NaN if no draw gives both."""
        gap_R = _defined(self.scores_MR[run] - self.scores_MR[other])
        if not gap_R.size:
            return Difference(*[np.nan] * 7)
        better = float(np.mean(gap_R > 0) + np.mean(gap_R == 0) / 2)
        tail = (1 - share) / 2
        # The share of draws on the far side of 0 is a binomial one, of which an end leaves out `tail`
        far = min(np.mean(gap_R <= 0), np.mean(gap_R >= 0))
        clear = float((tail - far) / np.sqrt(tail * (1 - tail) / gap_R.size))
        ends = _interval(gap_R, share)
        return Difference(float(gap_R.mean()), _spread(gap_R), *ends, better, _error(gap_R, tail), clear)


@dataclass(frozen=True, slots=True)
class More:
    """When to draw on, twice as many in all each time.

    `wanted` says whether what has been drawn does not do yet; `most` resamples are not exceeded.
    """

    wanted: Callable[[Bootstrap], bool]
    most: int


@dataclass(frozen=True, slots=True)
class Units:
    """What is drawn: groups of images with all of them, or single images.

    Attributes:
        of_N: The unit of each image, from 0.
        count: How many there are.
        folders: How many groups the images' names show, where one holds several; else 0.
    """

    of_N: NDArray[np.intp]
    count: int
    folders: int

    @property
    def grouped(self) -> bool:
        """Whether whole groups are drawn."""
        return self.count < len(self.of_N)

    @classmethod
    def of(cls, images: Sequence[str]) -> Units:
        """Images whose names have a folder in common (`character-005/005-0`) are a group; others are on their own.

        One folder that holds all of them says nothing of groups.
        """
        keys = [name.rpartition("/")[0] or f"/{name}" for name in images]
        place = {key: at for at, key in enumerate(dict.fromkeys(keys))}
        folders = len(place) if 1 < len(place) < len(keys) else 0
        if folders < LEAST_GROUPS:
            return cls(np.arange(len(keys)), len(keys), folders)
        return cls(np.array([place[key] for key in keys], dtype=np.intp), len(place), folders)

    def summed(self, values_NX: NDArray[Any]) -> NDArray[np.float64]:
        """What the images of each unit have together, (G, ...)."""
        found = np.zeros((self.count, *values_NX.shape[1:]))
        np.add.at(found, self.of_N, values_NX)
        return found


def paired_bootstrap(
    tables: Sequence[CountTable],
    statistic: Statistic = miou,
    resamples: int = 2000,
    seed: int = 0,
    more: More | None = None,
) -> Bootstrap:
    """Resamples the images of several runs alike, whole groups where their names show enough of them (`Units`).

    Args:
        tables: One per run, of the same images (in any order) and labels.
        statistic: The score, from summed counts.
        resamples: R.
        seed: The same seed gives the same draws.
        more: When to draw on; without it never.

    Raises:
        RunError: The tables are not of the same images and labels, or have no images.
    """
    counts = aligned(tables)
    if not tables[0].images:
        raise RunError("The per-image tables have no images; evaluate the runs on a split that has some.")
    units = Units.of(tables[0].images)
    groups = [units.summed(counts_NLK) for counts_NLK in counts]
    width = counts[0][0].size

    def scored(times_RG: NDArray[np.float64]) -> NDArray[np.float64]:
        # Exact: whole numbers under 2 ** 53
        summed = ((times_RG @ of.reshape(units.count, -1)).reshape(-1, *of.shape[1:]) for of in groups)
        return np.stack([statistic(each_RLK) for each_RLK in summed])

    return _drawn(units, scored, width, resamples, seed, more)


def paired_means(
    scores_MN: NDArray[np.float64], units: Units, resamples: int = 2000, seed: int = 0, more: More | None = None
) -> Bootstrap:
    """Resamples the images of several runs alike, where all there is is one score an image: their mean is the score.

    Args:
        scores_MN: The runs' scores of the same images in the same order, NaN where an image has none.
        units: What of these images is drawn.
        resamples: R.
        seed: The same seed gives the same draws.
        more: When to draw on; without it never.

    Raises:
        RunError: There are no images.
    """
    if scores_MN.shape[1] == 0:
        raise RunError("There are no images to draw from; compare the runs on a split that has some.")
    held_MN = np.isfinite(scores_MN)
    held_GM, filled_GM = units.summed(held_MN.T), units.summed(np.where(held_MN, scores_MN, 0.0).T)

    def scored(times_RG: NDArray[np.float64]) -> NDArray[np.float64]:
        number_RM, total_RM = times_RG @ held_GM, times_RG @ filled_GM
        mean_RM: NDArray[np.float64] = np.divide(
            total_RM, number_RM, out=np.full(total_RM.shape, np.nan), where=number_RM > 0
        )
        return mean_RM.T

    return _drawn(units, scored, len(scores_MN), resamples, seed, more)


def aligned(tables: Sequence[CountTable]) -> list[Counts]:
    """The counts of tables with the images of all in the order of the first.

    Raises:
        RunError: There are no tables, or they are not of the same images and labels.
    """
    if not tables:
        raise RunError("There are no runs to compare; name at least one that has a per-image table.")
    first = tables[0]
    place = {image: at for at, image in enumerate(first.images)}
    counts = []
    for number, table in enumerate(tables, 1):
        if table.labels != first.labels:
            raise RunError(
                f"Run 1 has the labels {', '.join(first.labels)}, and run {number} has {', '.join(table.labels)}; "
                "only runs on one label set can be compared."
            )
        apart = place.keys() ^ set(table.images)
        if apart or len(table.images) != len(place):
            raise RunError(
                f"Run 1 was scored on {len(place)} images and run {number} on {len(table.images)}, {len(apart)} of "
                f"them only in one{_such_as(apart)}; only runs on the same images can be compared. Evaluate them on "
                "one store."
            )
        order = np.argsort([place[image] for image in table.images])
        counts.append(table.counts_NLK[order])
    return counts


def _drawn(units: Units, scored: Statistic, width: int, resamples: int, seed: int, more: More | None) -> Bootstrap:
    """Draws, and draws on while that is wanted.

    Args:
        units: What is drawn.
        scored: From how often each unit is in each resample, (R, G), to the runs' scores, (M, R).
        width: Numbers that a resample of a run comes to.
        resamples: R at first.
        seed: The same seed gives the same draws, however many at once.
        more: When to draw on.
    """
    random = np.random.default_rng(seed)
    step = max(_ROWS, _CHUNK // max(units.count, width))
    found: list[NDArray[np.float64]] = []
    done, wanted = 0, resamples
    while True:
        sizes = (min(step, wanted - start) for start in range(done, wanted, step))
        found.extend(scored(_times(random, units.count, size)) for size in sizes)
        result = Bootstrap(np.concatenate(found, axis=1))
        if more is None or wanted >= more.most or not more.wanted(result):
            return result
        done, wanted = wanted, min(more.most, 2 * wanted)


def _times(random: np.random.Generator, count: int, resamples: int) -> NDArray[np.float64]:
    """How often each of `count` units is in each resample, (R, G)."""
    # Counting single draws takes a tenth of the time of numpy's multinomial
    picked = random.integers(0, count, (resamples, count)) + np.arange(resamples)[:, None] * count
    return np.bincount(picked.ravel(), minlength=resamples * count).reshape(resamples, count).astype(np.float64)


def _such_as(apart: set[str]) -> str:
    return f" (such as '{min(apart)}')" if apart else ""


def _defined(values_R: NDArray[np.float64]) -> NDArray[np.float64]:
    return values_R[np.isfinite(values_R)]


def _spread(values_R: NDArray[np.float64]) -> float:
    return float(values_R.std(ddof=1)) if values_R.size > 1 else float("nan")


def _interval(values_R: NDArray[np.float64], share: float) -> tuple[float, float]:
    if not values_R.size:
        return float("nan"), float("nan")
    low, high = np.quantile(values_R, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def _error(values_R: NDArray[np.float64], tail: float) -> float:
    """Standard error of the ends of an interval: how far the draws lie apart one standard error of their ranks away."""
    away = np.sqrt(tail * (1 - tail) / values_R.size)
    shares = np.clip([tail - away, tail + away, 1 - tail - away, 1 - tail + away], 0, 1)
    least, low, high, most = np.quantile(values_R, shares)
    return float(max(low - least, most - high) / 2)
