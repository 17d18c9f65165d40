"""Writing a sample as labelme JSON: what kirie's data folder holds, and the way back to the annotator.

A region that still is what its outline draws goes back as the record that the annotator made; any other becomes a
labelme `mask` shape. Reading gives the same masks to the bit, and labelme opens the file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kirie.core import files
from kirie.core.sample import Outline, Region, Sample
from kirie.formats import raster
from kirie.formats.labelme_mask import mask_text, read_mask

VERSION = "6.3.1"
"""The version of labelme whose rules and keys are followed."""


def write_sample(path: Path, sample: Sample, image_path: str) -> None:
    """Writes an annotation.

    Args:
        path: The JSON file.
        sample: The sample; a region without pixels whose outline draws some is left out.
        image_path: The picture's path, relative to the JSON file's folder.

    Raises:
        DeviceError: There is no space, or no permission to write.
    """
    files.write_text(path, as_text(sample, image_path))


def as_text(sample: Sample, image_path: str) -> str:
    """The annotation as `write_sample` writes it: one line per key, and one per shape, which version control likes."""
    lines = []
    for key, value in document(sample, image_path).items():
        rows = ",\n    ".join(_json(shape) for shape in value) if key == "shapes" else ""
        lines.append(f"  {_json(key)}: " + (f"[\n    {rows}\n  ]" if rows else _json(value)))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def document(sample: Sample, image_path: str) -> dict[str, Any]:
    """The annotation as labelme's keys; `group` and `split` are kirie's and labelme keeps them."""
    height, width = sample.size
    shapes = [
        _shape(region, height, width)
        for region in sample.regions
        if region.area or (region.outline and _still_drawn(region, region.outline, height, width))
    ]
    found: dict[str, Any] = {
        "version": VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": image_path,
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
    }
    if sample.group is not None:
        found["group"] = sample.group
    if sample.split is not None:
        found["split"] = sample.split
    return found


def _shape(region: Region, height: int, width: int) -> dict[str, Any]:
    outline = region.outline
    if outline is None or not _still_drawn(region, outline, height, width):
        return _mask_shape(region)
    kept = outline.raw if _is_record(outline) else {}
    return dict(kept) | _record(
        region, outline.shape, kept.get("points", [list(point) for point in outline.points]), kept
    )


def _mask_shape(region: Region) -> dict[str, Any]:
    x0, y0, x1, y1 = region.box
    points = [[float(x0), float(y0)], [float(x1 - 1), float(y1 - 1)]]
    return _record(region, "mask", points, {}) | {"mask": mask_text(region.crop)}


def _record(region: Region, kind: str, points: object, kept: Mapping[str, Any]) -> dict[str, Any]:
    """labelme's keys with values that labelme accepts."""
    description = kept.get("description")
    return {
        "label": region.label,
        "points": points,
        "group_id": region.instance,
        "description": description if isinstance(description, str) else "",
        "shape_type": kind,
        "flags": _flags(region, kept.get("flags")),
    }


def _flags(region: Region, kept: object) -> dict[str, bool]:
    """The record's own flags, with what the region says about `crowd`."""
    fine = isinstance(kept, dict) and all(isinstance(value, bool) for value in kept.values())
    flags: dict[str, bool] = dict(kept) if isinstance(kept, dict) and fine else {}
    if region.crowd or "crowd" in flags:
        flags["crowd"] = region.crowd
    return flags


def _is_record(outline: Outline) -> bool:
    """Whether the raw record is labelme's, and still says what the outline says."""
    try:
        return tuple((float(x), float(y)) for x, y in outline.raw["points"]) == outline.points
    except (KeyError, TypeError, ValueError, OverflowError):
        return False


def _still_drawn(region: Region, outline: Outline, height: int, width: int) -> bool:
    """Whether drawing the outline gives the region's mask; formats differ in how they draw."""
    if outline.shape == "mask":
        mask = outline.raw.get("mask")
        if not mask or not _is_record(outline):
            return False
        box, crop, agrees = read_mask(mask, outline.points, height, width, region.label)
        if not agrees:
            return False
    elif raster.unfit(outline.shape, outline.points):
        return False
    else:
        box, crop = raster.draw(outline.shape, outline.points, height, width)
    return box == region.box and np.array_equal(crop, region.crop)


def _json(value: Any) -> str:
    """One line of JSON that UTF-8 can hold."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode("utf-8")
    except ValueError:
        return json.dumps(_writable(value), ensure_ascii=False, allow_nan=False)
    return text


def _writable(value: Any) -> Any:
    """Without NaN and half surrogate pairs, which annotators' files may hold and JSON in UTF-8 may not."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_writable(key): _writable(inner) for key, inner in value.items()}
    return [_writable(inner) for inner in value] if isinstance(value, list) else value
