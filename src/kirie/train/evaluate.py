"""`kirie evaluate`: scores a trained run on a split, image by image, and measures its speed on this machine.

Training scores its own best checkpoint already; this command does it again from the files alone, on any store with
the same labels, and says if the scores recorded by the training do not come out again.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kirie.core import command, files
from kirie.core.folders import replacing_folder
from kirie.core.run import SPLITS, RunFolder, check_copy
from kirie.core.scores import flat
from kirie.errors import RunError, UsageError

if TYPE_CHECKING:
    from kirie.train.rescore import Rescored

TOLERANCE = 1e-3
"""Largest difference of a recorded mIoU or mAP on the same data: another device rounds other pixels elsewhere."""


def main(argv: Sequence[str]) -> int:
    """Runs `kirie evaluate`."""
    parser = command.Parser("evaluate", "Scores a trained run on a split of a store and measures its speed.")
    parser.add_argument("run", type=Path, help="a run folder, or what `kirie train --out` wrote")
    parser.add_argument("--store", type=Path, default=Path("out/store"), help="the prepared store (default: out/store)")
    parser.add_argument("--split", action="append", choices=SPLITS, help="split to score; may be repeated (val, test)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: into the run folder)")
    parser.add_argument("--batch-size", type=int, default=16, help="images at a time (default: 16)")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"), help="where to compute (default: cpu)")
    options = parser.parse_args(argv)
    if options.batch_size < 1:
        raise UsageError(f"--batch-size is {options.batch_size}; allowed is a whole number from 1.")

    from kirie.train.rescore import rescore

    run = RunFolder(options.run)
    record = run.read_record()
    found = rescore(
        run,
        options.store,
        splits=options.split or ["val", "test"],
        batch_size=options.batch_size,
        device=options.device,
    )
    differing = _differences(run, found.scores, same_data=found.data == record.get("data", {}).get("fingerprint"))
    target = RunFolder(options.out) if options.out is not None else run
    if target.path.resolve() == run.path.resolve():
        _write_into(run, found)
    else:
        _write_whole(run, target, found)
    command.result(
        {"run": record["id"], "folder": str(target.path), "scores": found.scores, "speed": found.speed},
        _table(record, found.scores, found.speed),
        as_json=options.json,
    )
    if differing:
        raise RunError(
            f"The scores of run {record['id']} do not come out again: {'; '.join(differing)}. The weights, the store "
            "or the code were changed since; train the run again."
        )
    return 0


def _write(target: RunFolder, found: Rescored, before: Mapping[str, Any]) -> None:
    for split, table in found.tables.items():
        table.write(target.per_image(split))
    files.write_json(target.speed, found.speed)
    files.write_json(target.metrics, {**before, **found.scores})


def _write_into(run: RunFolder, found: Rescored) -> None:
    """Adds to a run's own folder: all is on the disk before the first old file is replaced, by names alone."""
    beside = RunFolder(run.path / ".evaluation.part")
    with files.disk_errors(run.path):
        try:
            shutil.rmtree(beside.path, ignore_errors=True)
            _write(beside, found, _scores_of(run))
            for file in sorted(beside.path.iterdir()):
                file.replace(run.path / file.name)
        finally:
            shutil.rmtree(beside.path, ignore_errors=True)


def _scores_of(folder: RunFolder) -> dict[str, Any]:
    return folder.read_metrics() if folder.metrics.is_file() else {}


def _write_whole(run: RunFolder, target: RunFolder, found: Rescored) -> None:
    """Fills a folder beside the target and puts it in its place, so that no folder ever mixes two runs."""
    check_copy(target.path)
    with replacing_folder(target.path) as folder:
        beside = RunFolder(folder)
        if target.record.is_file() and target.read_record()["id"] == run.read_record()["id"]:
            # Other splits that were scored before stay
            shutil.copytree(target.path, beside.path, dirs_exist_ok=True)
        files.write_bytes(beside.record, run.record.read_bytes())
        _write(beside, found, _scores_of(beside))


def _differences(run: RunFolder, found: Mapping[str, Any], *, same_data: bool) -> list[str]:
    if not same_data or not run.metrics.is_file():
        return []
    recorded = run.read_metrics()
    pairs = [
        (f"{split} {words}", flat(recorded.get(split, {})).get(key), flat(found[split]).get(key))
        for split in found
        for key, words in (("miou", "mIoU"), ("map", "mask mAP"))
    ]
    return [
        f"{words} {now:.4f}, recorded {before:.4f}"
        for words, before, now in pairs
        if before is not None and now is not None and not math.isclose(before, now, abs_tol=TOLERANCE)
    ]


def _table(record: Mapping[str, Any], found: Mapping[str, Any], speed: Mapping[str, Any]) -> str:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"run {record['id']} {record.get('name', '')}", title_justify="left")
    table.add_column("")
    for split in found:
        for name in ("IoU", "Dice", "boundary"):
            table.add_column(f"{split} {name}", justify="right")
    rows = {"mean": [found[split] for split in found]} | {
        label: [found[split]["per_label"][label] for split in found]
        for label in next(iter(found.values()))["per_label"]
    }
    for name, cells in rows.items():
        numbers = [
            cell[key] for cell in cells for key in (("miou" if name == "mean" else "iou"), "dice", "boundary_iou")
        ]
        table.add_row(name, *("-" if number is None else f"{number:.4f}" for number in numbers))
    console = Console(file=command.Page(), width=command.width(100))
    with console.capture() as captured:
        console.print(table)
    return (
        captured.get()
        + _instances(found)
        + (
            f"{speed['parameters'] / 1e6:.2f} M parameters, {speed['images_per_s']:.1f} images/s, "
            f"{speed['latency_ms']:.1f} ms for one image ({speed['device']}, {speed['threads']} threads)"
        )
    )


def _instances(found: Mapping[str, Any]) -> str:
    """A line for each split of a model that finds instances."""
    lines = []
    for split, scores in found.items():
        told = {
            "mask mAP": "map",
            "at 0.5": "map_50",
            "at 0.75": "map_75",
            "box mAP": "box_map",
            "panoptic quality": "pq",
        }
        numbers = flat(scores)
        if "map" in scores:
            cells = (f"{words} {numbers[key]:.4f}" if key in numbers else f"{words} -" for words, key in told.items())
            lines.append(f"{split}: {', '.join(cells)}\n")
    return "".join(lines)
