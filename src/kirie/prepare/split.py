"""Which picture trains, which validates, which tests.

The rule, for pictures without a given split: a group's place in [0, 1) is a hash of its name and the seed, and the
fractions cut [0, 1) into train, val and test, in this order. A group's split thus depends on nothing but its own
name, so that it stays when the source grows. A picture without a group is a group of its own.

Three things bend the rule, all without looking at earlier stores, so that equal sources give equal splits:

- Pictures with identical pixels in different groups tie those groups together; all go where the first of them in the
  order train, val, test would go alone. So a picture that was trained on is never tested on.
- A given split is honoured, for its whole group and for what is tied to it. If ties lead to two given splits, both
  are honoured and the leak is reported.
- With few groups a split may stay empty. Then the group whose place lies nearest to that split's interval moves into
  it, from a split that keeps at least one. As soon as a group falls there by itself the moved one returns; from then
  on nothing moves.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kirie.errors import SourceError, StoreError, UsageError
from kirie.prepare.layout import SPLITS
from kirie.prepare.record import Record

FRACTIONS = (0.7, 0.15, 0.15)

_LISTED = 5


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Pictures of different groups with identical pixels.

    Attributes:
        names: The pictures.
        splits: Where they lie: one split, or several if the source gives them different ones.
    """

    names: tuple[str, ...]
    splits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Splits:
    """The outcome.

    Attributes:
        of: Split by picture name.
        groups: Number of groups by split.
        duplicates: Found across groups.
        moved: Group (its name, or that of its only picture) -> the split it fills that would be empty.
    """

    of: Mapping[str, str]
    groups: Mapping[str, int]
    duplicates: tuple[Duplicate, ...] = ()
    moved: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Cluster:
    """Groups that must share a split."""

    groups: list[str]
    place: float
    given: str | None


def parse_fractions(text: str) -> tuple[float, float, float]:
    """Reads `0.7,0.15,0.15`.

    Raises:
        UsageError: They are not three numbers above 0 that add up to 1.
    """
    try:
        train, val, test = (float(part) for part in text.split(","))
    except ValueError:
        train = val = test = 0.0
    if not (min(train, val, test) > 0 and abs(train + val + test - 1) < 1e-6):
        raise UsageError(
            f"The fractions '{text}' cannot be used; write three numbers above 0 that add up to 1, for train, val "
            "and test: --fractions 0.7,0.15,0.15."
        )
    return train, val, test


def place_of(group: str, seed: int) -> float:
    """A group's place in [0, 1): uniform over names, the same on every machine."""
    found = hashlib.sha256(f"{seed}\0{group}".encode()).digest()
    return int.from_bytes(found[:6], "big") / 2**48


def assign(
    records: Sequence[Record],
    fractions: tuple[float, float, float] = FRACTIONS,
    seed: int = 0,
    *,
    honour_given: bool = True,
) -> Splits:
    """Splits pictures by their groups.

    Args:
        records: The pictures.
        fractions: Shares of train, val and test, by groups.
        seed: Another seed gives another split.
        honour_given: Whether splits that the source gives count.

    Raises:
        SourceError: A group is given two splits.
        StoreError: A split would be empty.
    """
    given = _given(records) if honour_given else {}
    clusters, twins = _clusters(records, given, seed)
    bounds = (0.0, fractions[0], fractions[0] + fractions[1], 1.0)
    split_of = [cluster.given or _interval(cluster.place, bounds) for cluster in clusters]
    moved = _fill(clusters, split_of, bounds)
    by_group = {group: split_of[at] for at, cluster in enumerate(clusters) for group in cluster.groups}
    found = {record.name: by_group[_group(record)] for record in records}
    groups = {split: sum(1 for each in by_group.values() if each == split) for split in SPLITS}
    if empty := [split for split in SPLITS if groups[split] == 0]:
        raise StoreError(_too_few(empty, groups, given))
    duplicates = tuple(
        Duplicate(names, tuple(split for split in SPLITS if split in {found[name] for name in names}))
        for names in twins
    )
    return Splits(found, groups, duplicates, {_shown(clusters[at].groups[0]): split for at, split in moved.items()})


def _given(records: Iterable[Record]) -> dict[str, str]:
    found: dict[str, str] = {}
    torn: dict[str, tuple[str, str]] = {}
    for record in records:
        if record.given is not None:
            first = found.setdefault(_group(record), record.given)
            if first != record.given:
                torn[_shown(_group(record))] = (first, record.given)
    if torn:
        shown = "; ".join(f"'{group}': {a} and {b}" for group, (a, b) in sorted(torn.items())[:_LISTED])
        more = f" and {len(torn) - _LISTED} more" if len(torn) > _LISTED else ""
        raise SourceError(
            f"{len(torn)} group(s) are given two splits, which would leak ({shown}{more}). Give all pictures of a "
            "group one split, or let kirie split with --ignore-given-splits."
        )
    return found


def _clusters(
    records: Sequence[Record], given: Mapping[str, str], seed: int
) -> tuple[list[_Cluster], list[tuple[str, ...]]]:
    """Groups tied by identical pictures, and the pictures that tie them."""
    by_group = {
        group: _Cluster([group], place_of(group, seed), given.get(group))
        for group in sorted({_group(record) for record in records})
    }
    by_pixels: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: record.name):
        by_pixels.setdefault(record.pixels, []).append(record)
    twins: list[tuple[str, ...]] = []
    for same in by_pixels.values():
        groups = list(dict.fromkeys(map(_group, same)))
        if len(groups) < 2:
            continue
        twins.append(tuple(record.name for record in same))
        for a, b in itertools.combinations(groups, 2):
            one, other = by_group[a], by_group[b]
            if one is other or (one.given and other.given and one.given != other.given):
                continue
            one.groups += other.groups
            one.place, one.given = min(one.place, other.place), one.given or other.given
            by_group.update(dict.fromkeys(other.groups, one))
    return list({id(cluster): cluster for cluster in by_group.values()}.values()), twins


def _fill(clusters: Sequence[_Cluster], split_of: list[str], bounds: Sequence[float]) -> dict[int, str]:
    """Moves groups into empty splits, in place; see the top of the file."""
    moved: dict[int, str] = {}
    for split in SPLITS:
        if split in split_of:
            continue
        low, high = bounds[SPLITS.index(split)], bounds[SPLITS.index(split) + 1]
        free = [
            (max(low - cluster.place, cluster.place - high), cluster.place, at)
            for at, cluster in enumerate(clusters)
            if cluster.given is None and at not in moved and split_of.count(split_of[at]) > 1
        ]
        if free:
            at = min(free)[2]
            split_of[at] = moved[at] = split
    return moved


def _interval(place: float, bounds: Sequence[float]) -> str:
    return SPLITS[0] if place < bounds[1] else SPLITS[1] if place < bounds[2] else SPLITS[2]


def _too_few(empty: Sequence[str], groups: Mapping[str, int], given: Mapping[str, str]) -> str:
    names = " and ".join(empty)
    counts = ", ".join(f"{split} {groups[split]}" for split in SPLITS)
    what = (
        f"The split{'s' if len(empty) > 1 else ''} {names} would be empty: {sum(groups.values())} group(s) ({counts})."
    )
    if given:
        return (
            f"{what} The source gives splits to {len(given)} of them: give some groups the split {names}, "
            "or let kirie split all of them with --ignore-given-splits."
        )
    return (
        f"{what} Pictures of one group, or with identical pixels, stay together, so three splits need at least three "
        "independent groups; add pictures or divide groups."
    )


def _group(record: Record) -> str:
    """A key that tells a group from a lone picture of the same name."""
    return f"group:{record.group}" if record.group is not None else f"picture:{record.name}"


def _shown(group: str) -> str:
    return group.partition(":")[2]
