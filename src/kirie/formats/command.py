"""`kirie import`: annotations of any known format into the data folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kirie.core.command import Parser, result
from kirie.formats import importing, publish
from kirie.formats.base import Entry
from kirie.formats.importing import Report
from kirie.formats.source import FORMATS, Source, open_source


def main(argv: Sequence[str]) -> int:
    """Runs the command.

    Raises:
        SourceError: Something in the source cannot be imported; nothing was written.
        UsageError: The command line is wrong.
        DeviceError: There is no space, or no permission to write.
    """
    args = _parser().parse_args(argv)
    group_of = importing.grouping(args.group_by) if args.group_by else None
    source = open_source(args.source, args.format, args.labels)
    report = importing.import_source(
        source,
        args.out,
        group_of=group_of,
        add=args.add,
        skip_bad=args.skip_bad,
        strict=args.strict,
        progress=_progress,
    )
    result(_content(source, args.out, report), _text(source, args.out, report), as_json=args.json)
    return 0


def _parser() -> Parser:
    formats = "\n".join(f"  {reader.name}: {reader.expects}" for reader in FORMATS.values())
    parser = Parser(
        "import", f"Read annotations and write pictures, labelme JSON and labels.yaml.\n\nformats:\n{formats}"
    )
    parser.add_argument("source", type=Path, metavar="SOURCE", help="the folder that holds annotations and pictures")
    parser.add_argument("--format", metavar="F", help=f"{', '.join(FORMATS)}; found out by default")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="label file (YAML, or one name per line in a .txt)")
    parser.add_argument("--out", type=Path, metavar="DIR", default=Path("data"), help="the data folder (default: data)")
    parser.add_argument(
        "--group-by",
        metavar="REGEX|folder",
        help="samples of one group never lie in different splits: what REGEX finds in a sample's name, or its folder",
    )
    parser.add_argument("--add", action="store_true", help="add to a data folder that holds other samples")
    parser.add_argument("--skip-bad", action="store_true", help="leave out samples that cannot be read, and list them")
    parser.add_argument(
        "--strict",
        action="store_true",
        help="refuse pictures of which something had to be mended; not all of it can be seen in what is written",
    )
    return parser


def _progress(entries: Iterable[Entry]) -> Iterator[Entry]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        yield from progress.track(list(entries), description="importing")


def _content(source: Source, out: Path, report: Report) -> dict[str, Any]:
    return {
        "source": str(source.folder),
        "format": source.format_name,
        "out": str(out),
        "pictures": report.pictures,
        "new_files": report.new_files,
        "regions": dict(sorted(report.regions.items())),
        "labels": str(out / publish.LABELS),
        "generated_labels": source.generated_labels,
        "notes": dict(report.notes),
        "splits": dict(report.splits),
        "groups": len(report.groups),
        "skipped": [{"name": name, "reason": reason} for name, reason in report.skipped],
        "remarks": list(source.remarks),
    }


def _text(source: Source, out: Path, report: Report) -> str:
    width = max((len(name) for name in report.regions), default=0)
    lines = [
        f"{report.pictures} picture(s) of format {source.format_name} are in {out}"
        + (" already; nothing changed" if not report.new_files else f" ({report.new_files} new files)")
    ]
    lines += [f"  {name:<{width}}  {count:>7,} region(s)" for name, count in sorted(report.regions.items())]
    lines += [f"  {count:,} {note}" for note, count in sorted(report.notes.items())]
    if report.splits:
        lines.append("  splits: " + ", ".join(f"{name} {count}" for name, count in sorted(report.splits.items())))
    if report.groups:
        lines.append(f"  {len(report.groups)} group(s)")
    lines += [f"note: {remark}" for remark in source.remarks]
    lines += [f"skipped {name}: {reason}" for name, reason in report.skipped]
    lines.append(f"labels: {out / publish.LABELS}")
    if source.generated_labels:
        lines.append(
            "The label set was made from what the annotations use. To merge names, set colours or ignore some, edit "
            "that file; `merge: [pupil, eyelash]` under a label paints both as it."
        )
    return "\n".join(lines)
