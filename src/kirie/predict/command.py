"""`kirie predict`: pictures and a bundle in, one folder of parts for each picture out."""

from __future__ import annotations

import argparse
import functools
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kirie.core.bundle import INSTANCE
from kirie.core.command import Parser, result
from kirie.errors import BundleError, UsageError

if TYPE_CHECKING:
    from kirie.core.sample import Image
    from kirie.predict.answer import Answer
    from kirie.predict.parallel import Cutter, Done
    from kirie.predict.pictures import Job
    from kirie.predict.session import Session

_MAX_WORKERS = 64
_MAX_PIXELS = 1 << 32
_SHOWN = 10

_DESCRIPTION = """Cut pictures into parts with an exported bundle. Needs no torch.

For each picture, OUT/<name>/ gets:
  labels.png      label ids as an index PNG          (labelmap)
  parts/          one RGBA PNG for each label        (parts)
  overlay.png     the labels' colours over it        (overlay)
  composite.png   the parts put back together        (composite)
  parts.psd       the parts as layers                (psd)
  parts.json      labels, boxes and pixel counts     (always)
A bundle of instances gives a part for each thing (eye.1, eye.2, from left to right), and also:
  instances.png   16-bit: the thing of each pixel    (labelmap)
  instances.json  all that was found, at most the 4096 surest, as COCO has it (always)
Folders are searched through; sub-folders are kept. A folder of a former run is replaced."""


def main(argv: Sequence[str]) -> int:
    """Runs the command.

    Returns:
        0, or 2 if a picture could not be cut, or not wholly; the others were.

    Raises:
        KirieError: Nothing could be cut, or the work had to stop.
    """
    from kirie.predict.output import Writer
    from kirie.predict.parallel import Cutter
    from kirie.predict.pictures import find
    from kirie.predict.session import Session

    wanted = _parser().parse_args(argv)
    kinds = _kinds(wanted.only)
    jobs = find(wanted.pictures)
    _check_places(wanted.out, jobs)
    workers = min(wanted.workers, len(jobs))
    session = Session(wanted.bundle, wanted.device, threads=max(1, _cpus() // workers))
    manifest = session.manifest
    ask = _asking(session, wanted)
    started = time.monotonic()
    cutter = Cutter(ask, Writer(manifest, kinds), wanted.out, wanted.limit_pixels)
    done = _cut(cutter, jobs, workers)
    seconds = time.monotonic() - started
    written = sorted(one.job.name for one in done if one.written)
    problems = {str(one.job.source): " ".join(one.problems) for one in done if one.problems}
    if problems:
        print(_complaint(problems), file=sys.stderr)
    result(
        {
            "pictures": len(jobs),
            "written": len(written),
            "out": str(wanted.out),
            "results": written,
            "problems": problems,
            "run": manifest.run,
            "device": wanted.device,
            "seconds": round(seconds, 3),
        },
        f"Cut {len(written)} of {_counted(len(jobs))} in {seconds:.1f} s with run {manifest.run} "
        f"({manifest.architecture}, {manifest.encoder}) on {wanted.device}. The parts lie in {wanted.out}.",
        as_json=wanted.json,
    )
    return 2 if problems else 0


def _asking(session: Session, wanted: argparse.Namespace) -> Callable[[Image], Answer]:
    """How the bundle's task answers a picture.

    Raises:
        BundleError: An option asks for what a bundle of this task does not give.
    """
    if session.task == INSTANCE:
        if wanted.probabilities:
            raise BundleError(
                f"The bundle {wanted.bundle} finds instances, which have a score each and no probabilities of labels; "
                "leave `--probabilities` out. The scores are in parts.json."
            )
        from kirie.predict.arrange import find_and_arrange

        score = session.manifest.least_score if wanted.score is None else wanted.score
        return functools.partial(find_and_arrange, session, least_score=score)
    if wanted.score is not None:
        raise BundleError(f"The bundle {wanted.bundle} labels pixels and finds no instances; leave `--score` out.")
    if wanted.probabilities and not session.has_probabilities:
        raise BundleError(
            f"The bundle {wanted.bundle} gives labels alone; leave `--probabilities` out, or export with them."
        )
    from kirie.predict.segment import segment

    return functools.partial(segment, session, probabilities=wanted.probabilities)


def _parser() -> Parser:
    from kirie.formats.picture import MAX_PIXELS
    from kirie.predict.devices import DEVICES

    parser = Parser("predict", _DESCRIPTION)
    parser.add_argument("pictures", nargs="+", type=Path, metavar="PICTURES", help="pictures, folders, or both")
    parser.add_argument("--bundle", type=Path, required=True, help="what `kirie export` wrote")
    parser.add_argument("--out", type=Path, required=True, help="the folder for the results")
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="where the model runs (default: cpu)")
    parser.add_argument("--only", metavar="WHAT", help="a comma-separated choice of the above in brackets")
    parser.add_argument(
        "--probabilities", action="store_true", help="also a 16-bit grey PNG for each label (65535 is 1)"
    )
    parser.add_argument(
        "--score",
        type=_share,
        metavar="S",
        help="of instances, cut out those of at least this score, 0 to 1 (default: the bundle's, mostly 0.5)",
    )
    parser.add_argument(
        "--workers",
        type=_number(1, _MAX_WORKERS),
        default=min(8, _cpus()),
        help="pictures at a time; memory grows with it (default: %(default)s)",
    )
    parser.add_argument(
        "--limit-pixels",
        type=_number(1, _MAX_PIXELS),
        default=MAX_PIXELS,
        metavar="N",
        help="refuse pictures of more pixels (default: %(default)s)",
    )
    return parser


def _number(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return value

    return read


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    # Written so that NaN is refused
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return value


def _kinds(only: str | None) -> frozenset[str]:
    from kirie.predict.output import KINDS

    words = KINDS if only is None else tuple(word.strip() for word in only.split(",") if word.strip())
    if not words or (strange := set(words) - set(KINDS)):
        found = ", ".join(sorted(strange)) if words else "nothing"
        raise UsageError(f"`--only` names {found}; choose from {', '.join(KINDS)}, separated by commas.")
    return frozenset(words)


def _check_places(out: Path, jobs: Sequence[Job]) -> None:
    """Refuses to replace what is not ours, before the first picture is read."""
    from kirie.predict.folder import is_free

    for place in (out, *out.parents):
        if place.exists() and not place.is_dir():
            raise UsageError(f"{place} is a file; give a folder as `--out`.")
    for job in jobs:
        if not is_free(out / job.name):
            raise UsageError(
                f"The results of {job.source} would go to {out / job.name}, which holds something that "
                "`kirie predict` did not write for it, or lies in such a folder; choose another `--out`."
            )


def _cut(cutter: Cutter, jobs: Sequence[Job], workers: int) -> list[Done]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("cutting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    done: list[Done] = []
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("cutting", total=len(jobs))

        def tell(one: Done) -> None:
            done.append(one)
            progress.advance(task)

        cutter.cut_all(jobs, workers, tell)
    return done


def _complaint(problems: Mapping[str, str]) -> str:
    shown = [f"\n  {problem}" for _, problem in sorted(problems.items())[:_SHOWN]]
    more = f"\n  and {len(problems) - _SHOWN} more; `--json` lists all" if len(problems) > _SHOWN else ""
    return f"kirie: {_counted(len(problems))} could not be cut, or not wholly:{''.join(shown)}{more}"


def _counted(count: int) -> str:
    return f"{count} picture{'' if count == 1 else 's'}"


def _cpus() -> int:
    """Cores this process may use; a batch system often gives fewer than the machine has."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
