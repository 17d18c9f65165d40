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

Shapes: M runs, R resamples, N images, G groups, L labels, K columns of `scores.COLUMNS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kirie.core.scores import Counts, CountTable, miou
from kirie.errors import RunError

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From summed counts of shape (..., L, K) to scores of shape (...), NaN where there is none."""

LEAST_GROUPS = 6
"""Groups below which images are drawn singly: so few say little of how groups differ."""

_CHUNK = 4_000_000
"""Draws held at once: 32 MB of whole numbers and as much again as floats."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far one run's score lies above another's, over the resamples.

    Attributes:
        mean: The mean difference.
        se: Its standard error.
        low: Lower end of the 95 % percentile interval.
        high: Upper end of it.
        better: Share of resamples in which the first run scores higher; ties count half.
    """

    mean: float
    se: float
    low: float
    high: float
    better: float


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
            return Difference(*[np.nan] * 5)
        better = float(np.mean(gap_R > 0) + np.mean(gap_R == 0) / 2)
        return Difference(float(gap_R.mean()), _spread(gap_R), *_interval(gap_R, share), better)


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


def paired_bootstrap(
    tables: Sequence[CountTable], statistic: Statistic = miou, resamples: int = 2000, seed: int = 0
) -> Bootstrap:
    """Resamples the images of several runs alike, whole groups where their names show enough of them (`Units`).

    Args:
        tables: One per run, of the same images (in any order) and labels.
        statistic: The score, from summed counts.
        resamples: R.
        seed: The same seed gives the same draws.

    Raises:
        RunError: The tables are not of the same images and labels, or have no images.
    """
    counts = aligned(tables)
    if not tables[0].images:
        raise RunError("The per-image tables have no images; evaluate the runs on a split that has some.")
    found = [
        np.stack([statistic(_summed(times_RN, counts_NLK)) for counts_NLK in counts])
        for times_RN in _draws(Units.of(tables[0].images), resamples, seed)
    ]
    return Bootstrap(np.concatenate(found, axis=1))


def paired_means(scores_MN: NDArray[np.float64], units: Units, resamples: int = 2000, seed: int = 0) -> Bootstrap:
    """Resamples the images of several runs alike, where all there is is one score an image: their mean is the score.

    Args:
        scores_MN: The runs' scores of the same images in the same order, NaN where an image has none.
        units: What of these images is drawn.
        resamples: R.
        seed: The same seed gives the same draws.

    Raises:
        RunError: There are no images.
    """
    if scores_MN.shape[1] == 0:
        raise RunError("There are no images to draw from; compare the runs on a split that has some.")
    held_MN = np.isfinite(scores_MN)
    filled_MN = np.where(held_MN, scores_MN, 0.0)
    found = []
    for times_RN in _draws(units, resamples, seed):
        number_MR = held_MN.astype(np.float64) @ times_RN.T
        total_MR = filled_MN @ times_RN.T
        found.append(np.divide(total_MR, number_MR, out=np.full(total_MR.shape, np.nan), where=number_MR > 0))
    return Bootstrap(np.concatenate(found, axis=1))


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


def _draws(units: Units, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each image is in each resample, (R, N), some resamples at a time."""
    random = np.random.default_rng(seed)
    share_G = np.full(units.count, 1 / units.count)
    step = max(1, _CHUNK // len(units.of_N))
    for start in range(0, resamples, step):
        times_RG = random.multinomial(units.count, share_G, size=min(step, resamples - start)).astype(np.float64)
        yield times_RG[:, units.of_N]


def _such_as(apart: set[str]) -> str:
    return f" (such as '{min(apart)}')" if apart else ""


def _summed(times_RN: NDArray[np.float64], counts_NLK: Counts) -> NDArray[np.float64]:
    """Counts added over each draw, (R, L, K). Exact: whole numbers under 2 ** 53."""
    flat: NDArray[np.float64] = times_RN @ counts_NLK.reshape(len(counts_NLK), -1).astype(np.float64)
    return flat.reshape(len(times_RN), *counts_NLK.shape[1:])


def _defined(values_R: NDArray[np.float64]) -> NDArray[np.float64]:
    return values_R[np.isfinite(values_R)]


def _spread(values_R: NDArray[np.float64]) -> float:
    return float(values_R.std(ddof=1)) if values_R.size > 1 else float("nan")


def _interval(values_R: NDArray[np.float64], share: float) -> tuple[float, float]:
    if not values_R.size:
        return float("nan"), float("nan")
    low, high = np.quantile(values_R, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)
