"""Pictures that several runs logged, side by side: by their names, with all steps of each run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_SAMPLES = 1000
"""Names that are told; runs log a handful, and a thousand fill no screen."""

_TRUTH = frozenset({"truth", "ground_truth", "groundtruth", "gt", "target", "targets", "label", "labels", "annotation"})
_PREDICTION = frozenset({"prediction", "predictions", "predicted", "pred", "preds", "output", "outputs"})


@dataclass(frozen=True, slots=True)
class Logged:
    """A picture as a run logged it.

    Attributes:
        step: When.
        number: Its place among those of its step.
        name: Its caption; "" without one.
        path: The picture's, as the log has it.
        width: In pixels; 0 if the log does not say.
        height: Likewise.
        masks: The masks' paths by their names.
    """

    step: int
    number: int
    name: str
    path: str
    width: int
    height: int
    masks: Mapping[str, str]


def samples(by_run: Mapping[str, Sequence[Logged]], url_of: Callable[[str, str], str]) -> list[dict[str, Any]]:
    """The samples of all runs by name, each with the cells of the runs that have it, steps rising.

    Args:
        by_run: What each run logged under one key.
        url_of: The address of a run's file.
    """
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for run, pictures in by_run.items():
        cells: dict[tuple[str, int], dict[str, Any]] = {}
        for name, picture in _named(pictures):
            masks = {role(mask): url_of(run, path) for mask, path in picture.masks.items()}
            cells[(name, picture.step)] = {
                "step": picture.step,
                "image": url_of(run, picture.path),
                "width": picture.width,
                "height": picture.height,
                "masks": masks,
            }
        for name, step in sorted(cells):
            found.setdefault(name, {}).setdefault(run, []).append(cells[(name, step)])
    return [{"name": name, "cells": found[name]} for name in sorted(found)][:MOST_SAMPLES]


def worst_first(
    found: Sequence[dict[str, Any]], first: Mapping[str, float], second: Mapping[str, float]
) -> list[dict[str, Any]]:
    """The samples by how far their score fell from the first run to the second; those without a score at the end.

    Args:
        found: The samples.
        first: The first run's score by the image's name, NaN where it has none.
        second: The second run's.

    Returns:
        The samples with `change`, the second score minus the first, None where there is none.
    """
    told = []
    for sample in found:
        gap = second.get(sample["name"], float("nan")) - first.get(sample["name"], float("nan"))
        told.append({**sample, "change": None if math.isnan(gap) else gap})
    return sorted(told, key=lambda one: (one["change"] is None, one["change"] or 0.0, one["name"]))


def role(mask: str) -> str:
    """What a mask is: `truth`, `prediction`, or its own name where that tells neither."""
    word = mask.lower().replace("-", "_").replace(" ", "_")
    return "truth" if word in _TRUTH else "prediction" if word in _PREDICTION else mask


def _named(pictures: Sequence[Logged]) -> list[tuple[str, Logged]]:
    """Each picture with a name that is its own within its step: pictures without one are called by their places."""
    seen: dict[tuple[int, str], int] = {}
    found = []
    for picture in sorted(pictures, key=lambda one: one.step):
        name = picture.name.strip() or f"picture {picture.number}"
        place = (picture.step, name)
        seen[place] = seen.get(place, 0) + 1
        found.append((f"{name} ({seen[place]})" if seen[place] > 1 else name, picture))
    return found
