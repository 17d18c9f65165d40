"""A label set made of the values or colours that a source's masks hold, for sources that come without one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from kirie.core.labels import IGNORE, MAX_LABELS, LabelSet
from kirie.errors import SourceError
from kirie.formats import masks_values, walk
from kirie.formats.masks_values import Color
from kirie.formats.picture import read_values

_SPARE = 8
"""Numbers may leave so many out beside twice as many as there are, until they are taken for tones and no ids."""

_MOST_GUESSED = 64
"""More labels than this have a file of their own."""


@dataclass(slots=True)
class _Seen:
    """What all masks together hold."""

    values: set[int] = field(default_factory=set)
    palette: dict[int, Color] = field(default_factory=dict)
    palette_colors: set[Color] = field(default_factory=set)
    same_palette: bool = True
    colors: set[Color] = field(default_factory=set)


def generate(masks: Iterable[Path], foreground: str) -> LabelSet:
    """Looks through all masks; those that cannot be read are left for the reader to report.

    Args:
        masks: The mask files.
        foreground: The name of the one label beside the background, if there is just one.

    Raises:
        SourceError: Some masks hold numbers and others colours, or there are more values than labels can be.
    """
    seen = _Seen()
    for path in masks:
        _look(path, seen)
    if all(len(set(color)) == 1 for color in seen.colors):
        seen.values |= {color[0] for color in seen.colors}
        seen.colors.clear()
    if seen.colors and (seen.values or seen.palette):
        raise SourceError(
            "Some masks hold numbers and others colours, so the labels cannot be found out; give a label file with "
            "names in order of the numbers and `color:` for each (`--labels labels.yaml`)."
        )
    if seen.colors or not seen.same_palette:
        return _by_color(seen.colors or seen.palette_colors)
    return _by_value(seen, foreground)


def is_binary(masks: Iterable[Path]) -> bool:
    """Whether the masks of a two-label source hold 0 and 255 only; stops at the first that holds another value."""
    white = False
    for path in masks:
        try:
            image = read_values(path)
        except SourceError:
            continue
        if image.mode == "P" or masks_values.is_grey(image):
            found = masks_values.distinct(masks_values.grey_values(image))
        elif (colors := image.getcolors(masks_values.MAX_COLORS)) is not None:
            found = {pixel[0] for _, pixel in colors if isinstance(pixel, tuple)}
        else:
            continue
        if image.mode == "1" or not found <= {0, IGNORE}:
            return False
        white = white or IGNORE in found
    return white


def _look(path: Path, seen: _Seen) -> None:
    try:
        image = read_values(path)
        if image.mode == "P":
            indices = masks_values.distinct(masks_values.grey_values(image)) - {IGNORE}
            used = masks_values.palette_of(image, indices)
            seen.same_palette = seen.same_palette and all(
                seen.palette.get(at, color) == color for at, color in used.items()
            )
            seen.palette |= used
            seen.palette_colors |= set(used.values())
        elif masks_values.is_grey(image):
            seen.values |= masks_values.distinct(masks_values.grey_values(image))
        else:
            seen.colors |= masks_values.colors_of(image, path)
    except SourceError:
        return


def _by_color(colors: set[Color]) -> LabelSet:
    found = sorted(colors - {masks_values.VOID})
    if len(found) > MAX_LABELS:
        raise SourceError(
            f"The masks hold {len(found)} colours; at most {MAX_LABELS} labels are possible. "
            "Colour maps have one colour per label and no softened edges."
        )
    names = ["#{:02x}{:02x}{:02x}".format(*color) for color in found]
    entries = [{"name": "background" if name == "#000000" else f"color-{name[1:]}", "color": name} for name in names]
    return LabelSet.from_dict({"labels": entries}, "The colours of the masks")


def _by_value(seen: _Seen, foreground: str) -> LabelSet:
    values = seen.values | set(seen.palette)
    if IGNORE in values and values <= {0, IGNORE}:
        pair = [{"name": "background", "color": "#000000"}, {"name": foreground, "color": "#ffffff"}]
        return LabelSet.from_dict({"labels": pair})
    ids = values - {IGNORE}
    most = max(ids, default=0)
    if not seen.palette and (most > 2 * len(ids) + _SPARE or len(ids) > _MOST_GUESSED):
        tones = walk.listed(map(str, sorted(ids - {0})), 8)
        raise SourceError(
            f"The masks hold the tones {tones}, as softened edges give (anti-aliasing, scaling); save them with hard "
            "edges. If these are ids, say what they are in a label file (`--labels labels.yaml`)."
        )
    if most >= MAX_LABELS or min(ids, default=0) < 0:
        raise SourceError(f"The masks hold ids up to {most}; label ids are 0 to {MAX_LABELS - 1}, and 255 is ignored.")
    names = ["background", foreground] if most == 1 else ["background", *(f"label-{at}" for at in range(1, most + 1))]
    colors = seen.palette if len(set(seen.palette.values())) == len(seen.palette) and set(seen.palette) == ids else {}
    entries = [
        {"name": name} | ({"color": "#{:02x}{:02x}{:02x}".format(*colors[at])} if at in colors else {})
        for at, name in enumerate(names)
    ]
    return LabelSet.from_dict({"labels": entries})
