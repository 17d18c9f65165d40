"""The labelme format: one JSON beside, or around, each picture.

The mask of a shape is what labelme's own export draws (`raster`). Shapes keep their raw record, so that an untouched
region goes back unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kirie.core.labels import LabelSet
from kirie.core.sample import Outline, Region, Sample
from kirie.errors import SourceError
from kirie.formats import labelme_json, labelme_picture, raster, walk
from kirie.formats.base import Entry, Listing
from kirie.formats.labelme_json import Shape
from kirie.formats.picture import flatten, is_picture, read_values

_GREY_MODES = {"1", "L", "P", "I", "I;16"}


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

    def read(self, source: Path, entry: Entry, labels: LabelSet | None) -> Sample:
        """Reads one annotation with its picture.

        Raises:
            SourceError: The annotation or its picture is broken, missing, or they do not belong together.
        """
        del labels
        path = entry.files[0]
        raw = labelme_json.document(labelme_json.load(path), path)
        shapes = labelme_json.shapes(raw, path)
        split, group = labelme_json.split_of(raw, path), labelme_json.group_of(raw, path)
        picture = labelme_picture.find(raw, path, source).picture
        height, width = picture.size
        regions = tuple(_region(shape, path, height, width) for shape in shapes)
        sample = Sample(entry.name, flatten(picture), regions, group, split)
        return sample.with_notes(
            points_outside_clipped=sum(raster.outside(shape.points, height, width) for shape in shapes),
            empty_regions=sum(region.area == 0 for region in regions),
        )


def _region(shape: Shape, path: Path, height: int, width: int) -> Region:
    outline = Outline(shape.kind, shape.points, shape.raw)
    at = labelme_json.where(path, shape.number, shape.label)
    if shape.kind == "mask":
        box, crop = _mask(shape, at, height, width)
    elif why := raster.unfit(shape.kind, shape.points):
        raise SourceError(f"{at} {why}; correct its points, or delete the shape.")
    else:
        box, crop = raster.draw(shape.kind, shape.points, height, width)
    return Region(shape.label, box, crop, outline, shape.group_id)


def _mask(shape: Shape, at: str, height: int, width: int) -> tuple[raster.Box, NDArray[np.bool_]]:
    """A mask shape: a crop whose first and last pixel are its two points."""
    if len(shape.points) != 2 or not all(
        abs(value) <= raster.MAX_COORDINATE for point in shape.points for value in point
    ):
        raise SourceError(f"{at} is a mask and needs exactly 2 points, its first and last pixel; found {shape.points}.")
    (x0, y0), (x1, y1) = ((int(x), int(y)) for x, y in shape.points)
    image = read_values(labelme_json.decoded(shape.raw.get("mask"), f"{at}: `mask`"), name=f"{at}: the mask")
    if image.mode not in _GREY_MODES:
        raise SourceError(f"{at} has a mask in the colour mode {image.mode}; a mask is a grey PNG, 0 outside.")
    if image.size != (x1 - x0 + 1, y1 - y0 + 1):
        raise SourceError(
            f"{at} has a mask of {image.width} x {image.height} pixels between points that are "
            f"{x1 - x0 + 1} x {y1 - y0 + 1} pixels apart; both must agree."
        )
    crop = np.asarray(image).astype(np.bool_)
    left, top = max(0, x0), max(0, y0)
    return raster.crop_of(crop[top - y0 : max(0, height - y0), left - x0 : max(0, width - x0)], left, top)


def _json_files(source: Path) -> list[Path]:
    return [path for path in walk.files_of(source) if path.suffix.lower() == ".json"]


def _annotates(path: Path) -> bool:
    try:
        return labelme_json.is_annotation(labelme_json.load(path))
    except SourceError:
        return _picture_beside(path)


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
    # a picture beside an annotation that embeds it is annotated too
    names = {entry.name for entry in entries}
    alone = [
        walk.nfc(path.relative_to(source).as_posix())
        for path in walk.files_of(source)
        if is_picture(path) and path not in used and walk.name_of(source, path) not in names
    ]
    found = []
    if alone:
        found.append(f"{len(alone)} picture(s) have no annotation and are left out: {walk.listed(alone)}.")
    if others:
        found.append(f"{others} JSON file(s) are no labelme annotations and are left out.")
    return tuple(found)
