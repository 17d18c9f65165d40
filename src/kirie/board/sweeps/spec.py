"""What a sweep's own folder says of it: its metric, its parameters, and how they are drawn."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from kirie.runlog.reader.own import own

Goal = Literal["maximize", "minimize"]

FOLDER = "sweeps"
"""Where `kirie sweep` keeps sweeps, beside the runs."""

RECORD, SPEC, JOURNAL, WANDB = "sweep.json", "sweep.yaml", "journal.log", "wandb.json"
WANDB_SUFFIX = ".wandb"

_LARGEST = 2**20
_MOST = 500
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Spec:
    """What is known of a sweep beyond its runs.

    Attributes:
        metric: The metric's name; None if it has none.
        goal: Its goal.
        parameters: The names of what is swept, nested ones joined by dots, each with whether it is drawn on a scale of
            logarithms; None where the file leaves that open (a list of values).
        method: grid, random or bayes; "" if nobody says.
        total: How many trials it is to have; None: nobody says, or as many as its budget pays.
    """

    metric: str | None = None
    goal: Goal = "minimize"
    parameters: tuple[tuple[str, bool | None], ...] = ()
    method: str = ""
    total: int | None = None


def read_spec(folder: Path) -> Spec:
    """What a sweep's folder says; damaged or missing files say nothing."""
    file, record = _yaml(own(folder, SPEC)), _json(own(folder, RECORD))
    metric = file.get("metric")
    name, goal = (metric.get("name"), metric.get("goal")) if isinstance(metric, Mapping) else (None, None)
    objectives = record.get("objectives")
    if name is None and isinstance(objectives, list) and objectives and isinstance(objectives[0], list):
        name, goal = [*objectives[0], None, None][:2]
    total, method = record.get("total"), record.get("method", file.get("method"))
    return Spec(
        metric=name if isinstance(name, str) else None,
        goal="maximize" if goal == "maximize" else "minimize",
        parameters=tuple(_parameters(file.get("parameters"), "", 0))[:_MOST],
        method=method if isinstance(method, str) else "",
        total=total if isinstance(total, int) and not isinstance(total, bool) else None,
    )


def trial_folder(folder: Path, number: int) -> Path:
    """Where a sweep keeps a trial's lease."""
    return folder / "trials" / f"{number:06}"


def folders(places: list[Path]) -> dict[str, Path]:
    """The folders of the sweeps around the runs by their names, those at W&B by its id.

    Args:
        places: Folders that may hold a folder of sweeps, the nearest first.
    """
    found: dict[str, Path] = {}
    for place in places:
        try:
            there = sorted((place / FOLDER).iterdir())
        except OSError:
            continue
        for folder in there:
            if folder.name.endswith(WANDB_SUFFIX):
                name = _json(own(folder, WANDB)).get("id")
            else:
                name = folder.name if (folder / RECORD).is_file() else None
            if isinstance(name, str):
                found.setdefault(name, folder)
    return found


def _parameters(node: Any, above: str, depth: int) -> Iterator[tuple[str, bool | None]]:
    if not isinstance(node, Mapping) or depth > _DEEPEST:
        return
    for name, entry in list(node.items())[:_MOST]:
        if not isinstance(entry, Mapping):
            continue
        if "parameters" in entry:
            yield from _parameters(entry["parameters"], f"{above}{name}.", depth + 1)
        elif "value" not in entry:
            kind = str(entry.get("distribution", ""))
            drawn = "min" in entry or "max" in entry or "mu" in entry
            yield f"{above}{name}", ("log" in kind) if kind or drawn else None


def _yaml(path: Path | None) -> dict[str, Any]:
    try:
        if path is None or not path.is_file() or path.stat().st_size > _LARGEST:
            return {}
        found = yaml.safe_load(path.read_bytes())
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}
    return found if isinstance(found, dict) else {}


def _json(path: Path | None) -> dict[str, Any]:
    try:
        if path is None or not path.is_file() or path.stat().st_size > _LARGEST:
            return {}
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
