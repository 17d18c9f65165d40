"""Which thing each pixel belongs to: a sample's regions unpacked into instances.

A *thing* is a label that has instances: every one but the background and those that the label file marks `stuff`. An
instance is what can be seen of it: regions are painted in order, as in the semantic target, so that no pixel belongs
to two, and the label of a pixel's instance is that pixel's label in the target.

Shapes: H, W pixels; N instances; R runs of equal values; C candidates for instances.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kirie.core.connected import Runs
from kirie.core.labels import IGNORE, LabelSet
from kirie.core.sample import Region, Sample

How = Literal["given", "components"]
HOWS: tuple[How, ...] = ("given", "components")

MAX_INSTANCES = 254
"""In one 8-bit map, beside 0 for none and IGNORE."""

CRUMB = 8
"""Connected parts of fewer pixels are no instances: what is left over between regions that overlap."""

HIDDEN = "instances hidden by later regions"
CRUMBS = "parts too small to be instances, ignored"
FLAT = "regions of zero area, no instances by themselves"
SHARED = "instance ids used by several labels, told apart"
SCATTERED = "instance ids of one label whose regions lie far apart, taken for one instance"
UNCOUNTED = "instances of labels that have none, taken for none"

_MARKED = 256
"""Keys from here on are those of marked instances; below are label ids and IGNORE."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One thing in a picture.

    Attributes:
        label: Its label's id.
        crowd: It is several that nobody told apart; finding it, or one of them, is neither right nor wrong.
    """

    label: int
    crowd: bool = False


@cache
def instance(label: int, crowd: bool) -> Instance:
    """An instance; equal ones are one object, because a store has many and few kinds."""
    return Instance(label, crowd)


@dataclass(frozen=True, slots=True)
class Found:
    """The instances of a picture.

    Attributes:
        ids_HW: Whole numbers without sign: 0 none, k is instances[k - 1], `ignored` neither trains nor counts.
        instances: N of them: those that the source tells apart in paint order, then connected parts.
        areas_N: Pixels of each.
        ignored: IGNORE, unless there are more instances than 8 bits tell apart.
        notes: What is odd about them, counted.
    """

    ids_HW: NDArray[Any]
    instances: tuple[Instance, ...]
    areas_N: NDArray[np.int64]
    ignored: int
    notes: dict[str, int] = field(default_factory=dict)


def unpack(sample: Sample, labels: LabelSet, how: How = "given") -> tuple[NDArray[np.uint8], tuple[Instance, ...]]:
    """The instances of a sample as one 8-bit map; beyond MAX_INSTANCES the smallest are ignored.

    Args:
        sample: The sample.
        labels: What its regions' names mean.
        how: See `find_instances`.

    Returns:
        uint8 (H, W): 0 none, k is the k-th instance, IGNORE where the target is ignored or a part is a crumb; and the
        instances.

    Raises:
        SourceError: A region's label is not in the set.
    """
    found = find_instances(sample.paint(labels), sample.regions, labels, how)
    ids_HW, instances, _ = chosen(found.ids_HW, found)
    return ids_HW, instances


def find_instances(
    target_HW: NDArray[np.uint8], regions: Sequence[Region], labels: LabelSet, how: How, least: int = CRUMB
) -> Found:
    """Unpacks regions.

    Args:
        target_HW: The regions painted: uint8 ids.
        regions: In paint order; without any, the target alone decides.
        labels: What their names mean.
        how: `given`: regions of one label and one instance id are one thing, and what has no id falls back to
            connected parts. `components`: connected parts of equal label always. A crowd stays one thing in both.
        least: Connected parts of fewer pixels are ignored, and so is what consists of outlines without area alone.

    Raises:
        SourceError: A region's label is not in the set.
    """
    marks = _Marks(labels, how)
    runs = Runs.of(marks.over(target_HW, regions))
    is_thing_256 = np.zeros(_MARKED, dtype=np.bool_)
    is_thing_256[list(labels.things)] = True
    marked_R = runs.values_R >= _MARKED
    loose_R = is_thing_256[np.where(marked_R, IGNORE, runs.values_R)]

    # Marked instances count from 0 and connected parts go on from there: C candidates
    first_part = len(marks.owners)
    candidate_R = np.full(len(runs.values_R), -1, dtype=np.int64)
    candidate_R[marked_R] = runs.values_R[marked_R].astype(np.int64) - _MARKED
    candidate_R[loose_R] = first_part + runs.parts(loose_R)
    count = max(first_part, int(candidate_R.max(initial=-1)) + 1)
    is_part_C = np.arange(count) >= first_part
    label_C = np.zeros(count, dtype=np.int64)
    label_C[candidate_R[loose_R]] = runs.values_R[loose_R]

    ours_R = marked_R | loose_R
    areas_C = _summed(candidate_R[ours_R], runs.lengths_R[ours_R], count)
    solid_C = (
        areas_C if marks.flat_HW is None else _summed(candidate_R[ours_R], runs.missed(marks.flat_HW)[ours_R], count)
    )
    kept_C = (areas_C >= np.where(is_part_C, least, 1)) & (solid_C > 0)
    instances = marks.owners + [instance(int(label), False) for label in label_C[first_part:]]
    ignored = max(IGNORE, int(np.count_nonzero(kept_C)) + 1)
    number_C = np.where(kept_C, np.cumsum(kept_C), ignored)
    numbers_R = np.where(runs.values_R == IGNORE, ignored, 0).astype(np.min_scalar_type(ignored))
    numbers_R[ours_R] = number_C[candidate_R[ours_R]]
    notes = marks.notes | {
        HIDDEN: int(np.count_nonzero((areas_C == 0) & ~is_part_C)),
        CRUMBS: int(np.count_nonzero(~kept_C & is_part_C)),
    }
    return Found(
        runs.painted(numbers_R),
        tuple(itertools.compress(instances, kept_C)),
        areas_C[kept_C],
        ignored,
        {what: number for what, number in notes.items() if number},
    )


def chosen(
    ids_HW: NDArray[Any], found: Found, most: int = MAX_INSTANCES, least: int = 0
) -> tuple[NDArray[np.uint8], tuple[Instance, ...], int]:
    """The instances that are seen in a map, or in a part of it, numbered anew in 8 bits.

    Args:
        ids_HW: A map of `found`, or what was cut or scaled out of it.
        found: The instances of the picture.
        most: Of more than so many, at most MAX_INSTANCES, the smallest are ignored.
        least: What is cut off, and then has fewer pixels, is ignored.

    Returns:
        uint8 map (H, W), its instances, and how many were ignored because they are too many.
    """
    count = len(found.instances)
    areas_N = np.bincount(ids_HW.ravel(), minlength=count + 1)[1 : count + 1]
    seen_N = areas_N > 0
    crumbs_N = seen_N & (areas_N < least) & (areas_N < found.areas_N)
    kept_N = seen_N & ~crumbs_N
    if kept_N.all() and count <= most and found.ignored == IGNORE:
        return ids_HW.astype(np.uint8, copy=False), found.instances, 0
    beyond = max(0, int(np.count_nonzero(kept_N)) - most)
    if beyond:
        # The largest, and of equals the first
        order = np.argsort(np.where(kept_N, -areas_N, 1), kind="stable")
        kept_N[order[most:]] = False
    number = np.zeros(found.ignored + 1, dtype=np.uint8)
    number[1 : count + 1] = np.where(seen_N & ~kept_N, IGNORE, np.where(kept_N, np.cumsum(kept_N), 0))
    number[found.ignored] = IGNORE
    return number[ids_HW], tuple(found.instances[at] for at in np.flatnonzero(kept_N)), beyond


class _Marks:
    """The regions that say themselves which instance they are.

    Attributes:
        owners: The instances that the keys from _MARKED on belong to.
        flat_HW: Where only the edge of an outline without area is seen; None if that is nowhere.
        notes: What is odd about them, counted.
    """

    def __init__(self, labels: LabelSet, how: How) -> None:
        self._labels, self._how = labels, how
        self._things = frozenset(labels.things)
        self._keys: dict[object, int] = {}
        self._labels_of: dict[int, set[int]] = {}
        self._boxes_of: dict[tuple[int, int], list[tuple[int, int, int, int]]] = {}
        self.owners: list[Instance] = []
        self.flat_HW: NDArray[np.bool_] | None = None
        self.notes: dict[str, int] = {}

    def over(self, target_HW: NDArray[np.uint8], regions: Sequence[Region]) -> NDArray[Any]:
        """The target with the keys of marked regions over their labels; the target itself if there are none."""
        painted: list[tuple[Region, int]] = []
        for at, region in enumerate(regions):
            value = self._labels.id_of(region.label)
            if value is not None and region.area:
                painted.append((region, self._key(region, value, at)))
        self._note(SHARED, sum(len(ids) > 1 for ids in self._labels_of.values()))
        self._note(SCATTERED, sum(map(_scattered, self._boxes_of.values())))
        flats = [_is_flat(region) for region, _ in painted]
        if any(flats):
            self._note(FLAT, sum(flats))
            self.flat_HW = np.zeros(target_HW.shape, dtype=np.bool_)
            _paint(self.flat_HW, zip((region for region, _ in painted), flats, strict=True))
        if not self.owners:
            return target_HW
        keys_HW = target_HW.astype(np.min_scalar_type(_MARKED + len(self.owners)))
        _paint(keys_HW, painted)
        return keys_HW

    def _key(self, region: Region, value: int, at: int) -> int:
        if value not in self._things:
            told = region.crowd or (self._how == "given" and region.instance is not None)
            self._note(UNCOUNTED, told and value != IGNORE)
            return value
        number = region.instance if self._how == "given" else None
        if number is not None:
            self._labels_of.setdefault(number, set()).add(value)
            self._boxes_of.setdefault((value, number), []).append(region.box)
            return self._owned((value, number, region.crowd), instance(value, region.crowd))
        return self._owned(at, instance(value, True)) if region.crowd else value

    def _owned(self, name: object, owner: Instance) -> int:
        if name not in self._keys:
            self._keys[name] = _MARKED + len(self.owners)
            self.owners.append(owner)
        return self._keys[name]

    def _note(self, what: str, count: int) -> None:
        if count:
            self.notes[what] = self.notes.get(what, 0) + int(count)


def _scattered(boxes: Sequence[tuple[int, int, int, int]]) -> bool:
    """Whether some regions lie further from all others than the larger of two neighbours is long.

    What something hides in the middle lies nearer; more often an id was given twice.
    """
    box_B4 = np.array(boxes)
    low_B2, high_B2 = box_B4[:, :2], box_B4[:, 2:]
    long_B = (high_B2 - low_B2).max(axis=1)
    open_B = np.ones(len(boxes), dtype=np.bool_)
    todo = [0]
    open_B[0] = False
    while todo:
        at = todo.pop()
        gap_B = np.maximum(low_B2 - high_B2[at], low_B2[at] - high_B2).max(axis=1)
        near_B = open_B & (gap_B <= np.maximum(long_B, long_B[at]))
        open_B &= ~near_B
        todo += np.flatnonzero(near_B).tolist()
    return bool(open_B.any())


def _is_flat(region: Region) -> bool:
    return region.outline is not None and region.outline.flat


def _paint(map_HW: NDArray[Any], regions: Iterable[tuple[Region, int]]) -> None:
    for region, value in regions:
        x0, y0, x1, y1 = region.box
        map_HW[y0:y1, x0:x1][region.crop] = value


def _summed(index: NDArray[np.int64], lengths: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Pixels of each of `count` things."""
    totals = np.zeros(count, dtype=np.int64)
    np.add.at(totals, index, lengths)
    return totals
