"""What preparing found, for people and for report.json: pictures, groups, label shares, notes, warnings."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kirie.core.instances import instance
from kirie.core.labels import LabelSet
from kirie.prepare.layout import SPLITS, Frame
from kirie.prepare.record import Record
from kirie.prepare.split import Splits

_LISTED = 10


def describe(labels: LabelSet, frame: Frame, records: Sequence[Record], splits: Splits) -> dict[str, Any]:
    """The report's content; it depends on the store's content only.

    Args:
        labels: The label set.
        frame: How samples became rows.
        records: All pictures.
        splits: Their splits.

    Returns:
        `splits`: by split, `pictures`, `rows`, `groups`, `ignored` (share of pixels that are not padding), `instances`
        and `crowds` (in all rows, so that what lies in two tiles counts twice);
        `labels`: by name and split, `share` of the pixels that count, `pictures` that show the label, and for things
        `instances`, crowds left out;
        `notes`: counted; `duplicates`, `moved`, `warnings`.
    """
    parts = {split: [record for record in records if splits.of[record.name] == split] for split in SPLITS}
    shares: dict[str, dict[str, dict[str, float | int]]] = {label.name: {} for label in labels}
    found = {
        split: Counter(each for record in part for row in record.instances for each in row)
        for split, part in parts.items()
    }
    for split, part in parts.items():
        total = sum(sum(record.counts) for record in part)
        for label in labels:
            pixels = sum(record.counts[label.id] for record in part)
            shares[label.name][split] = {
                "share": pixels / total if total else 0.0,
                "pictures": sum(1 for record in part if record.counts[label.id]),
            }
            if label.id in labels.things:
                shares[label.name][split]["instances"] = found[split][instance(label.id, False)]
    notes: Counter[str] = Counter()
    for record in records:
        notes.update(record.notes)
    return {
        "splits": {
            split: {
                "pictures": len(part),
                "rows": sum(frame.rows_of(record.size) for record in part),
                "groups": splits.groups[split],
                "ignored": sum(record.ignored for record in part) / max(1, sum(record.valid for record in part)),
                "instances": sum(count for each, count in found[split].items() if not each.crowd),
                "crowds": sum(count for each, count in found[split].items() if each.crowd),
            }
            for split, part in parts.items()
        },
        "labels": shares,
        "notes": dict(sorted(notes.items())),
        "duplicates": [{"pictures": list(each.names), "splits": list(each.splits)} for each in splits.duplicates],
        "moved": dict(splits.moved),
        "warnings": list(_warnings(shares, splits)),
    }


def table(report: Mapping[str, Any]) -> str:
    """The report as text."""
    from rich.console import Console
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, header_style="")
    grid.add_column("")
    for split in SPLITS:
        grid.add_column(split, justify="right")
    parts = report["splits"]
    grid.add_row("pictures", *(str(parts[split]["pictures"]) for split in SPLITS))
    if any(part["rows"] != part["pictures"] for part in parts.values()):
        grid.add_row("tiles", *(str(parts[split]["rows"]) for split in SPLITS))
    grid.add_row("groups", *(str(parts[split]["groups"]) for split in SPLITS))
    for name, row in report["labels"].items():
        grid.add_row(_plain(name), *(f"{row[split]['share']:.2%}" for split in SPLITS))
    if any(part["ignored"] for part in parts.values()):
        grid.add_row("(ignored)", *(f"{parts[split]['ignored']:.2%}" for split in SPLITS))
    grid.add_row("instances", *(str(parts[split]["instances"]) for split in SPLITS))
    for name, row in report["labels"].items():
        if "instances" in row[SPLITS[0]]:
            grid.add_row(f"  {_plain(name)}", *(str(row[split]["instances"]) for split in SPLITS))
    if any(part["crowds"] for part in parts.values()):
        grid.add_row("crowds", *(str(parts[split]["crowds"]) for split in SPLITS))
    text = io.StringIO()
    Console(file=text, width=110, color_system=None, markup=False).print(grid)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    lines += [_plain(f"note: {what}: {count}") for what, count in report["notes"].items()]
    return "\n".join([*lines, *(_plain(f"warning: {warning}") for warning in report["warnings"])])


def _warnings(shares: Mapping[str, Mapping[str, Mapping[str, float]]], splits: Splits) -> Iterable[str]:
    for split, effect in (
        ("train", "it cannot be learned"),
        ("val", "it does not count in choosing the best model"),
        ("test", "it has no test score"),
    ):
        if absent := [name for name, row in shares.items() if not row[split]["pictures"]]:
            yield f"No {split} picture shows {_listed(absent)}: {effect}."
    for group, split in splits.moved.items():
        yield (
            f"No group falls into {split} by its name, so '{group}', the nearest, went there; "
            "with more groups it will return."
        )
    together = [each for each in splits.duplicates if len(each.splits) == 1]
    if together:
        pairs = _listed(" = ".join(each.names[:3]) for each in together)
        yield f"{len(together)} picture(s) occur in several groups, which were put in one split: {pairs}."
    if leaks := [each for each in splits.duplicates if len(each.splits) > 1]:
        pairs = _listed(f"{' = '.join(each.names[:3])} ({' and '.join(each.splits)})" for each in leaks)
        yield f"{len(leaks)} picture(s) lie in several splits because the source gives these, a leak: {pairs}."


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    return ", ".join(found[:_LISTED]) + more


def _plain(text: str) -> str:
    """Without control characters, which a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
