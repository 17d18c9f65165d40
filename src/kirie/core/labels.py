"""Labels and the ordered set of them: which names an annotator may use, and which id each one gets."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kirie.errors import SourceError

IGNORE = 255
"""The ignore index in every stored target: pixels that neither train nor count."""

MAX_LABELS = 255
"""Targets are stored as 8-bit ids, and 255 is taken by IGNORE."""

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_YAML_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
"""YAML 1.1 reads these as truth values or nothing unless they are quoted."""
_ALLOWED_KEYS = {"labels", "ignore", "skip", "unlabelled"}
_LABEL_KEYS = {"name", "color", "aliases", "merge", "stuff"}


@dataclass(frozen=True, slots=True)
class Label:
    """One class.

    Attributes:
        id: Its value in targets and predictions, 0 to 254.
        name: Its name in reports, files and layers.
        color: RGB, 0 to 255 each.
        aliases: Other names an annotator may have used for it, finer labels merged into it included.
        stuff: It has no instances that could be counted (sky, skin), whatever an annotation says.
    """

    id: int
    name: str
    color: tuple[int, int, int]
    aliases: tuple[str, ...] = ()
    stuff: bool = False

    @property
    def hex(self) -> str:
        """The colour as `#rrggbb`."""
        return "#{:02x}{:02x}{:02x}".format(*self.color)


@dataclass(frozen=True, slots=True)
class LabelSet:
    """The ordered labels, and what to do with names that are none.

    Attributes:
        labels: In order of their ids; ids count from 0 without gaps.
        ignore: Names painted as the ignore index (labelme's `__ignore__` always is).
        skip: Names left out as if they had not been drawn.
        unlabelled: Id of pixels that no region covers, or IGNORE. By default the first label.
    """

    labels: tuple[Label, ...]
    ignore: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()
    unlabelled: int = 0
    _ids: dict[str, int | None] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        ids: dict[str, int | None] = {}
        for label in self.labels:
            for name in (label.name, *label.aliases):
                if name in ids:
                    raise SourceError(f"The label set uses the name '{name}' twice; a name must mean one label.")
                ids[name] = label.id
        for names, meaning in ((self.ignore | {"__ignore__"}, IGNORE), (self.skip, None)):
            for name in names:
                if name in ids and ids[name] != meaning:
                    raise SourceError(
                        f"The label set names '{name}' as a label and also under `ignore` or `skip`; keep one."
                    )
                ids[name] = meaning
        # labelme's own word for what lies behind everything
        ids.setdefault("_background_", self.unlabelled)
        object.__setattr__(self, "_ids", ids)

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[Label]:
        return iter(self.labels)

    @property
    def names(self) -> tuple[str, ...]:
        """The labels' names in order of their ids."""
        return tuple(label.name for label in self.labels)

    @property
    def things(self) -> tuple[int, ...]:
        """Ids of the labels that have instances, ascending: all but the background and those marked `stuff`."""
        return tuple(label.id for label in self.labels if not label.stuff and label.id != self.unlabelled)

    def knows(self, name: str) -> bool:
        """Whether an annotator may use this name."""
        return name in self._ids

    def id_of(self, name: str) -> int | None:
        """The id painted for a name: 0 to 254, IGNORE, or None for a region to leave out.

        Raises:
            SourceError: The name is not in the set; the message shows the YAML line to add.
        """
        try:
            return self._ids[name]
        except KeyError:
            raise SourceError(self.unknown([name])) from None

    def unknown(self, names: Iterable[str]) -> str:
        """One sentence about names the set does not have, with the YAML lines that would add them."""
        new = sorted(set(names))
        lines = "\n".join(f"  - {{name: {_yaml_text(name)}}}" for name in new)
        near = {name: difflib.get_close_matches(name, self._ids, n=1) for name in new}
        hints = "".join(f" '{name}' looks like '{found[0]}'." for name, found in near.items() if found)
        return (
            f"The annotations use {len(new)} label(s) that the label set does not have: {', '.join(new)}."
            f"{hints} It has: {', '.join(self.names)}. Add under `labels:` of the label file\n{lines}\n"
            "or name them under `aliases:` or `merge:` of a label, or under `ignore:` or `skip:`."
        )

    def palette(self) -> list[int]:
        """A 256-colour palette, flat (768 values), for class-id PNGs; the ignore index is mid grey."""
        flat = [0] * 768
        for label in self.labels:
            flat[label.id * 3 : label.id * 3 + 3] = label.color
        flat[IGNORE * 3 :] = [128, 128, 128]
        return flat

    def to_dict(self) -> dict[str, Any]:
        """The set as the label file writes it; `from_dict` reads it back equal."""
        found: dict[str, Any] = {
            "labels": [
                {"name": x.name, "color": x.hex}
                | ({"aliases": list(x.aliases)} if x.aliases else {})
                | ({"stuff": True} if x.stuff else {})
                for x in self.labels
            ]
        }
        if self.ignore:
            found["ignore"] = sorted(self.ignore)
        if self.skip:
            found["skip"] = sorted(self.skip)
        if self.unlabelled:
            found["unlabelled"] = "ignore" if self.unlabelled == IGNORE else self.labels[self.unlabelled].name
        return found

    @classmethod
    def from_dict(cls, raw: object, origin: str = "the label file") -> LabelSet:
        """Builds the set from a parsed label file.

        Args:
            raw: A mapping with `labels` (each a name, or a mapping of `name`, `color` as "#rrggbb", `aliases`,
                `merge`, `stuff`) and optionally `ignore`, `skip` (names) and `unlabelled` (a label's name, or
                `ignore`).
            origin: The file, for messages.

        Raises:
            SourceError: A key is unknown, a name is used twice, a colour cannot be read, or there are no labels.
        """
        if not isinstance(raw, Mapping) or not isinstance(raw.get("labels"), list) or not raw["labels"]:
            raise SourceError(f"{origin} has no list `labels:`; write one entry per label, the background first.")
        if strange := set(raw) - _ALLOWED_KEYS:
            raise SourceError(f"{origin} has unknown keys {_listed(strange)}; allowed are {_listed(_ALLOWED_KEYS)}.")
        if len(raw["labels"]) > MAX_LABELS:
            raise SourceError(f"{origin} has {len(raw['labels'])} labels; at most {MAX_LABELS} are possible.")
        labels = tuple(_label(index, item, origin) for index, item in enumerate(raw["labels"]))
        unlabelled = 0
        if (name := raw.get("unlabelled")) == "ignore":
            unlabelled = IGNORE
        elif name is not None:
            at = [label.id for label in labels if label.name == name]
            if not at:
                raise SourceError(
                    f"{origin} gives `unlabelled: {name}`, which is no label; write one of "
                    f"{', '.join(label.name for label in labels)}, or ignore."
                )
            unlabelled = at[0]
        ignore, skip = (frozenset(_names(raw.get(key), key, origin)) for key in ("ignore", "skip"))
        try:
            return cls(labels, ignore, skip, unlabelled)
        except SourceError as error:
            raise SourceError(str(error).replace("The label set", origin, 1)) from None

    @classmethod
    def from_names(cls, names: Iterable[str]) -> LabelSet:
        """A set with generated colours: background first, then the names in sorted order."""
        rest = sorted(set(names) - {"background", "_background_", "__ignore__"})
        return cls.from_dict({"labels": ["background", *rest]})


def _label(index: int, item: object, origin: str) -> Label:
    entry: Mapping[str, Any] = {"name": item} if isinstance(item, str) else item if isinstance(item, Mapping) else {}
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip():
        raise SourceError(f"{origin}: entry {index + 1} of `labels` has no name (found {item!r}); write `- name: eye`.")
    if strange := set(entry) - _LABEL_KEYS:
        raise SourceError(
            f"{origin}: label '{name}' has unknown keys {_listed(strange)}; allowed are {_listed(_LABEL_KEYS)}."
        )
    color = entry.get("color")
    if color is None:
        rgb = generated_color(index)
    elif isinstance(color, str) and _COLOR.fullmatch(color):
        rgb = (int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16))
    else:
        raise SourceError(f"{origin}: label '{name}' has the colour {color!r}; write it as '#rrggbb' in quotes.")
    stuff = entry.get("stuff", False)
    if not isinstance(stuff, bool):
        raise SourceError(f"{origin}: label '{name}' has `stuff: {stuff!r}`; write `stuff: true`, or leave it out.")
    aliases = (*_names(entry.get("aliases"), "aliases", origin), *_names(entry.get("merge"), "merge", origin))
    return Label(index, name, rgb, aliases, stuff)


def _names(raw: object, key: str, origin: str) -> tuple[str, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, list) or not all(isinstance(name, str) for name in raw):
        raise SourceError(f"{origin}: `{key}` must be a list of names, found {raw!r}.")
    return tuple(raw)


def generated_color(index: int) -> tuple[int, int, int]:
    """Colours that stay apart: black, then hues by the golden angle with alternating brightness."""
    if index == 0:
        return (0, 0, 0)
    hue = (index * 0.61803398875) % 1.0
    value = 0.95 if index % 2 else 0.7

    def channel(offset: float) -> int:
        k = (offset + hue * 6) % 6
        return round(255 * value * (1 - 0.75 * max(0.0, min(k, 4 - k, 1.0))))

    return (channel(5), channel(3), channel(1))


def _yaml_text(name: str) -> str:
    return (
        name
        if re.fullmatch(r"[A-Za-z_][\w-]*", name) and name.lower() not in _YAML_WORDS
        else "'" + name.replace("'", "''") + "'"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(map(str, names)))
