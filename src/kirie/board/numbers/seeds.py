"""Runs that differ in the seed alone, and how far the seed moves the score.

Kirie's runs say what they are made of, so a group shares configuration, data and code. Of other programs the
configuration decides, without the entries that are called a seed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from scipy.special import stdtrit

CONFIDENCE = 0.95

_BETWEEN = "-_ /.="
_BRACKETS = (("<", ">"), ("(", ")"), ("[", "]"), ("{", "}"))

_SEEDS = frozenset({"seed", "random_seed", "random_state", "manual_seed", "rng_seed", "seed_everything"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run as far as its seed is concerned.

    Attributes:
        id: Its id.
        name: Its name.
        project: Runs of other projects are not of one group.
        config: Its configuration.
        made_of: What its id was made of, of a run of kirie.
        value: Its score; None if it has none.
    """

    id: str
    name: str
    project: str
    config: Mapping[str, Any]
    made_of: Mapping[str, Any] | None
    value: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """Runs that differ in the seed alone.

    Attributes:
        name: What they have in common in their names.
        runs: Their ids.
        values: Their scores, in the same order.
        mean: Mean of the scores.
        low: Lower end of the mean's 95 % interval (Student's t); None of fewer than two.
        high: Its upper end.
        spread: Standard deviation over seeds; None of fewer than two.
    """

    name: str
    runs: tuple[str, ...]
    values: tuple[float | None, ...]
    mean: float | None
    low: float | None
    high: float | None
    spread: float | None

    def to_dict(self) -> dict[str, Any]:
        """For an answer."""
        return {
            "name": self.name,
            "runs": list(self.runs),
            "values": list(self.values),
            "mean": self.mean,
            "low": self.low,
            "high": self.high,
            "spread": self.spread,
        }


def groups(candidates: Sequence[Candidate]) -> list[Group]:
    """The groups of at least two runs with different seeds, in the order of their first runs."""
    found: dict[str, list[tuple[Candidate, str]]] = {}
    for one in candidates:
        if (pair := _key(one)) is not None:
            found.setdefault(pair[0], []).append((one, pair[1]))
    several = [[one for one, _ in members] for members in found.values() if len({seed for _, seed in members}) > 1]
    names = [_name(members) for members in several]
    # Of two groups of one name each needs a run of its own to be known by
    told = [
        f"{name} ({members[0].id} …)" if names.count(name) > 1 else name
        for name, members in zip(names, several, strict=True)
    ]
    return [_group(members, name) for members, name in zip(several, told, strict=True)]


def _key(one: Candidate) -> tuple[str, str] | None:
    """What a group's runs have in common, and the seed; None for a run that names no seed."""
    made = one.made_of
    if made is not None and all(isinstance(made.get(key), str) for key in ("config", "data", "code")):
        return json.dumps([made["config"], made["data"], made["code"]]), json.dumps(made.get("seed"), default=str)
    seeds: dict[str, Any] = {}
    rest = _without_seeds(one.config, "", seeds)
    if not seeds:
        return None
    return json.dumps([one.project, rest], sort_keys=True, default=str), json.dumps(seeds, sort_keys=True, default=str)


def _without_seeds(node: Any, at: str, seeds: dict[str, Any]) -> Any:
    """A configuration without its seeds, which are put aside; W&B's own entries are no part of it."""
    if not isinstance(node, Mapping):
        return node
    rest: dict[str, Any] = {}
    for name, value in node.items():
        if str(name).lower() in _SEEDS and not isinstance(value, Mapping):
            seeds[f"{at}{name}"] = value
        elif not str(name).startswith("_wandb") and (at or name not in ("run_id", "name")):
            rest[str(name)] = _without_seeds(value, f"{at}{name}.", seeds)
    return rest


def _group(members: Sequence[Candidate], name: str) -> Group:
    values = tuple(one.value if one.value is not None and math.isfinite(one.value) else None for one in members)
    held = [value for value in values if value is not None]
    mean = fmean(held) if held else None
    low = high = spread = None
    if mean is not None and len(held) > 1:
        spread = stdev(held)
        half = float(stdtrit(len(held) - 1, 0.5 + CONFIDENCE / 2)) * spread / math.sqrt(len(held))
        low, high = mean - half, mean + half
    return Group(name, tuple(one.id for one in members), values, mean, low, high, spread)


def _name(members: Sequence[Candidate]) -> str:
    """The start that all names share, without a half word's end; the first one's name if they share none.

    Words end at what people put between them. Other signs are of the name: cut at them, half a tag would be left.
    """
    names = [one.name or one.id for one in members]
    first, last = min(names), max(names)
    if first == last:
        return first
    same = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    cut = next((at for at in range(same, 2, -1) if first[at - 1] in _BETWEEN), 0)
    shared = first[: cut - 1].rstrip(_BETWEEN) if cut else ""
    # What is opened and not closed says that the cut is amid something
    whole = all(shared.count(opened) == shared.count(closed) for opened, closed in _BRACKETS)
    return shared if len(shared) > 2 and whole else names[0]
