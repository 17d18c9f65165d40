"""Writes drawings as an annotator's folder: pictures, labelme JSON beside each, and the label file."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pictures

from kirie.core.files import disk_errors, write_bytes, write_text
from kirie.core.folders import folder_beside
from kirie.core.sample import Image
from kirie.errors import UsageError
from kirie.synth.annotate import labelme_record
from kirie.synth.draw import Drawing, draw, group_name
from kirie.synth.starter import label_file_text

PNG_SHARE = 0.1
"""The share of pictures kept as PNG; the others are JPEG."""

JPEG_QUALITY = 88


@dataclass(frozen=True, slots=True)
class Plan:
    """What to draw.

    Attributes:
        count: Pictures in all.
        characters: Characters that share them; the first ones get one more where it does not divide.
        size: Side of each picture in pixels.
        seed: The seed.
    """

    count: int
    characters: int
    size: int
    seed: int

    def __post_init__(self) -> None:
        if not 1 <= self.characters <= self.count <= 100_000:
            raise UsageError(
                f"There are {self.count} picture(s) for {self.characters} character(s); ask for at least one picture "
                "per character, and at most 100,000 pictures."
            )
        if not 32 <= self.size <= 2048:
            raise UsageError(f"The size is {self.size} pixels; choose 32 to 2048.")
        if self.seed < 0:
            raise UsageError(f"The seed is {self.seed}; choose 0 or more.")

    def pictures(self) -> Iterator[tuple[int, int]]:
        """(character, picture of it), character by character."""
        share, more = divmod(self.count, self.characters)
        for index in range(self.characters):
            for picture in range(share + (index < more)):
                yield index, picture

    def drawings(self) -> Iterator[tuple[int, Drawing]]:
        """(picture number of its character, drawing), in order."""
        for index, picture in self.pictures():
            yield picture, draw(self.seed, index, picture, self.size)


class Folder:
    """A data folder that appears whole when it is published, and not at all before. Use it as a context.

    Raises:
        UsageError: The folder is there already and is not empty.
        DeviceError: The disk is full or the place cannot be written.
    """

    def __init__(self, out: Path, plan: Plan) -> None:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise UsageError(f"{out} is there already and is not empty; name another folder, or remove that one first.")
        # absolute, because `.` has no name to put a folder beside
        self.out, self.plan = out.resolve(), plan
        self._ending = contextlib.ExitStack()
        self._beside = self._ending.enter_context(folder_beside(self.out))
        write_text(self._beside / "labels.yaml", label_file_text())

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def add(self, drawing: Drawing, picture: int) -> int:
        """Writes one picture with its annotation; returns their bytes."""
        index = drawing.character.index
        place = self._beside / group_name(index)
        ending = _ending(self.plan.seed, index, picture)
        name = f"{index:03d}-{picture}.{ending}"
        content = encoded(drawing.picture_HWC, ending)
        record = json.dumps(labelme_record(drawing, name), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        write_bytes(place / name, content)
        write_text((place / name).with_suffix(".json"), record + "\n")
        return len(content) + len(record)

    def publish(self) -> None:
        """Gives the folder its name."""
        with disk_errors(self.out):
            if self.out.exists():
                self.out.rmdir()
            self._beside.rename(self.out)


def encoded(picture_HWC: Image, ending: str) -> bytes:
    """A picture as PNG or JPEG bytes."""
    stream = io.BytesIO()
    if ending == "png":
        Pictures.fromarray(picture_HWC).save(stream, "PNG", optimize=True)
    else:
        Pictures.fromarray(picture_HWC).save(stream, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return stream.getvalue()


def _ending(seed: int, index: int, picture: int) -> str:
    rng = np.random.default_rng([seed, index, picture + 1, 1])
    return "png" if rng.random() < PNG_SHARE else "jpg"
