"""The masks format: a folder of pictures and a folder of masks of the same names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kirie.core.labels import IGNORE, LabelSet
from kirie.core.sample import Region, Sample
from kirie.errors import SourceError
from kirie.formats import masks_labels, masks_layout, masks_objects, masks_values, walk
from kirie.formats.base import Entry, Listing, PictureFile
from kirie.formats.picture import Picture, flatten, read_picture, read_values

_JPEG = {".jpg", ".jpeg", ".jpe", ".jfif"}


class Masks:
    """Reads picture and mask folders; one region per label and mask in order of the ids, then one per VOC object."""

    name = "masks"
    expects = (
        "a folder of pictures and one of masks with the same file names, such as images/ and masks/, "
        "images_prepped_train/ and annotations_prepped_train/, or x.jpg beside x_mask.png"
    )
    implicit_background = False

    def recognises(self, source: Path) -> bool:
        """Whether at least one picture has a mask, by their names."""
        try:
            return bool(masks_layout.arrange(source).pairs)
        except SourceError:
            # some masks fit twice: such folders are what this format is about
            return True

    def listing(self, source: Path, labels: LabelSet | None) -> Listing:
        """Every picture with a mask; a mask without a picture is an entry that fails when it is read.

        Raises:
            SourceError: There is no pair, a picture has two masks, or two pictures have one name.
        """
        layout = masks_layout.arrange(source)
        if not layout.pairs:
            raise SourceError(f"{source} holds no picture with a mask; expected is {self.expects}.")
        binary = {}
        if labels is not None and len(labels) == 2:
            # 0 and 255 may mean two labels, or one label and ignored pixels; only all masks together tell
            binary = {"binary": "yes" if masks_labels.is_binary(pair.mask for pair in layout.pairs) else "no"}
        entries = [
            Entry(
                walk.name_of(source, pair.picture),
                (pair.picture, pair.mask, *filter(None, [pair.objects])),
                binary | ({"split": pair.split} if pair.split else {}),
            )
            for pair in layout.pairs
        ]
        entries += [Entry(walk.name_of(source, mask), (mask,)) for mask in layout.orphans]
        walk.refuse_doubles((entry.name for entry in entries), source)
        told = {
            "picture(s) have no mask and are left out": layout.bare,
            "picture(s) of objects belong to no mask and are left out": layout.lost,
            "mask(s) have no picture of objects, though others do": layout.without_objects(),
        }
        remarks = tuple(
            f"{len(paths)} {what}: {walk.listed(walk.nfc(path.relative_to(source).as_posix()) for path in paths)}."
            for what, paths in told.items()
            if paths
        )
        return Listing(tuple(sorted(entries, key=lambda entry: entry.name)), remarks)

    def generated_labels(self, source: Path, entries: Sequence[Entry]) -> LabelSet:
        """Labels named by number, by colour, or, for 0 and 255, by the mask folder."""
        masks = [entry.files[1] for entry in entries if len(entry.files) > 1]
        return masks_labels.generate(masks, masks_layout.subject(masks[0], source) or "foreground")

    def read(self, source: Path, entry: Entry, labels: LabelSet) -> Sample:
        """Reads one picture with its mask.

        Raises:
            SourceError: One is missing or damaged, their sizes differ, or a value means no label.
        """
        if len(entry.files) < 2:
            raise SourceError(
                f"The mask {entry.files[0]} has no picture of its name in {source}; "
                "add the picture, or take the mask out."
            )
        path, mask, *others = entry.files
        picture = read_picture(path)
        ids_HW = _ids(mask, labels, entry)
        _fits(picture, ids_HW, path, mask)
        objects: tuple[Region, ...] = ()
        notes: dict[str, int] = {}
        for other in others:
            ids_HW, objects, notes = masks_objects.regions_of(_lossless(other), ids_HW, labels, other)
        regions = (*_regions(ids_HW, labels), *objects)
        sample = Sample(entry.name, flatten(picture), regions, split=entry.hint.get("split"))
        return sample.with_notes(**notes)

    def picture_file(self, source: Path, entry: Entry) -> PictureFile:
        """The picture beside the mask."""
        del source
        return PictureFile(entry.files[0], entry.files[0].suffix)


def _ids(mask: Path, labels: LabelSet, entry: Entry) -> NDArray[np.uint8]:
    told = entry.hint.get("binary")
    return masks_values.ids_of(_lossless(mask), labels, None if told is None else told == "yes", mask)


def _lossless(mask: Path) -> Image.Image:
    if mask.suffix.lower() in _JPEG:
        raise SourceError(f"The mask {mask} is a JPEG, which changes values along every edge; export it as PNG.")
    return read_values(mask)


def _fits(picture: Picture, ids_HW: NDArray[np.uint8], path: Path, mask: Path) -> None:
    height, width = picture.size
    if ids_HW.shape == picture.size:
        return
    turned = ""
    if picture.orientation >= 5 and ids_HW.shape == (width, height):
        turned = (
            f" The picture is turned by its EXIF orientation ({picture.orientation}), the mask is not; turn the mask."
        )
    raise SourceError(
        f"The mask {mask} has {ids_HW.shape[1]} x {ids_HW.shape[0]} pixels and its picture {path} {width} x {height}; "
        f"both must have the same size.{turned}"
    )


def _regions(ids_HW: NDArray[np.uint8], labels: LabelSet) -> tuple[Region, ...]:
    """One region per id, without the pixels that need no mark."""
    present = np.flatnonzero(np.bincount(ids_HW.ravel(), minlength=256))
    return tuple(
        Region.from_mask("__ignore__" if value == IGNORE else labels.names[value], ids_HW == value)
        for value in present.tolist()
        if value != labels.unlabelled
    )
