"""What is known of one prepared picture: its line in the journal.

A record holds everything that splits, statistics and the report need, so that they are made again for the whole
source without reading a picture twice.

Shapes: H, W the frame; B rows of one picture; L labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kirie.core.instances import Instance, instance
from kirie.core.labels import IGNORE
from kirie.prepare.rows import Pixels, row_digest

RowInstances = tuple[tuple[Instance, ...], ...]
"""The instances of each row of a picture; number k of a row's map is the k-th of them."""


@dataclass(frozen=True, slots=True)
class Record:
    """One prepared picture.

    Attributes:
        key: Hash of all that decides its rows; equal keys have equal records and rows.
        name: Its name in the source.
        group: As the source gives it, or None.
        given: The split that the source gives, or None.
        size: Height and width before it was brought to the frame.
        digest: SHA-256 of its rows.
        pixels: SHA-256 of the picture before that, to find duplicates.
        counts: Pixels per label in its rows, L of them.
        ignored: Pixels of the ignore index, padding left out.
        valid: Pixels of its rows that are not padding.
        sums: Sum of those pixels' 8-bit values, per channel.
        squares: Sum of their squares, per channel.
        notes: What reading mended, and what is odd about instances, counted.
        instances: Of each row.
    """

    key: str
    name: str
    group: str | None
    given: str | None
    size: tuple[int, int]
    digest: str
    pixels: str
    counts: tuple[int, ...]
    ignored: int
    valid: int
    sums: tuple[int, int, int]
    squares: tuple[int, int, int]
    notes: Mapping[str, int]
    instances: RowInstances = ()

    def to_dict(self) -> dict[str, Any]:
        """For a journal line."""
        return {each.name: getattr(self, each.name) for each in fields(self)} | {
            "instances": instances_to_json(self.instances)
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Record:
        """Reads a journal line.

        Raises:
            KeyError: Something is missing.
            ValueError: Something has the wrong form.
        """
        height, width = raw["size"]
        return cls(
            key=str(raw["key"]),
            name=str(raw["name"]),
            group=None if raw["group"] is None else str(raw["group"]),
            given=None if raw["given"] is None else str(raw["given"]),
            size=(int(height), int(width)),
            digest=str(raw["digest"]),
            pixels=str(raw["pixels"]),
            counts=tuple(int(count) for count in raw["counts"]),
            ignored=int(raw["ignored"]),
            valid=int(raw["valid"]),
            sums=_three(raw["sums"]),
            squares=_three(raw["squares"]),
            notes={str(key): int(count) for key, count in raw["notes"].items()},
            instances=instances_from_json(raw["instances"]),
        )


def instances_to_json(instances: RowInstances) -> list[list[list[int]]]:
    """For a journal line and the index: `[label, crowd]` of each instance of each row, crowd as 0 or 1."""
    return [[[each.label, int(each.crowd)] for each in row] for row in instances]


def instances_from_json(raw: Any) -> RowInstances:
    """Reads what `instances_to_json` made.

    Raises:
        ValueError: Something has the wrong form.
        TypeError: Likewise.
    """
    return tuple(tuple(_instance(*each) for each in row) for row in raw)


def _instance(label: Any, crowd: Any) -> Instance:
    if type(label) is not int or type(crowd) is not int or not 0 <= label < IGNORE or crowd not in (0, 1):
        raise ValueError(f"an instance of {label!r}, {crowd!r}")
    return instance(label, bool(crowd))


@dataclass(frozen=True, slots=True)
class Measures:
    """Counts and sums of one picture's rows; see `Record`."""

    digest: str
    counts: tuple[int, ...]
    ignored: int
    valid: int
    sums: tuple[int, int, int]
    squares: tuple[int, int, int]


def measure(pixels: Pixels, inside_BHW: NDArray[np.bool_], n_labels: int) -> Measures:
    """Counts the rows of one picture, in whole numbers so that totals are exact in any order.

    Args:
        pixels: Its rows.
        inside_BHW: Where the rows are not padding.
        n_labels: L.
    """
    ids_256 = np.bincount(pixels.targets_BHW.ravel(), minlength=256)
    pixels_V3 = pixels.images_BHWC[inside_BHW]
    values_256 = np.arange(256, dtype=np.int64)
    histograms = [np.bincount(pixels_V3[:, channel], minlength=256) for channel in range(3)]
    padding = int(inside_BHW.size - len(pixels_V3))
    return Measures(
        digest=row_digest(pixels),
        counts=tuple(ids_256[:n_labels].tolist()),
        ignored=int(ids_256[IGNORE]) - padding,
        valid=len(pixels_V3),
        sums=_three([int(found @ values_256) for found in histograms]),
        squares=_three([int(found @ values_256**2) for found in histograms]),
    )


def _three(values: Any) -> tuple[int, int, int]:
    red, green, blue = values
    return int(red), int(green), int(blue)
