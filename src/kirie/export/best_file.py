"""`best.json`: the chosen run, the ranking it was chosen from and the reason; `kirie export` reads it back.

Paths in it are relative to its own folder, so that a project can be moved or cloned as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kirie.core import files
from kirie.core.metric import is_reported
from kirie.core.run import RunFolder
from kirie.errors import RunError, UsageError
from kirie.export.choice import Ranked, Selection
from kirie.export.constraint import MEASURED


def write_best(path: Path, selection: Selection) -> dict[str, Any]:
    """Writes the selection, and returns what was written.

    Raises:
        DeviceError: The disk is full or cannot be written.
    """
    content = to_dict(selection, path.parent)
    files.write_json(path, content)
    return content


def check_place(path: Path) -> None:
    """Refuses to write over what is no selection.

    Raises:
        UsageError: A folder, or a file of somebody else, lies there.
    """
    if path.is_dir():
        raise UsageError(f"--out {path} is a folder; name a file in it, such as {path / 'best.json'}.")
    if not path.exists():
        return
    try:
        found = files.read_json(path, RunError, "The selection")
    except RunError:
        found = None
    if not isinstance(found, dict) or not {"run", "path", "ranking"} <= found.keys():
        raise UsageError(f"--out {path} is a file that `kirie select` did not write; name another, or remove it.")


def read_best(path: Path) -> tuple[RunFolder, list[RunFolder]]:
    """The chosen run's folder, and the folders of its evaluations.

    Raises:
        RunError: The file is missing or damaged, or the run it names is no longer there, or is another one.
    """
    found = files.read_json(path, RunError, "The selection")
    if not isinstance(found, dict) or not all(isinstance(found.get(key), str) for key in ("run", "path")):
        raise RunError(f"The selection {path} names no run; write it with `kirie select`.")
    others = found.get("evaluations", [])
    if not isinstance(others, list) or not all(isinstance(one, str) for one in others):
        raise RunError(f"The selection {path} is damaged (`evaluations`); write it with `kirie select`.")
    folders = [RunFolder(Path(os.path.normpath(path.parent / one))) for one in (found["path"], *others)]
    for folder in folders:
        if (seen := str(folder.read_record()["id"])) != found["run"]:
            raise RunError(
                f"The selection {path} chose the run {found['run']}, but {folder.path} now holds {seen}; "
                "choose again with `kirie select`."
            )
    return folders[0], folders[1:]


def to_dict(selection: Selection, folder: Path) -> dict[str, Any]:
    """The selection as `best.json` writes it.

    Args:
        selection: The choice.
        folder: The folder that paths are written relative to.
    """
    question = selection.question
    chosen = selection.chosen.candidate
    return {
        "run": chosen.id,
        "name": chosen.name,
        "path": _relative(chosen.folder, folder),
        "evaluations": [_relative(one, folder) for one in chosen.evaluations],
        "metric": question.metric,
        "split": question.split,
        "score": selection.chosen.score,
        "rule": question.rule,
        "cheapest": question.cheapest,
        "constraints": [str(one) for one in question.constraints],
        "reason": selection.reason,
        "best_score": {"run": selection.best.candidate.id, "score": selection.best.score},
        "bootstrap": _bootstrap(selection),
        "data": chosen.data,
        "labels": list(chosen.table.labels),
        "ranking": [_row(one, folder) for one in selection.ranking],
        "left_out": [{"run": one.id, "name": one.name, "reason": one.reason} for one in selection.left_out],
    }


def _row(one: Ranked, folder: Path) -> dict[str, Any]:
    return {
        "run": one.candidate.id,
        "name": one.candidate.name,
        "path": _relative(one.candidate.folder, folder),
        "score": one.score,
        "interval": _finite(one.interval),
        "behind": one.behind,
        "behind_error": _finite((one.behind_error,))[0],
        "behind_interval": _finite(one.behind_interval),
        "tied": one.tied,
        "passes": not one.broken,
        "broken": [str(constraint) for constraint in one.broken],
        **{name: one.candidate.measured.get(name) for name in MEASURED},
        "device": one.candidate.device,
    }


def _bootstrap(selection: Selection) -> dict[str, int] | None:
    """What the errors come from; None for a score that has none."""
    question, table = selection.question, selection.chosen.candidate.table
    if is_reported(question.metric, table.labels):
        return None
    return {"resamples": question.resamples, "seed": question.seed, "images": len(table.images)}


def _finite(values: Sequence[float]) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


def _relative(run: RunFolder, folder: Path) -> str:
    return Path(os.path.relpath(run.path.resolve(), folder.resolve())).as_posix()
