"""What a run has for each image: kirie's counts, or of other programs a logged table of scores.

Shapes: N images, L labels, K columns of `core.scores.COLUMNS`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kirie.core.metric import is_reported, metric_names, statistic
from kirie.core.scores import COLUMNS, CountTable
from kirie.errors import RunError, UsageError

Scores = NDArray[np.float64]

NAME_COLUMNS = ("image", "name", "file", "filename", "path", "picture", "sample", "caption", "id")
"""Columns of a logged table that may hold the images' names, the first that is there."""

OFFERED = ("miou", "dice", "boundary_iou", "accuracy", "small_recall")
"""Scores of all labels that are offered of kirie's runs; others can be asked for by name."""

_LARGEST = 2**28
"""Bytes of a per-image table; a million rows have 50 MB."""

_TILE = re.compile(r"@\d+,\d+$")
"""How the rows of a tiled store name their corner."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Kirie's own table: pixels counted by image and label, from which every score follows."""

    table: CountTable

    @property
    def images(self) -> tuple[str, ...]:
        """The images' names."""
        return self.table.images

    def each(self, score: str) -> Scores:
        """The score of each image alone, N of them, NaN where its truth gives none.

        Raises:
            UsageError: There is no such score.
        """
        check_counted(score, self.table.labels)
        return statistic(named(score, self.table.labels), self.table.labels)(self.table.counts_NLK.astype(np.float64))

    def offered(self) -> list[str]:
        """Scores to choose among: those of all labels that the truth gives, then the labels, whose IoU is meant."""
        found = self.table.scores()
        labels = [label for label, of in found["per_label"].items() if of["iou"] is not None]
        return [*(score for score in OFFERED if found[score] is not None), *labels]

    def whole(self, score: str) -> float:
        """The score of all images together; NaN where their truth gives none.

        Raises:
            UsageError: There is no such score.
        """
        check_counted(score, self.table.labels)
        summed_LK = self.table.counts_NLK.sum(axis=0).astype(np.float64)
        return float(statistic(named(score, self.table.labels), self.table.labels)(summed_LK))

    def by_picture(self) -> Counted:
        """The tiles of one picture added up: what overlaps or lies side by side is not drawn independently."""
        pictures = [_TILE.sub("", name) for name in self.table.images]
        names = tuple(dict.fromkeys(pictures))
        if len(names) == len(pictures):
            return self
        place = {name: at for at, name in enumerate(names)}
        counts = np.zeros((len(names), *self.table.counts_NLK.shape[1:]), dtype=np.int64)
        np.add.at(counts, [place[name] for name in pictures], self.table.counts_NLK)
        return Counted(CountTable(names, self.table.labels, counts))

    def only(self, images: Sequence[str], labels: Sequence[str]) -> CountTable:
        """The counts of some images and labels, in their order."""
        rows, columns = ({name: at for at, name in enumerate(names)} for names in (self.images, self.table.labels))
        at_N, at_L = [rows[name] for name in images], [columns[name] for name in labels]
        return CountTable(tuple(images), tuple(labels), self.table.counts_NLK[np.ix_(at_N, at_L, range(len(COLUMNS)))])


@dataclass(frozen=True, slots=True)
class Logged:
    """A table that another program logged: one row an image, with scores of its own.

    Attributes:
        images: The images' names, without duplicates.
        scores: By the column's name, N of them, NaN where a cell is no number.
    """

    images: tuple[str, ...]
    scores: dict[str, Scores]

    def each(self, score: str) -> Scores:
        """A column.

        Raises:
            UsageError: There is no such column.
        """
        if score not in self.scores:
            raise UsageError(f"The logged table has no score '{score}'; it has {', '.join(self.scores)}.")
        return self.scores[score]

    def offered(self) -> list[str]:
        """Scores to choose among, in the order of the columns."""
        return list(self.scores)

    def whole(self, score: str) -> float:
        """The mean of a column over the images that have it; NaN where none has.

        Raises:
            UsageError: There is no such column.
        """
        held_N = self.each(score)[np.isfinite(self.each(score))]
        return float(held_N.mean()) if held_N.size else math.nan

    @classmethod
    def of(cls, columns: Sequence[Any], rows: Sequence[Sequence[Any]]) -> Logged | None:
        """Understands a logged table; None if it is not one of images and numbers.

        Args:
            columns: The columns' names.
            rows: Their cells.
        """
        names = [str(column) for column in columns]
        lower = [name.lower() for name in names]
        key = next((lower.index(word) for word in NAME_COLUMNS if word in lower), None)
        full = [row for row in rows if len(row) == len(names)]
        if key is None or not full:
            return None
        images = tuple(str(row[key]) for row in full)
        if len(set(images)) < len(images):
            return None
        found = {
            name: np.array([_number(row[at]) for row in full]) for at, name in enumerate(names) if at != key and name
        }
        scores = {name: values for name, values in found.items() if np.isfinite(values).any()}
        return cls(images, scores) if scores else None


ImageTable = Counted | Logged


def by_name(table: ImageTable, score: str) -> dict[str, float]:
    """The score of each image by its name, NaN where it has none.

    Raises:
        UsageError: There is no such score.
    """
    return dict(zip(table.images, table.each(score).tolist(), strict=True))


def named(score: str, labels: Sequence[str]) -> str:
    """A score's full name: a label alone means its IoU."""
    return f"iou/{score}" if score in labels and score not in metric_names(()) else score


def check_counted(score: str, labels: Sequence[str]) -> None:
    """Refuses scores that a run has of a split as a whole only.

    Raises:
        UsageError: It is one of instances (`map`, `pq/eye`).
    """
    if is_reported(score, labels):
        raise UsageError(
            f"'{score}' is known of the whole split only; picture by picture there are {', '.join(metric_names(()))} "
            "and the labels."
        )


def read_counted(path: Path) -> Counted:
    """Reads a per-image table of kirie; one that was read before and has not changed is not read again.

    Raises:
        RunError: It is missing, too large or damaged.
    """
    try:
        found = path.stat()
    except OSError:
        raise RunError(f"The per-image table {path} is not there; `kirie evaluate` writes it.") from None
    if found.st_size > _LARGEST:
        raise RunError(f"The per-image table {path} has more than {_LARGEST:,} bytes; it is none that kirie wrote.")
    return _read(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int, _size: int) -> Counted:
    return Counted(CountTable.read(path))


def _number(cell: Any) -> float:
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return math.nan
    try:
        return float(cell)
    except OverflowError:
        return math.nan
