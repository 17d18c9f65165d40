"""Which label an id of a mask is, and in which colour it shows: from the run's label set, else as the run logged it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kirie.core.labels import IGNORE, LabelSet, generated_color
from kirie.errors import SourceError

Shown = list[dict[str, Any]]
"""Labels in order of their ids: `id`, `name`, `color` as "#rrggbb"."""

_MOST = 256


def labels_of(record: Mapping[str, Any], logged: Iterable[Mapping[int, str]]) -> Shown:
    """A run's labels; empty if nothing names any.

    Args:
        record: Its run record; empty for a run of another program.
        logged: Names by id, as its pictures have them.
    """
    if isinstance(record.get("labels"), Mapping):
        try:
            found = LabelSet.from_dict(record["labels"], "the run record")
        except SourceError:
            pass
        else:
            return [{"id": label.id, "name": label.name, "color": label.hex} for label in found]
    names: dict[int, str] = {}
    for one in logged:
        for at, name in one.items():
            if 0 <= at < _MOST and at != IGNORE:
                names.setdefault(at, name)
    return [
        {"id": at, "name": names[at], "color": "#{:02x}{:02x}{:02x}".format(*generated_color(at))}
        for at in sorted(names)
    ]


def colors_of(shown: Iterable[Shown]) -> dict[str, str]:
    """The colours of labels by their names, of several runs; the first one's count."""
    found: dict[str, str] = {}
    for one in shown:
        for label in one:
            found.setdefault(label["name"], label["color"])
    return found
