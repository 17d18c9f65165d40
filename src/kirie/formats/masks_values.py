"""What the values of a mask mean: label ids, a palette's or true colours, or 0 and 255.

Shapes: H, W mask size in pixels.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kirie.core.labels import IGNORE, LabelSet
from kirie.errors import SourceError
from kirie.formats.walk import listed

Color = tuple[int, int, int]

VOID = (224, 224, 192)
"""The colour of VOC's unmarked borders; the ignore index unless a label has it."""

MAX_COLORS = 1024
"""More colours than this are no colour map: softened edges, or a photograph."""

_GREY = {"1", "L", "LA", "I", "I;16", "I;16B", "I;16L"}
_TRUE_COLOR = {"RGB", "RGBA", "RGBX"}


def ids_of(image: Image.Image, labels: LabelSet, binary: bool | None, path: Path) -> NDArray[np.uint8]:
    """The label ids of a mask.

    Args:
        image: The decoded mask.
        labels: The label set.
        binary: Whether 255 means the second label (True) or is ignored (False); None: as the colours say.
        path: The file, for messages.

    Returns:
        Ids of shape (H, W), IGNORE included.

    Raises:
        SourceError: A value or colour means no label.
    """
    if image.mode == "P":
        return _from_palette(image, labels, binary, path)
    if image.mode in _GREY:
        return _from_grey(grey_values(image), labels, binary, path)
    if image.mode in _TRUE_COLOR:
        return _from_colors(image, labels, binary, path)
    raise SourceError(f"The mask {path} has the colour mode {image.mode}; masks are grey, indexed or RGB PNG files.")


def grey_values(image: Image.Image) -> NDArray[np.int32]:
    """The numbers of a grey or indexed mask, shape (H, W)."""
    values = np.asarray(image.getchannel(0) if image.mode == "LA" else image)
    return values.astype(np.int32)


def distinct(values: NDArray[np.int32]) -> set[int]:
    """The numbers that occur."""
    if values.min() >= 0 and values.max() < 65536:
        return set(np.flatnonzero(np.bincount(values.ravel())).tolist())
    return set(np.unique(values).tolist())


def is_grey(image: Image.Image) -> bool:
    """Whether a mask holds one number per pixel, a palette aside."""
    return image.mode in _GREY


def palette_of(image: Image.Image, indices: Iterable[int]) -> dict[int, Color]:
    """The colours of the indices that an indexed mask uses; black beyond the end of its palette."""
    flat = image.getpalette("RGB") or []
    return {
        at: (flat[3 * at], flat[3 * at + 1], flat[3 * at + 2]) if 3 * at + 2 < len(flat) else (0, 0, 0)
        for at in indices
    }


def colors_of(image: Image.Image, path: Path) -> set[Color]:
    """The colours of a true-colour mask; wholly transparent pixels have none.

    Raises:
        SourceError: There are too many, or pixels are half transparent.
    """
    found = image.getcolors(MAX_COLORS)
    if found is None:
        raise SourceError(
            f"The mask {path} has more than {MAX_COLORS} colours; a colour map has one per label. "
            "Save it as PNG without softened edges (anti-aliasing) and without scaling."
        )
    pixels = [_channels(color) for _, color in found]
    if image.mode == "RGBA":
        if any(0 < alpha < 255 for *_, alpha in pixels):
            raise SourceError(f"The mask {path} has half-transparent pixels; save it without softened edges.")
        pixels = [pixel for pixel in pixels if pixel[3]]
    return {(pixel[0], pixel[1], pixel[2]) for pixel in pixels}


def _channels(color: object) -> tuple[int, ...]:
    return tuple(color) if isinstance(color, tuple) else ()


def _from_grey(values: NDArray[np.int32], labels: LabelSet, binary: bool | None, path: Path) -> NDArray[np.uint8]:
    found = distinct(values)
    if binary is None:
        binary = [label.color for label in labels] == [(0, 0, 0), (255, 255, 255)] and 1 not in found
    if binary and found <= {0, IGNORE}:
        return np.where(values == IGNORE, np.uint8(1), np.uint8(0))
    if found <= {*range(len(labels)), IGNORE}:
        return values.astype(np.uint8)
    by_color = {label.color[0]: label.id for label in labels if len(set(label.color)) == 1}
    if found <= set(by_color):
        return _looked_up(values, by_color)
    raise SourceError(_beyond(found, labels, path))


def _from_palette(image: Image.Image, labels: LabelSet, binary: bool | None, path: Path) -> NDArray[np.uint8]:
    values = grey_values(image)
    used = palette_of(image, distinct(values) - {IGNORE})
    by_color = {label.color: label.id for label in labels}
    # a palette made by a drawing program numbers its colours as it likes; then the colours are what was meant
    meant = (
        set(used.values()) <= set(by_color) and len(by_color) == len(labels) and len(set(used.values())) == len(used)
    )
    if meant and any(color != (0, 0, 0) for color in used.values()):
        return _looked_up(values, {at: by_color[color] for at, color in used.items()} | {IGNORE: IGNORE})
    return _from_grey(values, labels, binary, path)


def _from_colors(image: Image.Image, labels: LabelSet, binary: bool | None, path: Path) -> NDArray[np.uint8]:
    found = colors_of(image, path)
    by_color = {VOID: IGNORE} | {label.color: label.id for label in labels}
    pixels = np.asarray(image)
    unmarked = pixels[..., 3] == 0 if image.mode == "RGBA" else np.zeros(pixels.shape[:2], dtype=np.bool_)
    if found <= set(by_color):
        codes = _code(pixels[..., :3])
        ids = _looked_up(codes, {_code_of(color): value for color, value in by_color.items()})
    elif all(len(set(color)) == 1 for color in found):
        # numbers, written three times over
        grey = np.where(unmarked, 0, pixels[..., 0]).astype(np.int32)
        ids = _from_grey(grey, labels, binary, path)
    else:
        raise SourceError(_strange(found - set(by_color), labels, path))
    ids[unmarked] = labels.unlabelled
    return ids


def _looked_up(values: NDArray[np.int32], meaning: dict[int, int]) -> NDArray[np.uint8]:
    """Values through a mapping; those it does not have become the ignore index."""
    keys = np.array(sorted(meaning), dtype=np.int32)
    ids = np.array([meaning[int(key)] for key in keys], dtype=np.uint8)
    at = np.searchsorted(keys, values).clip(max=len(keys) - 1)
    return np.where(keys[at] == values, ids[at], np.uint8(IGNORE))


def _code(rgb_HWC: NDArray[np.uint8]) -> NDArray[np.int32]:
    wide = rgb_HWC.astype(np.int32)
    return (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]


def _code_of(color: Color) -> int:
    return color[0] << 16 | color[1] << 8 | color[2]


def _beyond(found: set[int], labels: LabelSet, path: Path) -> str:
    beyond = sorted(found - {*range(len(labels)), IGNORE})
    most = max(found - {IGNORE})
    if most > 254 or min(found) < 0:
        end = "Ids are 0 to 254; write the mask anew."
    elif most - len(labels) < 20:
        lines = "\n".join(f"  - {{name: label-{at}}}" for at in range(len(labels), most + 1))
        end = f"Add under `labels:` of the label file, in this order,\n{lines}"
    else:
        end = (
            f"The label file needs one entry per id up to {most}; if these are grey tones and no ids, "
            f"give each label its tone: `color: '#{most:02x}{most:02x}{most:02x}'`."
        )
    return (
        f"The mask {path} holds ids that the label set does not have: {listed(map(str, beyond), 12)}. "
        f"Found: {listed(map(str, sorted(found)), 20)}. The set has 0 to {len(labels) - 1} "
        f"({listed(labels.names, 12)}); 255 is ignored. {end}"
    )


def _strange(colors: set[Color], labels: LabelSet, path: Path) -> str:
    names = ["#{:02x}{:02x}{:02x}".format(*color) for color in sorted(colors)]
    lines = "\n".join(f"  - {{name: color-{name[1:]}, color: '{name}'}}" for name in names[:8])
    known = [f"{label.name} {label.hex}" for label in labels]
    soft = " So many colours usually come from softened edges or JPEG." if len(names) > 40 else ""
    return (
        f"The mask {path} holds {len(names)} colour(s) that no label has: {listed(names, 8)}.{soft} "
        f"The labels have {listed(known, 12)}. Add under `labels:` of the label file\n{lines}"
    )
