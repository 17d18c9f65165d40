"""`kirie export`: writes a bundle of a trained run, if the exported model equals the trained one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kirie.core import command
from kirie.core.run import RunFolder
from kirie.errors import RunError, UsageError

if TYPE_CHECKING:
    from kirie.export.bundle import Exported

_MOST_IMAGES = 512
"""More pictures than this make the gate slow and no stricter."""


def main(argv: Sequence[str]) -> int:
    """Runs `kirie export`."""
    parser = command.Parser(
        "export",
        "Writes a bundle: the model as ONNX, its manifest and card. The file is kept only if it gives the trained\n"
        "model's answers on validation pictures, at several sizes and batch sizes; otherwise the exit code is 1.\n"
        "A model of instances takes one picture at a time; its detections are matched with the trained model's.",
    )
    parser.add_argument("run", nargs="?", type=Path, metavar="RUN", help="a run folder")
    parser.add_argument("--best", type=Path, metavar="FILE", help="the run that `kirie select` chose (out/best.json)")
    parser.add_argument("--store", type=Path, default=Path("out/store"), help="the run's store (default: out/store)")
    parser.add_argument(
        "--out", type=Path, default=Path("out/bundle"), metavar="DIR", help="the bundle's folder (default: out/bundle)"
    )
    parser.add_argument(
        "--fixed-size", action="store_true", help="for the store's size only, even if others would work"
    )
    parser.add_argument(
        "--labels-only",
        action="store_true",
        help="leave the probabilities out: 5 to 10 %% faster, but pictures are predicted without smooth edges",
    )
    parser.add_argument(
        "--gate-images", type=int, default=16, metavar="N", help="validation pictures to compare on (default: 16)"
    )
    options = parser.parse_args(argv)
    if (options.run is None) == (options.best is None):
        raise UsageError("kirie export needs either a run folder or --best FILE, and not both.")
    if not 1 <= options.gate_images <= _MOST_IMAGES:
        raise UsageError(f"--gate-images is {options.gate_images}; allowed is a whole number from 1 to {_MOST_IMAGES}.")
    run, evaluations = _chosen(options.run, options.best)
    record = run.read_record()
    scores = _scores(run, evaluations)

    # torch takes seconds to import; mistakes above are told at once
    from rich.console import Console

    from kirie.export.bundle import Options, check_out, export_bundle
    from kirie.export.onnx import Provenance
    from kirie.prepare.store import Store
    from kirie.tasks import load_run

    check_out(options.out)
    store = Store.open(options.store)
    model, about, labels = load_run(run)
    # Bound to the terminal now, because the exporter's own words are caught by exchanging sys.stderr
    console = Console(file=sys.stderr)
    with console.status(f"loading {run.path}") as status:
        exported = export_bundle(
            model,
            labels,
            store,
            options.out,
            Provenance(str(record["id"]), str(about["data"])),
            scores=scores,
            options=Options(options.fixed_size, not options.labels_only, options.gate_images),
            say=status.update,
        )
    command.result(exported.to_dict(), _report(exported), as_json=options.json)
    return 0


def _chosen(run: Path | None, best: Path | None) -> tuple[RunFolder, list[RunFolder]]:
    if run is not None:
        return RunFolder(run), []
    from kirie.export.best_file import read_best

    assert best is not None
    return read_best(best)


def _scores(run: RunFolder, evaluations: Sequence[RunFolder]) -> dict[str, Any]:
    """Scores by split; a later evaluation's word counts, and a run that was never scored has none."""
    found: dict[str, Any] = {}
    for folder in (run, *reversed(evaluations)):
        if folder.metrics.is_file():
            found |= folder.read_metrics()
    if not all(isinstance(value, dict) for value in found.values()):
        raise RunError(f"The score file of {run.path} is damaged; score the run again with `kirie evaluate`.")
    return found


def _report(exported: Exported) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from kirie.export.instance_trial import remark

    manifest, kept = exported.manifest, exported.attempts[-1]
    rows = [trial.told() for trial in kept.trials]
    table = Table(
        title=f"The gate: {manifest.architecture} of run {manifest.run}, torch against ONNX Runtime",
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    for name in rows[0]:
        table.add_column(name, justify="right", no_wrap=name == "size")
    for row in rows:
        table.add_row(*row.values())
    console = Console(file=command.Page(), width=command.width(100))
    with console.capture() as captured:
        console.print(table)
    step = f" in steps of {manifest.multiple_of} pixels" if manifest.multiple_of > 1 else ""
    size = f"any size{step}" if manifest.dynamic_size else f"{manifest.height} x {manifest.width} pixels only"
    dropped = [attempt for attempt in exported.attempts if attempt.problems]
    why = "".join(f"\nAn open size did not pass: {attempt.problems[0]}" for attempt in dropped)
    said = f"\n{found}" if (found := remark(kept.trials)) else ""
    return f"{captured.get()}The bundle is in {exported.folder}; it takes {size}.{why}{said}"
