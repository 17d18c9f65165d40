"""Which mask belongs to which picture, from names of folders and files alone.

A folder's name tells its role (`images`, `JPEGImages`, `annotations`, `masks` ...) and its split (`train`, `val`,
`test`), together or apart: `images/train` and `masks/train`, `train/images` and `train/masks`,
`images_prepped_train` and `annotations_prepped_train`, `train` and `trainannot`. A picture and its mask agree in what
remains of their paths. Without such folders, `x_mask.png` beside `x.jpg` is its mask.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from kirie.errors import SourceError
from kirie.formats import walk
from kirie.formats.picture import is_picture

_SPLITS = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
_PICTURES = {
    "image", "images", "img", "imgs", "jpegimages", "leftimg8bit", "picture", "pictures", "photo", "photos",
    "input", "inputs", "original", "originals", "rgb",
}  # fmt: skip
_MASKS = {
    "mask", "masks", "annotation", "annotations", "ann", "annot", "annots", "label", "labels", "segmentationclass",
    "segmentationclasspng", "segmentationclassraw", "segmentationclassaug", "segmentation", "segmentations", "seg",
    "gt", "gtfine", "groundtruth", "target", "targets",
}  # fmt: skip
_OBJECTS = {"segmentationobject", "segmentationobjectpng"}
# drawn for people
_OTHERS = {"segmentationclassvisualization", "segmentationobjectvisualization", "visualization"}
_FILLING = {"prepped", "png", "raw", "ids"}

_MASK_STEM = re.compile(
    r"[_\-. ](mask|masks|seg|segmentation|label|labels|gt|annotation|l|gtfine_label(train)?ids)$", re.IGNORECASE
)
_PICTURE_STEM = re.compile(r"[_\-. ](image|img|leftimg8bit)$", re.IGNORECASE)
_LOSSY = {".jpg", ".jpeg", ".jpe", ".jfif"}

_Key = tuple[str | None, tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture, its mask, the split their folders name, and the picture of VOC's that numbers its objects."""

    picture: Path
    mask: Path
    split: str | None
    objects: Path | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """What was found, each in the order of their paths.

    Attributes:
        pairs: Pictures with masks.
        bare: Pictures without a mask.
        orphans: Masks without a picture.
        lost: Pictures of objects that belong to no pair.
    """

    pairs: tuple[Pair, ...]
    bare: tuple[Path, ...]
    orphans: tuple[Path, ...]
    lost: tuple[Path, ...] = ()

    def without_objects(self) -> tuple[Path, ...]:
        """Masks of pairs without a picture of objects, where other pairs have one."""
        missing = tuple(pair.mask for pair in self.pairs if pair.objects is None)
        return missing if len(missing) < len(self.pairs) else ()


@dataclass(frozen=True, slots=True)
class _Place:
    """What a path's folders say."""

    role: str | None
    key: _Key


def arrange(source: Path) -> Layout:
    """Pairs the pictures and masks below a folder.

    Raises:
        SourceError: A picture has two masks, or two pictures of one folder and name cannot be told apart.
    """
    places = {path: _place(path.relative_to(source)) for path in walk.files_of(source) if is_picture(path)}
    masks = {path: place.key for path, place in places.items() if place.role == "mask"}
    pictures = {path: place.key for path, place in places.items() if place.role == "picture"}
    rest = {path: place.key for path, place in places.items() if place.role is None}
    if not masks:
        # no folder for masks: the file's own name must tell
        free = {**pictures, **rest}
        known = set(free.values())
        masks = {path: key for path, key in free.items() if _bare_key(key, _MASK_STEM) in known - {key}}
        pictures = {path: key for path, key in free.items() if path not in masks}
    elif not pictures:
        pictures = rest
    objects = {place.key: path for path, place in places.items() if place.role == "objects"}
    return _with_objects(_match(pictures, masks), masks, objects)


def subject(mask: Path, source: Path) -> str | None:
    """What a mask folder's name says besides that it holds masks: `hair_masks` is about hair."""
    for part in reversed(mask.relative_to(source).parts[:-1]):
        tokens = _tokens(part)
        if _MASKS & set(tokens):
            left = [word for word in tokens if word not in _MASKS | _FILLING and word not in _SPLITS]
            return "-".join(left) or None
    return None


def _match(pictures: dict[Path, _Key], masks: dict[Path, _Key]) -> Layout:
    exact, bare = _by_key(pictures.items(), None), _by_key(pictures.items(), _PICTURE_STEM)
    chosen: dict[Path, Path] = {}
    orphans = []
    for mask, key in masks.items():
        short = _bare_key(key, _MASK_STEM)
        found = exact.get(key) or exact.get(short) or bare.get(short)
        if found is None:
            orphans.append(mask)
        elif len(found) > 1:
            raise SourceError(f"{found[0]} and {found[1]} are two pictures of one name; rename or remove one.")
        else:
            chosen[found[0]] = _better(found[0], chosen.get(found[0], mask), mask)
    pairs = tuple(Pair(picture, chosen[picture], key[0]) for picture, key in pictures.items() if picture in chosen)
    return Layout(pairs, tuple(path for path in pictures if path not in chosen), tuple(orphans))


def _with_objects(layout: Layout, masks: dict[Path, _Key], objects: dict[_Key, Path]) -> Layout:
    pairs = tuple(replace(pair, objects=objects.get(masks[pair.mask])) for pair in layout.pairs)
    used = {pair.objects for pair in pairs}
    return replace(layout, pairs=pairs, lost=tuple(path for path in objects.values() if path not in used))


def _better(picture: Path, one: Path, other: Path) -> Path:
    """Of two masks the lossless one."""
    if one == other:
        return one
    lossless = [path for path in (one, other) if path.suffix.lower() not in _LOSSY]
    if len(lossless) == 1:
        return lossless[0]
    raise SourceError(f"{picture} has two masks, {one} and {other}; keep one.")


def _by_key(items: Iterable[tuple[Path, _Key]], suffix: re.Pattern[str] | None) -> dict[_Key, list[Path]]:
    found: dict[_Key, list[Path]] = {}
    for path, key in items:
        found.setdefault(_bare_key(key, suffix) if suffix else key, []).append(path)
    return found


def _bare_key(key: _Key, suffix: re.Pattern[str]) -> _Key:
    return key[0], key[1], suffix.sub("", key[2])


def _place(path: PurePath) -> _Place:
    role, split = None, None
    left = []
    for part in path.parts[:-1]:
        tokens = _tokens(part)
        named = next((_SPLITS[word] for word in tokens if word in _SPLITS), None)
        told = _role(tokens)
        role, split = told or role, named or split
        if told is None and named is None:
            left.append(walk.nfc(part).casefold())
    return _Place(role, (split, tuple(left), walk.nfc(path.stem).casefold()))


def _role(tokens: list[str]) -> str | None:
    words = set(tokens)
    if words & _OTHERS:
        return "other"
    if words & _OBJECTS:
        return "objects"
    if words & _MASKS:
        return "mask"
    return "picture" if words & _PICTURES and words <= _PICTURES | _FILLING | set(_SPLITS) else None


def _tokens(part: str) -> list[str]:
    """Words of a folder's name, lower case; `trainannot` is two."""
    name = re.sub(r"ground[_\- ]truth", "groundtruth", walk.nfc(part).lower())
    name = re.sub(r"^(train|val|test)(annot|mask|label)(s?)$", r"\1 \2\3", name)
    return [word for word in re.split(r"[_\-. ]+", name) if word]
