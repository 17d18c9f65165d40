"""`kirie synth`: draws a data folder of characters, a contact sheet, or both."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kirie.core.command import Parser, result
from kirie.errors import UsageError

if TYPE_CHECKING:
    from kirie.synth.folder import Plan

_DESCRIPTION = """Draw characters with exact truth: pictures (JPEG and PNG), labelme JSON beside each, and labels.yaml.

The same seed draws the same pictures. Each character has several pictures in other poses; its number is their `group`,
so that no split separates them."""


def main(argv: Sequence[str]) -> int:
    """Runs `kirie synth`."""
    parser = Parser("synth", _DESCRIPTION)
    parser.add_argument("--out", type=Path, metavar="DIR", help="write the data folder here; it must be new or empty")
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE.png", help="write a contact sheet of pictures and labels here"
    )
    parser.add_argument("--count", type=int, default=300, metavar="N", help="pictures in all (300)")
    parser.add_argument("--characters", type=int, metavar="M", help="characters that share them (a picture in four)")
    parser.add_argument("--size", type=int, default=256, metavar="PX", help="side of a picture in pixels (256)")
    parser.add_argument("--seed", type=int, default=7, metavar="S", help="the seed (7)")
    parser.add_argument("--sheet-count", type=int, default=18, metavar="N", help="pictures on the contact sheet (18)")
    parser.add_argument("--sheet-small", action="store_true", help="write the sheet in 256 colours, for documents")
    words = parser.parse_args(argv)
    if words.out is None and words.sheet is None:
        raise UsageError(
            "`kirie synth` needs a place to write to: --out DIR for a data folder, "
            "--sheet FILE.png for a contact sheet."
        )
    if words.sheet is not None and words.sheet.suffix.lower() != ".png":
        raise UsageError(f"--sheet is {words.sheet}; the contact sheet is a PNG, name it with .png.")
    if words.sheet is not None and not 1 <= words.sheet_count <= 200:
        raise UsageError(f"--sheet-count is {words.sheet_count}; choose 1 to 200.")

    from kirie.synth.folder import Plan

    characters = max(1, words.count // 4) if words.characters is None else words.characters
    plan = Plan(words.count, characters, words.size, words.seed)
    started = time.monotonic()
    content: dict[str, Any] = {"pictures": 0, "characters": 0, "size": plan.size, "seed": plan.seed}
    text = ""
    if words.out is not None:
        content |= _folder(words.out, plan)
        shares = ", ".join(f"{name} {share:.2%}" for name, share in content["shares"].items())
        text += (
            f"{content['pictures']} pictures of {content['characters']} characters, {content['bytes'] / 1e6:.1f} MB, "
            f"in {words.out} ({time.monotonic() - started:.0f} s).\nPixels: {shares}.\n"
        )
    if words.sheet is not None:
        _sheet(words.sheet, plan, words.sheet_count, small=words.sheet_small)
        content["sheet"] = str(words.sheet)
        text += f"Contact sheet: {words.sheet}\n"
    result(content, text.rstrip("\n"), as_json=words.json)
    return 0


def _folder(out: Path, plan: Plan) -> dict[str, Any]:
    import numpy as np
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from kirie.synth.folder import Folder
    from kirie.synth.starter import starter_labels

    labels = starter_labels()
    pixels = np.zeros(len(labels), dtype=np.int64)
    size = 0
    console = Console(stderr=True)
    columns = (TextColumn("drawing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, disable=not console.is_terminal)
    with Folder(out, plan) as folder, bar as progress:
        task = progress.add_task("drawing", total=plan.count)
        for picture, drawing in plan.drawings():
            size += folder.add(drawing, picture)
            pixels += np.bincount(drawing.target(labels).ravel(), minlength=len(labels))
            progress.advance(task)
        folder.publish()
    shares = {name: round(float(n / pixels.sum()), 5) for name, n in zip(labels.names, pixels, strict=True)}
    return {"out": str(out), "pictures": plan.count, "characters": plan.characters, "bytes": size, "shares": shares}


def _sheet(file: Path, plan: Plan, count: int, *, small: bool) -> None:
    from kirie.core.files import write_bytes
    from kirie.synth.draw import draw
    from kirie.synth.sheet import contact_sheet
    from kirie.synth.starter import starter_labels

    every = list(plan.pictures())
    # spread over the set, so that a sheet shows many characters
    chosen = [every[k * len(every) // min(count, len(every))] for k in range(min(count, len(every)))]
    drawings = [draw(plan.seed, index, picture, plan.size) for index, picture in chosen]
    write_bytes(file, contact_sheet(drawings, starter_labels(), small=small))
