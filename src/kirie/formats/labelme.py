"""The labelme format: one JSON beside, or around, each picture.

The mask of a shape is what labelme's own export draws (`raster`). Shapes keep their raw record, so that an untouched
region goes back unchanged.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from kirie.core.labels import LabelSet
from kirie.core.sample import Outline, Region, Sample
from kirie.errors import SourceError
from kirie.formats import labelme_json, labelme_picture, raster, walk
from kirie.formats.base import Entry, Listing, PictureFile
from kirie.formats.labelme_json import Shape
from kirie.formats.labelme_mask import read_mask
from kirie.formats.picture import flatten, is_picture

BACKWARDS = "rectangles drawn backwards"

_SMALL = 4_000_000


class Labelme:
    """Reads folders of labelme JSON, with all sub-folders."""

    name = "labelme"
    expects = "JSON files with `shapes`, pictures beside or inside them"
    implicit_background = True

    def recognises(self, source: Path) -> bool:
        """Whether some JSON file is an annotation, or is broken beside a picture of its name."""
        return any(_annotates(path) for path in _json_files(source))

    def listing(self, source: Path, labels: LabelSet | None) -> Listing:
        """Every JSON file that is an annotation or should be one.

        Raises:
            SourceError: There is none, or two have one name.
        """
        del labels  # the files name their labels themselves
        entries: list[Entry] = []
        used: set[Path] = set()
        others = 0
        for path in _json_files(source):
            if not (_is_small(path) or labelme_json.looks_like_annotation(path) or _picture_beside(path)):
                others += 1
                continue
            try:
                raw = labelme_json.load(path)
            except SourceError:
                # damaged: an entry all the same, so that reading it says what is wrong
                entries.append(Entry(walk.name_of(source, path), (path,)))
                continue
            if not labelme_json.is_annotation(raw) and not _picture_beside(path):
                others += 1
                continue
            picture = _located(raw, path, source)
            used |= {picture} if picture else set()
            # an embedded picture goes before the file that it was made of
            files = (path,) if picture is None or raw.get("imageData") else (path, picture)
            entries.append(Entry(walk.name_of(source, path), files, labels=labelme_json.names_of(raw)))
        if not entries:
            raise SourceError(f"{source} holds no labelme annotation (JSON with `shapes`); give the folder that does.")
        walk.refuse_doubles((entry.name for entry in entries), source)
        return Listing(tuple(sorted(entries, key=lambda entry: entry.name)), _remarks(source, entries, used, others))

    def generated_labels(self, source: Path, entries: Sequence[Entry]) -> LabelSet:
        """Background, then every name found, sorted."""
        del source  # the listing has noted the names
        return LabelSet.from_names(name for entry in entries for name in entry.labels)

    def read(self, source: Path, entry: Entry, labels: LabelSet) -> Sample:
        """Reads one annotation with its picture.

        Raises:
            SourceError: The annotation or its picture is broken, missing, or they do not belong together.
        """
        del labels
        path = entry.files[0]
        raw = labelme_json.document(labelme_json.load(path), path)
        shapes = labelme_json.shapes(raw, path)
        split, group = labelme_json.split_of(raw, path), labelme_json.group_of(raw, path)
        picture = labelme_picture.find(raw, path, source)
        height, width = picture.size
        found = [_region(shape, path, height, width) for shape in shapes]
        regions = tuple(region for region, _ in found)
        sample = Sample(entry.name, flatten(picture), regions, group, split)
        return sample.with_notes(
            points_outside_clipped=sum(raster.outside(shape.points, height, width) for shape in shapes),
            empty_regions=sum(region.area == 0 for region in regions),
            masks_that_disagree_with_their_points=sum(not agrees for _, agrees in found),
            instance_ids_that_are_no_whole_numbers=sum(map(labelme_json.lost_id, shapes)),
            **{BACKWARDS: sum(map(_backwards, shapes))},
        )

    def picture_file(self, source: Path, entry: Entry) -> PictureFile:
        """The picture that the annotation embeds or names.

        Raises:
            SourceError: It is missing or damaged.
        """
        path = entry.files[0]
        raw = labelme_json.document(labelme_json.load(path), path)
        return labelme_picture.as_file(raw, path, source)


def _region(shape: Shape, path: Path, height: int, width: int) -> tuple[Region, bool]:
    """A shape as region, and whether its mask and its points agree."""
    outline = Outline(shape.kind, shape.points, shape.raw)
    at = labelme_json.where(path, shape.number, shape.label)
    agrees = True
    if shape.kind == "mask":
        box, crop, agrees = read_mask(shape.raw.get("mask"), shape.points, height, width, at)
    elif why := raster.unfit(shape.kind, shape.points):
        raise SourceError(f"{at} {why}; correct its points, or delete the shape.")
    else:
        box, crop = raster.draw(shape.kind, shape.points, height, width)
    return Region(shape.label, box, crop, outline, shape.group_id, shape.crowd), agrees


def _backwards(shape: Shape) -> bool:
    """Whether a rectangle's first corner is not its upper left one."""
    if shape.kind != "rectangle":
        return False
    (x0, y0), (x1, y1) = shape.points
    return x1 < x0 or y1 < y0


def _json_files(source: Path) -> list[Path]:
    return [path for path in walk.files_of(source) if path.suffix.lower() == ".json"]


def _annotates(path: Path) -> bool:
    if labelme_json.looks_like_annotation(path):
        return True
    try:
        return _is_small(path) and labelme_json.is_annotation(labelme_json.load(path))
    except SourceError:
        return _picture_beside(path)


def _is_small(path: Path) -> bool:
    """Whether a file may be parsed just to see what it is; the large JSON of other formats need not be."""
    return path.stat().st_size < _SMALL


def _picture_beside(path: Path) -> bool:
    return any(is_picture(other) for other in path.parent.glob(f"{_literal(path.stem)}.*"))


def _literal(stem: str) -> str:
    """A stem that glob takes letter by letter."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in stem)


def _located(raw: object, path: Path, source: Path) -> Path | None:
    """The picture file that an annotation names, if it is there."""
    try:
        return labelme_picture.locate(raw, path, source) if isinstance(raw, dict) else None
    except SourceError:
        return None


def _remarks(source: Path, entries: Sequence[Entry], used: set[Path], others: int) -> tuple[str, ...]:
    # annotations name pictures through `..`, too
    reached = {os.path.normpath(path) for path in used}
    # a picture beside an annotation that embeds it is annotated too
    names = {entry.name for entry in entries}
    alone = [
        walk.nfc(path.relative_to(source).as_posix())
        for path in walk.files_of(source)
        if is_picture(path) and os.path.normpath(path) not in reached and walk.name_of(source, path) not in names
    ]
    found = []
    if alone:
        found.append(f"{len(alone)} picture(s) have no annotation and are left out: {walk.listed(alone)}.")
    if others:
        found.append(f"{others} JSON file(s) are no labelme annotations and are left out.")
    return tuple(found)
