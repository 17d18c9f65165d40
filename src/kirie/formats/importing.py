"""Any source into kirie's data folder: pictures as they are, one labelme JSON beside each, one `labels.yaml`.

Samples are read, checked and written one at a time, so memory does not grow with their number. All of them are looked
at before anything is refused, so that one run tells every file that needs mending.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from kirie.core.folders import folder_beside
from kirie.core.labels import LabelSet
from kirie.core.sample import Sample
from kirie.errors import SourceError, UsageError
from kirie.formats import labels_file, publish
from kirie.formats.base import Entry
from kirie.formats.labelme_write import as_text
from kirie.formats.source import Source
from kirie.formats.strict import refuse_mended

SHOWN_PROBLEMS = 20

GroupOf = Callable[[str], str | None]


@dataclass(slots=True)
class Report:
    """What an import did.

    Attributes:
        pictures: Samples imported.
        new_files: Files that the data folder did not have before.
        regions: Regions per label name as annotated.
        notes: What reading mended, counted.
        splits: Samples per split that the source gives.
        groups: How many groups there are.
        skipped: Samples left out because they cannot be read: name and reason.
    """

    pictures: int = 0
    new_files: int = 0
    regions: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    groups: set[str] = field(default_factory=set)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def import_source(
    source: Source,
    out: Path,
    *,
    group_of: GroupOf | None = None,
    add: bool = False,
    skip_bad: bool = False,
    strict: bool = False,
    progress: Callable[[Iterable[Entry]], Iterable[Entry]] = iter,
) -> Report:
    """Converts a source into a data folder.

    Args:
        source: The opened source.
        out: The data folder; new, empty, or equal to what would be written.
        group_of: A sample's group from its name; where it has none, the group that the source gives.
        add: Add to a data folder that holds other samples.
        skip_bad: Leave out what cannot be read instead of refusing everything.
        strict: Refuse pictures of which something had to be mended: not all of it can be seen in what is written.
        progress: Wraps the entries, to show how far it is.

    Raises:
        SourceError: A sample cannot be read, a label is unknown, the place holds other data, or something had to be
            mended where that is refused. Nothing was written.
        DeviceError: There is no space, or no permission to write.
    """
    _refuse_overlap(source.folder, out)
    # where `out` is a link, the data lies beside what it leads to
    out = out.resolve()
    publish.refuse_other(out, {entry.name for entry in source.entries}, add=add)
    labels = _labels(source, out, add=add)
    report = Report()
    unknown: set[str] = set()
    notes: dict[str, Mapping[str, int]] = {}
    with folder_beside(out) as part:
        for entry in progress(source.entries):
            try:
                sample = _grouped(source.read(entry), group_of)
                unknown |= {region.label for region in sample.regions if not labels.knows(region.label)}
                if not unknown and (skip_bad or not report.skipped):
                    _write(part, sample, source, entry)
            except SourceError as error:
                report.skipped.append((entry.name, str(error)))
                continue
            _count(report, sample)
            notes[sample.name] = sample.notes
        _refuse(source, labels, report, unknown, skip_bad=skip_bad)
        if strict:
            refuse_mended(notes)
        if not add or not (out / publish.LABELS).exists():
            (part / publish.LABELS).write_text(labels_file.as_text(labels), encoding="utf-8", newline="\n")
        report.new_files = publish.publish(part, out, add=add)
    return report


def grouping(text: str) -> GroupOf:
    """A function from sample names to groups.

    Args:
        text: `folder` for the folder that a sample lies in, or a regular expression: its first group, or all that it
            matches. A name that does not match is on its own.

    Raises:
        UsageError: The expression is none.
    """
    if text == "folder":
        return lambda name: str(PurePosixPath(name).parent) if "/" in name else None
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise UsageError(f"--group-by '{text}' is no regular expression ({error}); write one, or `folder`.") from None

    def group(name: str) -> str | None:
        found = pattern.search(name)
        return None if found is None else (found.group(1 if pattern.groups else 0) or None)

    return group


def _refuse_overlap(folder: Path, out: Path) -> None:
    if out.resolve().is_relative_to(folder.resolve()):
        raise SourceError(f"{out} lies inside the source {folder}; give a folder outside it with `--out`.")


def _labels(source: Source, out: Path, *, add: bool) -> LabelSet:
    """The label set that the data folder has, or will have."""
    there = out / publish.LABELS
    if not add or not there.is_file():
        return source.labels
    return labels_file.read_labels(there)


def _grouped(sample: Sample, group_of: GroupOf | None) -> Sample:
    return sample if group_of is None else replace(sample, group=group_of(sample.name) or sample.group)


def _write(part: Path, sample: Sample, source: Source, entry: Entry) -> None:
    picture = source.picture_file(entry)
    annotation = part / f"{sample.name}.json"
    target = annotation.with_name(annotation.name.removesuffix(".json") + picture.ending)
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(picture.content, bytes):
        target.write_bytes(picture.content)
    else:
        shutil.copyfile(picture.content, target)
    annotation.write_text(as_text(sample, target.name), encoding="utf-8", newline="\n")


def _count(report: Report, sample: Sample) -> None:
    report.pictures += 1
    report.regions.update(region.label for region in sample.regions)
    report.notes.update(sample.notes)
    report.splits.update([sample.split] if sample.split else [])
    report.groups |= {sample.group} if sample.group else set()


def _refuse(source: Source, labels: LabelSet, report: Report, unknown: set[str], *, skip_bad: bool) -> None:
    """Says everything that is wrong at once."""
    bad = report.skipped
    problems = [] if skip_bad and report.pictures else [reason for _, reason in bad[:SHOWN_PROBLEMS]]
    if problems and len(bad) > SHOWN_PROBLEMS:
        problems.append(f"... and {len(bad) - SHOWN_PROBLEMS} more")
    if unknown:
        problems.append(labels.unknown(unknown))
    if not problems:
        return
    if len(problems) == 1:
        raise SourceError(f"Nothing was imported. {problems[0]}")
    hint = " Mend them, or leave them out with `--skip-bad`." if bad and not skip_bad else ""
    raise SourceError(
        f"Nothing was imported: {len(bad)} of {len(source.entries)} samples cannot be read.{hint}\n- "
        + "\n- ".join(problems)
    )
