"""Draws small sources of every known format: what the format tests read.

Run it to look at one: `python tests/formats/fake.py labelme /tmp/there`.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

LABELS = {"labels": ["background", {"name": "face", "merge": ["cheek"]}, "eye"], "ignore": ["unsure"]}
HEIGHT, WIDTH = 24, 32


def picture(seed: int, height: int = HEIGHT, width: int = WIDTH) -> Image.Image:
    """A picture of coloured noise."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(noise)


def png(image: Image.Image) -> bytes:
    """A picture's bytes as PNG."""
    stream = io.BytesIO()
    image.save(stream, format="PNG")
    return stream.getvalue()


def shape(label: str, kind: str, points: list[Any], **more: Any) -> dict[str, Any]:
    """A labelme shape record."""
    record: dict[str, Any] = {
        "label": label,
        "points": points,
        "group_id": None,
        "description": "",
        "shape_type": kind,
        "flags": {},
    }
    return record | more


def mask_shape(label: str, left: int, top: int, crop: np.ndarray) -> dict[str, Any]:
    """A labelme mask shape as labelme writes it."""
    height, width = crop.shape
    text = base64.b64encode(png(Image.fromarray(crop.astype(np.uint8)))).decode()
    return shape(label, "mask", [[left, top], [left + width - 1, top + height - 1]], mask=text)


def annotation(path: Path, shapes: list[Any], image: str | None = None, **more: Any) -> Path:
    """Writes a labelme JSON file; keys in `more` override the usual ones."""
    content: dict[str, Any] = {
        "version": "5.5.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": image if image is not None else f"{path.stem}.png",
        "imageData": None,
        "imageHeight": HEIGHT,
        "imageWidth": WIDTH,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content | more, ensure_ascii=False), encoding="utf-8")
    return path


def every_shape() -> list[dict[str, Any]]:
    """One shape of each type."""
    crop = np.zeros((5, 7), dtype=bool)
    crop[1:4, 2:6] = True
    crop[0, 0] = True
    return [
        shape("face", "polygon", [[2, 2], [29.5, 3.25], [20, 20], [4, 18]]),
        shape("cheek", "rectangle", [[20, 14], [12, 9.5]]),
        shape("eye", "circle", [[10, 8], [13.5, 8]], group_id=1),
        shape("eye", "point", [[24, 8]], group_id=2, flags={"crowd": True}),
        shape("unsure", "line", [[1, 22], [30, 23]]),
        shape("__ignore__", "linestrip", [[0, 0], [5, 5], [0, 10]]),
        shape("eye", "oriented_rectangle", [[20, 2], [24, 4], [22, 8], [18, 6]]),
        mask_shape("eye", 14, 15, crop),
    ]


def labelme(folder: Path) -> None:
    """Pictures outside and inside the annotations, in sub-folders, with every type of shape."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "labels.yaml").write_text(json.dumps(LABELS), encoding="utf-8")
    for number, name in enumerate(["one", "sub/二", "sub/three"]):
        (folder / name).parent.mkdir(exist_ok=True)
        if number == 2:
            annotation(
                folder / f"{name}.json", every_shape(), imageData=base64.b64encode(png(picture(number))).decode()
            )
        else:
            picture(number).save(folder / f"{name}.png")
            annotation(folder / f"{name}.json", every_shape(), group=f"character-{number}", split="train")


def ids(seed: int) -> np.ndarray:
    """A mask of ids 0 to 2 and the ignore index."""
    found = np.random.default_rng(seed).integers(0, 3, (HEIGHT // 4, WIDTH // 4), dtype=np.uint8)
    found[0, 0] = 255
    return found.repeat(4, axis=0).repeat(4, axis=1)


def masks(folder: Path) -> None:
    """Pictures and index masks, split by folders as older tools leave them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "labels.yaml").write_text(json.dumps(LABELS), encoding="utf-8")
    for number, split in enumerate(["train", "train", "test"]):
        for kind in ("images", "annotations"):
            (folder / f"{kind}_prepped_{split}").mkdir(exist_ok=True)
        picture(number).save(folder / f"images_prepped_{split}" / f"絵{number}.png")
        Image.fromarray(ids(number)).save(folder / f"annotations_prepped_{split}" / f"絵{number}.png")


SOURCES: dict[str, Callable[[Path], None]] = {"labelme": labelme, "masks": masks}
"""One drawer per format; the contract tests run over all of them."""


if __name__ == "__main__":
    SOURCES[sys.argv[1]](Path(sys.argv[2]))
