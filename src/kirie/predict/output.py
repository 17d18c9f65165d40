"""What is written of one picture: label map, parts, overlay, composite, PSD, what a task adds, and a record of them.

Shapes: H, W the picture; C channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from kirie import __version__
from kirie.core import files
from kirie.core.bundle import Manifest
from kirie.core.folders import replacing_folder
from kirie.core.sample import Image
from kirie.errors import SourceError
from kirie.formats.picture import Picture, flatten
from kirie.predict import psd, render
from kirie.predict.answer import Answer
from kirie.predict.folder import RECORD, file_name, save_png
from kirie.predict.parts import Part, put_back
from kirie.predict.pictures import Job

KINDS = ("labelmap", "parts", "overlay", "composite", "psd")
"""What `--only` chooses from."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes pictures' results with one bundle's labels.

    Attributes:
        manifest: The bundle's.
        kinds: Those of KINDS that are wanted.
    """

    manifest: Manifest
    kinds: frozenset[str]

    def write(self, final: Path, job: Job, picture: Picture, found: Answer) -> list[str]:
        """Writes a picture's folder, whole or not at all.

        Args:
            final: The folder; what lies there is replaced.
            job: The picture's file and id, for the record.
            picture: The picture.
            found: What the model says of it.

        Returns:
            One sentence for each thing that was left out or could not be written, though the rest was.

        Raises:
            DeviceError: The disk is full or cannot be written.
        """
        notes = list(found.notes())
        with replacing_folder(final) as folder:
            if "labelmap" in self.kinds:
                save_png(render.label_map(found.label_ids(), self.manifest.labels), folder / "labels.png")
            if "overlay" in self.kinds:
                mixed_HWC = found.overlay(flatten(picture), self.manifest.labels)
                save_png(PIL.Image.fromarray(mixed_HWC), folder / "overlay.png")
            parts = self._write_parts(folder, picture, found, notes)
            own = found.write_own(folder, job.image_id, self.kinds, self.manifest.labels)
            files.write_json(folder / RECORD, self._record(job.source, picture, parts, own, notes))
        return notes

    def _write_parts(self, folder: Path, picture: Picture, found: Answer, notes: list[str]) -> list[dict[str, Any]]:
        """All that is made of parts, each of which is cut once and let go."""
        records: list[dict[str, Any]] = []
        layers: list[psd.Layer] = []
        height, width = picture.size
        with_psd = "psd" in self.kinds and _fits_psd(height, width, notes)
        with_whole = with_psd or "composite" in self.kinds
        rgba_HWC = np.zeros((height, width, 4) if with_whole else (0, 0, 4), dtype=np.uint8)
        for part in found.parts(picture, self.manifest.labels):
            records.append(self._write_part(folder, part, height, width) | found.about(part))
            if with_whole:
                put_back(part, rgba_HWC)
            if with_psd:
                layers.append(psd.Layer.of(part))
        if "composite" in self.kinds:
            save_png(_plain(rgba_HWC, picture), folder / "composite.png")
        if with_psd:
            notes += _write_psd(folder / "parts.psd", rgba_HWC, layers, has_alpha=picture.alpha_HW is not None)
        return records

    def _write_part(self, folder: Path, part: Part, height: int, width: int) -> dict[str, Any]:
        record: dict[str, Any] = {
            "id": part.label.id,
            "label": part.label.name,
            "color": part.label.hex,
            "box": list(part.region.box),
            "pixels": part.region.area,
        }
        if "parts" in self.kinds:
            number = part.region.instance
            path = folder / "parts" / file_name(part.label, ".png" if number is None else f".{number}.png")
            path.parent.mkdir(exist_ok=True)
            save_png(PIL.Image.fromarray(part.canvas(height, width)), path)
            record["file"] = path.relative_to(folder).as_posix()
        return record

    def _record(
        self, source: Path, picture: Picture, parts: list[dict[str, Any]], own: dict[str, Any], notes: list[str]
    ) -> dict[str, Any]:
        height, width = picture.size
        # created_by comes first: `folder.is_result` knows a result by it
        return {
            "created_by": f"kirie {__version__}",
            "picture": source.name,
            "height": height,
            "width": width,
            "has_alpha": picture.alpha_HW is not None,
            "task": self.manifest.task,
            "run": self.manifest.run,
            "model": self.manifest.sha256,
            "parts": parts,
            **own,
            **({"notes": notes} if notes else {}),
        }


def _fits_psd(height: int, width: int, notes: list[str]) -> bool:
    try:
        psd.check_size(height, width)
    except SourceError as error:
        notes.append(str(error))
        return False
    return True


def _write_psd(path: Path, rgba_HWC: Image, layers: list[psd.Layer], *, has_alpha: bool) -> list[str]:
    try:
        with path.open("wb") as stream:
            psd.write_psd(stream, rgba_HWC, layers, has_alpha=has_alpha)
    except SourceError as error:
        path.unlink()
        return [str(error)]
    return []


def _plain(rgba_HWC: Image, picture: Picture) -> PIL.Image.Image:
    """With an alpha channel if the picture has one."""
    if picture.alpha_HW is not None:
        return PIL.Image.fromarray(rgba_HWC)
    return PIL.Image.fromarray(np.ascontiguousarray(rgba_HWC[..., :3]))
