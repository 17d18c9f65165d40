"""Finding the runs to choose from: folders of training and of evaluation, joined by the id that both carry.

A training's folder holds the checkpoint and, for the splits it was scored on, tables; `kirie evaluate` adds tables
and measured speed, in the same folder or in one of its own. Folders of one id are one candidate. Where two of them
have the same file, the evaluation's counts, as the later word.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kirie.core import files
from kirie.core.run import RunFolder
from kirie.core.scores import INSTANCE, INSTANCE_PER_LABEL, CountTable, flat
from kirie.errors import RunError
from kirie.export.constraint import MEASURED

_DEPTH = 2
"""How deep below a given folder runs are looked for: `out` finds `out/train/unet`."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One finished run with its per-image table.

    Attributes:
        id: The run's id.
        name: What the reader calls it: the folder's name, or the model's where the folder is named by the id.
        folder: The folder that holds the checkpoint.
        data: Fingerprint of the store it was trained on.
        table: Counts per image and label of the split that decides.
        measured: `parameters`, `latency_ms`, `images_per_s`, as far as they were measured.
        device: Where that was measured, in words.
        evaluations: Folders of the same run with further scores, the latest word first.
        reported: Scores of instances on that split by their flat names, as far as the run has them.
    """

    id: str
    name: str
    folder: RunFolder
    data: str
    table: CountTable
    measured: Mapping[str, float] = field(default_factory=dict)
    device: str | None = None
    evaluations: tuple[RunFolder, ...] = ()
    reported: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A run that cannot take part, and why."""

    id: str
    name: str
    reason: str


def find_candidates(paths: Iterable[Path], split: str) -> tuple[list[Candidate], list[LeftOut]]:
    """The runs under the given paths.

    Args:
        paths: Run folders, published ones, evaluations, or folders of them.
        split: The split whose table is read.

    Returns:
        The runs that can be compared, and those that cannot, each in the order found.

    Raises:
        RunError: A path has no run at all, or a file of a run is damaged.
    """
    joined: dict[str, list[tuple[RunFolder, dict[str, Any]]]] = {}
    for folder in _folders(paths):
        record = folder.read_record()
        joined.setdefault(str(record["id"]), []).append((folder, record))
    found = [_candidate(run, members, split) for run, members in joined.items()]
    return (
        [one for one in found if isinstance(one, Candidate)],
        [one for one in found if isinstance(one, LeftOut)],
    )


def _folders(paths: Iterable[Path]) -> list[RunFolder]:
    found: dict[Path, RunFolder] = {}
    for path in paths:
        if not path.is_dir():
            raise RunError(f"There is no folder {path}; name run folders, or a folder of them such as out/train.")
        here = _below(path, _DEPTH)
        if not here:
            raise RunError(
                f"{path} holds no run: neither it nor a folder up to {_DEPTH} levels below has a run.json. "
                "`kirie train` and `kirie evaluate` write run folders."
            )
        # A folder named twice, by itself and by the folder above, is one
        found |= {folder.resolve(): RunFolder(folder) for folder in here}
    return list(found.values())


def _below(path: Path, depth: int) -> list[Path]:
    if RunFolder(path).record.is_file():
        return [path]
    if depth == 0:
        return []
    # A name with a leading dot is a folder that is still being written
    inner = sorted(one for one in path.iterdir() if one.is_dir() and not one.name.startswith("."))
    return [found for one in inner for found in _below(one, depth - 1)]


def _candidate(run: str, members: Sequence[tuple[RunFolder, dict[str, Any]]], split: str) -> Candidate | LeftOut:
    trained = [(folder, record) for folder, record in members if folder.best.is_file()]
    evaluated = [folder for folder, _ in members if not folder.best.is_file()]
    folder, record = (trained or members)[0]
    name = _name(run, folder, record)
    if unfinished := _unfinished(record):
        return LeftOut(run, name, unfinished)
    if not trained:
        return LeftOut(
            run, name, f"{folder.path} is an evaluation without the run's checkpoint; name the run's folder too"
        )
    # The evaluation is the later word
    places = [*evaluated, *(one for one, _ in trained)]
    scored = next((one for one in places if one.per_image(split).is_file()), None)
    if scored is None:
        return LeftOut(
            run, name, f"it has no per-image table of {split}; run `kirie evaluate {folder.path} --split {split}`"
        )
    table = scored.read_table(split)
    said = _said(scored, split)
    _agrees(scored, said, table, split)
    reported = {key: value for key, value in flat(said).items() if _of_instances(key) and math.isfinite(value)}
    measured, device = _speed(next((one for one in places if one.speed.is_file()), None))
    if isinstance(weights := record.get("parameters"), int) and weights > 0:
        # The training counted them already; only speed has to be measured
        measured = {"parameters": weights, **measured}
    data = _fingerprint(folder, record)
    return Candidate(run, name, folder, data, table, measured, device, tuple(evaluated), reported)


def _name(run: str, folder: RunFolder, record: Mapping[str, Any]) -> str:
    if isinstance(given := record.get("name"), str) and given:
        return given
    return folder.path.resolve().name if folder.path.resolve().name != run else run


def _unfinished(record: Mapping[str, Any]) -> str | None:
    state = record.get("state")
    return None if state == "done" else f"it is not finished (its state is {state}); repeat its `kirie train`"


def _fingerprint(folder: RunFolder, record: Mapping[str, Any]) -> str:
    data = record.get("data")
    found = data.get("fingerprint") if isinstance(data, Mapping) else data
    if not isinstance(found, str) or not found:
        raise RunError(
            f"The run record {folder.record} does not say which data the run was trained on; train it again."
        )
    return found


def _said(folder: RunFolder, split: str) -> Mapping[str, Any]:
    """What the score file beside a table says of the split; nothing where there is none."""
    found = folder.read_metrics().get(split) if folder.metrics.is_file() else None
    return found if isinstance(found, Mapping) else {}


def _of_instances(name: str) -> bool:
    key, _, label = name.partition("/")
    return name in INSTANCE or bool(label and key in INSTANCE_PER_LABEL)


def _agrees(folder: RunFolder, said: Mapping[str, Any], table: CountTable, split: str) -> None:
    """Refuses a score file and a table of different evaluations: a choice between them would be arbitrary."""
    told, counted = said.get("miou"), table.scores()["miou"]
    if isinstance(told, float) and isinstance(counted, float) and not math.isclose(told, counted, abs_tol=1e-6):
        raise RunError(
            f"{folder.metrics} says mIoU {told:.6f} on {split}, but {folder.per_image(split).name} beside it counts to "
            f"{counted:.6f}: they are not of one evaluation. Run `kirie evaluate {folder.path}` again."
        )


def _speed(folder: RunFolder | None) -> tuple[dict[str, float], str | None]:
    if folder is None:
        return {}, None
    found = files.read_json(folder.speed, RunError, "The speed file")
    values = {name: found.get(name) for name in MEASURED} if isinstance(found, dict) else {}
    numbers = {name: value for name, value in values.items() if isinstance(value, int | float)}
    if not all(math.isfinite(value) and value > 0 for value in numbers.values()) or not numbers:
        raise RunError(
            f"The speed file {folder.speed} is damaged: {', '.join(MEASURED)} must be numbers above 0. "
            f"Run `kirie evaluate {folder.path}` again."
        )
    device = found.get("device")
    return numbers, device if isinstance(device, str) else None


def same_ground(candidates: Sequence[Candidate], split: str, *, allow_different_data: bool = False) -> None:
    """Refuses runs that were not scored on the same images with the same labels.

    Args:
        candidates: The runs.
        split: The split, for the message.
        allow_different_data: Let runs of different stores pass, as long as images and labels are the same.

    Raises:
        RunError: They differ.
    """
    first = candidates[0]
    for other in candidates[1:]:
        pair = f"{first.name} ({first.id}) and {other.name} ({other.id})"
        if other.table.labels != first.table.labels:
            raise RunError(
                f"{pair} have different labels: {', '.join(first.table.labels)} and {', '.join(other.table.labels)}. "
                "Choose among runs of one label set."
            )
        if apart := set(first.table.images) ^ set(other.table.images):
            raise RunError(
                f"{pair} were not scored on the same {split} images ({len(first.table.images)} and "
                f"{len(other.table.images)}, {len(apart)} not in both); image by image they cannot be compared. "
                "Run `kirie evaluate` for each on one store."
            )
        if other.data != first.data and not allow_different_data:
            raise RunError(
                f"{pair} were trained on different data ({first.data[:12]} and {other.data[:12]}), so their scores "
                "say little about the models. Choose among runs of one store, or add --allow-different-data."
            )
