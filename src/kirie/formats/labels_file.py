"""The label file: `labels.yaml` (names, colours, aliases, merges, labels to ignore), and labelme's `labels.txt`."""

from __future__ import annotations

from pathlib import Path

import yaml

from kirie.core import files
from kirie.core.labels import LabelSet
from kirie.errors import SourceError

MAX_BYTES = 1_000_000
"""255 labels with many aliases fit in a tenth of it."""

NAMES = ("labels.yaml", "labels.yml", "labels.txt", "class_names.txt")
"""Where a source folder may hold its label set, in this order; the last is what labelme exports beside masks."""

_BACKGROUND = {"_background_", "background"}


def find_labels(folder: Path) -> Path | None:
    """The label file of a source folder, if it has one."""
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def read_labels(path: Path, *, implicit_background: bool = True) -> LabelSet:
    """Reads a label set.

    Args:
        path: A YAML file, or a `.txt` with one name per line in order of the ids.
        implicit_background: A `.txt` that does not begin with a background gets one in front.

    Raises:
        SourceError: The file is missing, too large, not UTF-8, not YAML, or no label set.
    """
    text = files.read_text(path, SourceError, "The label file", MAX_BYTES)
    if path.suffix.lower() == ".txt":
        return _from_lines(text, path, implicit_background)
    try:
        raw = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader that also refuses anchors
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SourceError(f"The label file {path} is not YAML ({_one_line(error)}).") from None
    return LabelSet.from_dict(raw, f"The label file {path}")


def write_labels(path: Path, labels: LabelSet) -> None:
    """Writes a label set as YAML that `read_labels` reads back equal.

    Raises:
        DeviceError: There is no space, or no permission to write.
    """
    files.write_text(path, as_text(labels))


def as_text(labels: LabelSet) -> str:
    """The YAML of a label set, with a line that tells what may be changed."""
    body = yaml.safe_dump(labels.to_dict(), sort_keys=False, allow_unicode=True, width=100, default_flow_style=None)
    return (
        "# Labels in order of their ids. `merge: [pupil, eyelash]` paints finer names as this label; names under\n"
        "# `ignore:` become the ignore index, names under `skip:` are left out. `stuff: true` marks a label without\n"
        "# instances, such as sky.\n" + body
    )


class _Loader(yaml.SafeLoader):
    """Refuses anchors: a label set needs none, and nested aliases grow without bound."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it uses an alias (*name); write the value out")
        return super().compose_node(parent, index)


def _from_lines(text: str, path: Path, implicit_background: bool) -> LabelSet:
    names = [line.strip() for line in text.splitlines()]
    names = [name for name in names if name and name != "__ignore__"]
    if names and names[0] in _BACKGROUND:
        names[0] = "background"
    elif implicit_background:
        names.insert(0, "background")
    return LabelSet.from_dict({"labels": names}, f"The label file {path}")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
