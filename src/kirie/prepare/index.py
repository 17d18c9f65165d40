"""The store's index: which pictures lie in it, in order of their rows, and the fingerprint that they come to.

What else lies in a store is told in `layout`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kirie.core import files
from kirie.core.identity import digest
from kirie.core.labels import LabelSet
from kirie.errors import StoreError
from kirie.prepare.layout import VERSION, Frame, check_split, whole
from kirie.prepare.record import RowInstances, instances_from_json, instances_to_json

_MAX_INDEX_BYTES = 2**30


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a store.

    Attributes:
        name: Its name in the source.
        group: Pictures of one group share a split; None: on its own.
        split: train, val or test.
        size: Height and width before it was brought to the frame.
        row: Its first row.
        digest: SHA-256 of its rows.
        instances: Of each of its rows.
    """

    name: str
    group: str | None
    split: str
    size: tuple[int, int]
    row: int
    digest: str
    instances: RowInstances = ()

    def to_dict(self) -> dict[str, Any]:
        """For the index; the row follows from the pictures before."""
        return {
            "name": self.name,
            "group": self.group,
            "split": self.split,
            "size": list(self.size),
            "digest": self.digest,
            "instances": instances_to_json(self.instances),
        }


def fingerprint(labels: LabelSet, frame: Frame, pictures: Sequence[Picture]) -> str:
    """Hash of what training sees, whatever its order, hexadecimal."""
    samples = [
        [picture.name, picture.split, picture.digest, instances_to_json(picture.instances)]
        for picture in sorted(pictures, key=lambda picture: (picture.name, picture.split, picture.digest))
    ]
    return digest(
        {
            "version": VERSION,
            "labels": list(labels.names),
            "things": list(labels.things),
            "frame": frame.to_dict(),
            "samples": samples,
        }
    )


def index_bytes(pictures: Sequence[Picture]) -> bytes:
    """The content of index.json, a line for each picture."""
    entries = ",\n".join(json.dumps(picture.to_dict(), ensure_ascii=False) for picture in pictures)
    return f'{{"pictures": [\n{entries}\n]}}\n'.encode()


def read_index(path: Path, sha256: str, frame: Frame, labels: LabelSet) -> tuple[Picture, ...]:
    """The pictures of a store.

    Args:
        path: The index.
        sha256: The checksum it must have.
        frame: How samples became rows.
        labels: The label set of the targets.

    Raises:
        StoreError: The index is missing or has another checksum, or a split that there is not.
        KeyError: Something is missing.
        ValueError: A value is not possible.
        TypeError: A value has another type.
    """
    if not path.is_file() or path.stat().st_size > _MAX_INDEX_BYTES or files.sha256_of(path) != sha256:
        raise StoreError(f"The store's index {path} is missing or was changed; prepare the store again.")
    pictures: list[Picture] = []
    row = 0
    things = frozenset(labels.things)
    for entry in json.loads(path.read_bytes())["pictures"]:
        height, width = map(whole, entry["size"])
        if not (0 < height < 2**20 and 0 < width < 2**20):
            raise ValueError(f"a picture of {height} x {width}")
        group = entry["group"]
        picture = Picture(
            str(entry["name"]),
            group if group is None else str(group),
            check_split(entry["split"]),
            (height, width),
            row,
            str(entry["digest"]),
            instances_from_json(entry["instances"]),
        )
        _check_instances(picture, frame, things)
        pictures.append(picture)
        row += frame.rows_of(picture.size)
    return tuple(pictures)


def _check_instances(picture: Picture, frame: Frame, things: Set[int]) -> None:
    if len(picture.instances) != frame.rows_of(picture.size):
        raise ValueError(f"instances of {len(picture.instances)} rows for '{picture.name}'")
    if any(len(row) > frame.max_instances for row in picture.instances):
        raise ValueError(f"more than {frame.max_instances} instances in a row of '{picture.name}'")
    if not {each.label for row in picture.instances for each in row} <= things:
        raise ValueError(f"instances of a label that has none in '{picture.name}'")
