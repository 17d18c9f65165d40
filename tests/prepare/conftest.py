"""Small labelme sources, drawn anew in each test."""

from __future__ import annotations

import base64
import io
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray
from PIL import Image

# A busy machine is no failure
settings.register_profile("prepare", deadline=None)
settings.load_profile("prepare")

LABELS = "labels: [background, hair, eye]\n"

Draw = Callable[..., Path]


def draw_picture(
    folder: Path, name: str, *, seed: int | None = None, size: tuple[int, int] = (40, 48), **more: Any
) -> Path:
    """One picture with a block of hair and an eye, annotated by rectangles; its JSON file."""
    random = np.random.default_rng(hash_of(name) if seed is None else seed)
    pixels = random.integers(0, 256, (*size, 3)).astype(np.uint8)
    path = folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path.with_suffix(".png"), compress_level=1)
    x, y = (int(at) for at in random.integers(4, 12, 2))
    shapes: list[dict[str, Any]] = [
        {
            "label": "hair",
            "points": [[x, y], [x + 20, y + 15]],
            "shape_type": "rectangle",
            "group_id": None,
            "flags": {},
        },
        {
            "label": "eye",
            "points": [[x + 2, y + 2], [x + 6, y + 5]],
            "shape_type": "rectangle",
            "group_id": None,
            "flags": {},
        },
    ]
    content: dict[str, Any] = {
        "version": "5.5.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": path.with_suffix(".png").name,
        "imageData": None,
        "imageHeight": size[0],
        "imageWidth": size[1],
    }
    path.write_text(json.dumps(content | more), encoding="utf-8")
    return path


def hash_of(name: str) -> int:
    """A number from a name that does not change between processes."""
    return zlib.crc32(name.encode())


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """Draws a source of `count` pictures in tmp_path/data, or adds to it."""

    def draw_source(count: int = 12, start: int = 0, folder: str = "data") -> Path:
        source = tmp_path / folder
        for at in range(start, start + count):
            draw_picture(source, f"chapter {at % 3}/page-{at:03d}")
        (source / "labels.yaml").write_text(LABELS)
        return source

    return draw_source


def contents_of(store: Path) -> dict[str, bytes]:
    """Every file of a store by its relative path."""
    return {
        path.relative_to(store).as_posix(): path.read_bytes() for path in sorted(store.rglob("*")) if path.is_file()
    }


def edit(path: Path, **changes: object) -> None:
    """Changes top-level keys of a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | changes), encoding="utf-8")


def mask_record(first: list[int], last: list[int], mask_hw: NDArray[np.bool_]) -> dict[str, Any]:
    """A labelme mask shape with the points as given, whatever the mask's size."""
    stream = io.BytesIO()
    Image.fromarray(mask_hw).save(stream, format="PNG")
    return {"shape_type": "mask", "points": [first, last], "mask": base64.b64encode(stream.getvalue()).decode()}


def workers_of(parent: int) -> list[int]:
    """Worker processes of a process, its resource tracker left out."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) != parent:
                continue
            if "spawn_main" in (stat.parent / "cmdline").read_text():
                found.append(int(stat.parent.name))
        except (OSError, ValueError):
            continue
    return found


def lives(process: int) -> bool:
    """Whether a process runs; one that nobody has reaped yet does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
