"""`kirie report`: what the pipeline came to, read from what its stages left: scores, choice, gate, parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kirie.core import command, files
from kirie.core.bundle import MANIFEST, Manifest
from kirie.core.run import RunFolder
from kirie.errors import BundleError, RunError

_WIDTH = 100


def main(argv: Sequence[str]) -> int:
    """Runs `kirie report`."""
    parser = command.Parser("report", "Tells what the pipeline of dvc.yaml came to: scores, choice, gate, parts.")
    parser.add_argument("out", nargs="?", type=Path, default=Path("out"), help="the pipeline's folder (default: out)")
    options = parser.parse_args(argv)
    content = gather(options.out)
    command.result(content, as_text(content), as_json=options.json)
    return 0


def gather(out: Path) -> dict[str, Any]:
    """What the stages left.

    Args:
        out: The pipeline's folder, with `best.json`, `evaluate/`, `bundle/` and `parts/`.

    Returns:
        `models` (one row for each evaluated run, best validation score first), `chosen`, `reason`, `export`, `also`
        (the bundles beside the best one), `parts`, `page` (the frozen comparison; None if there is none).

    Raises:
        RunError: A stage has not been run, or what it left is damaged.
        BundleError: The bundle is missing or was changed.
    """
    best = files.read_json(out / "best.json", RunError, "The selection")
    if not isinstance(best, dict) or not {"run", "reason", "ranking"} <= best.keys():
        raise RunError(f"{out} holds no selection; run `dvc repro` first.")
    # Those that were chosen from: a pipeline's folders also keep what it trained before its models were changed
    ranked = {row["run"] for row in best["ranking"]}
    folders = [RunFolder(place) for place in sorted((out / "evaluate").glob("*/"))]
    rows = [_model(folder) for folder in folders if folder.read_record()["id"] in ranked]
    if not rows:
        raise RunError(f"{out} holds no evaluation of a run that was chosen from; run `dvc repro` first.")
    manifest = Manifest.read(out / "bundle")
    gate = files.read_json(out / "bundle" / "gate.json", BundleError, "The gate's report")
    parts = sorted((out / "parts").rglob("parts.json"))
    return {
        "models": sorted(rows, key=lambda row: -(row["val"]["miou"] or 0.0)),
        "chosen": best["run"],
        "reason": best["reason"],
        "export": {
            "bundle": str(out / "bundle"),
            "run": manifest.run,
            "dynamic_size": manifest.dynamic_size,
            "megabytes": round((out / "bundle" / manifest.model_file).stat().st_size / 1e6, 2),
            "gate": gate,
        },
        "also": [str(path.parent) for path in sorted((out / "bundles").glob(f"*/{MANIFEST}"))],
        "parts": [str(path.parent) for path in parts],
        "page": str(page) if (page := out / "report.html").is_file() else None,
    }


def as_text(content: Mapping[str, Any]) -> str:
    """The report for a person."""
    console = Console(file=command.Page(), width=command.width(_WIDTH))
    with console.capture() as captured:
        console.print(_models(content))
        console.print()
        console.print(escape(content["reason"]), highlight=False, soft_wrap=True)
        console.print()
        console.print(_gate(content["export"]))
        console.print(
            f"Bundle: {content['export']['bundle']}  ({content['export']['megabytes']} MB, "
            f"{'any size' if content['export']['dynamic_size'] else 'one size'}; the card is MODEL_CARD.md in it)",
            highlight=False,
            soft_wrap=True,
        )
        if content["also"]:
            console.print(f"Exported beside it: {escape(', '.join(content['also']))}", highlight=False, soft_wrap=True)
        console.print("Parts (RGBA layers, PSD, overlay) of test pictures:", highlight=False)
        for place in content["parts"]:
            console.print(f"  {escape(place)}", highlight=False, soft_wrap=True)
        frozen = f"; {content['page']} is a frozen copy of it" if content["page"] else ""
        console.print(
            f"`kirie board` compares the runs on a local page{escape(frozen)}.", highlight=False, soft_wrap=True
        )
    return captured.get().rstrip()


def _model(run: RunFolder) -> dict[str, Any]:
    record, found = run.read_record(), run.read_metrics()
    speed = files.read_json(run.speed, RunError, "The measured speed")
    try:
        scores = {
            split: {key: found[split][key] for key in ("miou", "dice", "boundary_iou")} | _map(found[split])
            for split in ("val", "test")
        }
        return {
            "model": run.path.name,
            "run": record["id"],
            "name": record["name"],
            **scores,
            "parameters": speed["parameters"],
            "images_per_s": speed["images_per_s"],
        }
    except (KeyError, TypeError) as error:
        raise RunError(f"{run.path} is not what `kirie evaluate` leaves ({error} is missing); run it again.") from None


def _map(scores: Mapping[str, Any]) -> dict[str, float | None]:
    """Mask mAP, of a run of instances."""
    return {"map": scores["map"]["mask"]["map"]} if "map" in scores else {}


def _models(content: Mapping[str, Any]) -> Table:
    table = Table(
        title="Trained architectures", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1), show_edge=False
    )
    table.add_column("", overflow="fold")
    columns = {"miou": "mIoU", "dice": "Dice", "boundary_iou": "bound.\nIoU"}
    if any("map" in row["val"] for row in content["models"]):
        columns["map"] = "mask\nmAP"
    for split in ("val", "test"):
        for name in columns.values():
            table.add_column(f"{split}\n{name}", justify="right")
    table.add_column("para-\nmeters", justify="right")
    table.add_column("images\n/s", justify="right")
    for row in content["models"]:
        numbers = [row[split].get(key) for split in ("val", "test") for key in columns]
        table.add_row(
            f"{'→' if row['run'] == content['chosen'] else ' '} {escape(row['model'])}",
            *("-" if number is None else f"{number:.4f}" for number in numbers),
            f"{row['parameters'] / 1e6:.2f} M",
            f"{row['images_per_s']:.1f}",
            style="bold" if row["run"] == content["chosen"] else None,
        )
    return table


def _gate(export: Mapping[str, Any]) -> Table:
    trials = export["gate"]["attempts"][-1]["trials"]
    # What is told of pixels, or of instances; a bundle holds one kind
    score, shown = ("mAP", "detections") if "map_torch" in trials[0] else ("mIoU", "labels")
    table = Table(title="Export gate: torch against ONNX Runtime", title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("size", "batch", "images", f"equal {shown}", f"{score} torch", f"{score} ONNX", ""):
        table.add_column(name, justify="left" if name in {"size", ""} else "right")
    for trial in trials:
        scores = [trial[f"{score.lower()}_{side}"] for side in ("torch", "onnx")]
        table.add_row(
            f"{trial['height']} x {trial['width']}",
            str(trial["batch"]),
            str(trial["images"]),
            f"{trial['equal']:.6f}",
            *("-" if number is None else f"{number:.5f}" for number in scores),
            "passes" if trial["passes"] else "fails",
        )
    return table
