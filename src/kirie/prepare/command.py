"""`kirie prepare`: check, split and write the store that training reads."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kirie.core.command import Parser, result
from kirie.errors import UsageError

if TYPE_CHECKING:
    from kirie.prepare.build import Outcome, Progress

_DESCRIPTION = """\
Checks, splits and writes the store that training reads. What has not changed is not read again, an interrupted
command goes on where it was, and the old store stays until the new one is whole.

Splits: pictures of one group share a split, by a hash of the group's name, so that a split stays when the source
grows; splits that the source gives are honoured."""


def main(argv: Sequence[str]) -> int:
    """Runs `kirie prepare`.

    Args:
        argv: The words after `prepare`.

    Returns:
        0.

    Raises:
        KirieError: The source, an option or the disk; the message says what to change.
    """
    parser = Parser("prepare", _DESCRIPTION)
    parser.add_argument("source", nargs="?", type=Path, default=Path("data"), help="folder of annotations (data)")
    parser.add_argument("--out", type=Path, default=Path("out/store"), help="the store's folder (out/store)")
    parser.add_argument("--size", default="256", help="256, or height x width: 256x384; multiples of 32 (256)")
    parser.add_argument("--mode", default="fit", help="fit: scale and pad; tile: cut into tiles of the size (fit)")
    parser.add_argument("--overlap", type=float, help="share of a tile that its neighbour repeats (0.25)")
    parser.add_argument(
        "--instances",
        default="given",
        help="given: by the source's ids, where it has none as components: connected parts of a label (given)",
    )
    parser.add_argument(
        "--max-instances", type=int, default=254, metavar="N", help="in a picture or tile; the smallest go (254)"
    )
    parser.add_argument("--fractions", default="0.7,0.15,0.15", help="of train, val, test (0.7,0.15,0.15)")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives another split (0)")
    parser.add_argument("--ignore-given-splits", action="store_true", help="split by groups what has splits already")
    parser.add_argument("--labels", type=Path, help="label file (labels.yaml of the source)")
    parser.add_argument("--format", help="the source's format (found out)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (one per core)")
    parser.add_argument("--strict", action="store_true", help="refuse pictures of which something had to be mended")
    parser.add_argument("--verify", action="store_true", help="read the store at --out whole, compare checksums, end")
    options = parser.parse_args(argv)
    if options.verify:
        return _verify(options.out, as_json=options.json)
    if options.mode not in ("fit", "tile"):
        raise UsageError(f"There is no mode '{options.mode}'; modes are fit and tile.")
    if options.overlap is not None and options.mode != "tile":
        raise UsageError("--overlap is for --mode tile; leave it out, or add --mode tile.")
    overlap = 0.0 if options.mode == "fit" else 0.25 if options.overlap is None else options.overlap
    if not 0 <= overlap <= 0.9:
        raise UsageError(f"The overlap {overlap} cannot be used; give a share of a tile from 0 to 0.9.")
    if options.instances not in ("given", "components"):
        raise UsageError(f"There are no instances '{options.instances}'; allowed are given and components.")
    if not 1 <= options.max_instances <= 254:
        raise UsageError(f"--max-instances is {options.max_instances}; allowed is a whole number from 1 to 254.")
    if options.workers < 1:
        raise UsageError(f"{options.workers} workers cannot work; give 1 or more.")

    from kirie.formats import open_source
    from kirie.prepare.build import Options, prepare
    from kirie.prepare.layout import Frame
    from kirie.prepare.resize import parse_size
    from kirie.prepare.split import parse_fractions

    frame = Frame(parse_size(options.size), options.mode, overlap, options.instances, options.max_instances)
    fractions = parse_fractions(options.fractions)
    if options.out.resolve().is_relative_to(options.source.resolve()):
        raise UsageError(f"The store cannot lie in the source itself, {options.out}; give another folder (--out).")
    source = open_source(options.source, options.format, options.labels)
    how = Options(
        frame, fractions, options.seed, not options.ignore_given_splits, options.workers, strict=options.strict
    )
    with _progress() as progress:
        outcome = prepare(source, options.out, how, progress)
    remarks = list(source.remarks)
    if source.generated_labels:
        remarks.append(
            f"The source has no label file, so the labels are the names found: {', '.join(source.labels.names)}. "
            "A labels.yaml in it would fix their order, colours and merges."
        )
    result(_content(outcome, remarks), _text(outcome, remarks), as_json=options.json)
    return 0


def _content(outcome: Outcome, remarks: Sequence[str]) -> dict[str, Any]:
    store = outcome.store
    return {
        "store": str(store.path),
        "fingerprint": store.fingerprint,
        "changed": outcome.changed,
        "read": outcome.read,
        "reused": outcome.reused,
        **store.frame.to_dict(),
        "mean": list(store.mean),
        "std": list(store.std),
        "remarks": list(remarks),
        **outcome.report,
    }


def _text(outcome: Outcome, remarks: Sequence[str]) -> str:
    from kirie.prepare.report import table

    store = outcome.store
    height, width = store.size
    if outcome.changed:
        head = f"Prepared {store.path}: {outcome.read} picture(s) read, {outcome.reused} reused"
    else:
        head = f"{store.path} is up to date: {outcome.reused} picture(s)"
    head += f", {height}x{width} {store.mode}, fingerprint {store.fingerprint[:12]}"
    return "\n".join([head, "", table(outcome.report), *(f"remark: {remark}" for remark in remarks)])


def _verify(path: Path, *, as_json: bool) -> int:
    from kirie.prepare.store import Store

    store = Store.open(path)
    store.verify()
    text = (
        f"{path} is whole: {len(store.pictures)} picture(s) have their checksums, fingerprint {store.fingerprint[:12]}"
    )
    result(
        {"store": str(path), "fingerprint": store.fingerprint, "verified": len(store.pictures)}, text, as_json=as_json
    )
    return 0


@contextmanager
def _progress() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

        yield progress
