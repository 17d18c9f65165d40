"""A small real data set, drawn here: every test that needs one reads it through the real rooms."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# Before torch and onnxruntime are imported: tests run beside each other
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["WANDB_MODE"] = "offline"
os.environ["WANDB_SILENT"] = "true"
# A shell ignores Ctrl+C for what runs in its background, and so would all processes of the tests
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image, ImageDraw

# How long an example takes says more of the machine than of the code
settings.register_profile("kirie", deadline=None)
settings.load_profile("kirie")


@pytest.fixture(autouse=True)
def _no_mode_of_torch_stays() -> Iterator[None]:
    """A training switches the process to deterministic algorithms; the next test's layers may have none."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].use_deterministic_algorithms(False)


LABELS = """\
labels:
  - {name: background, color: "#000000"}
  - {name: disc, color: "#d9534f"}
  - {name: box, color: "#428bca", aliases: [square]}
"""


def draw_shapes(folder: Path, count: int = 16, size: int = 64, seed: int = 0) -> Path:
    """Writes pictures of a red disc and a blue box on noise, with labelme JSON, two pictures a group."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for at in range(count):
        picture = Image.fromarray(rng.integers(90, 160, (size, size, 3), dtype=np.uint8))
        pen = ImageDraw.Draw(picture)
        x, y, r = (int(v) for v in rng.integers((size // 4, size // 4, 6), (size * 3 // 4, size * 3 // 4, size // 4)))
        a, b = (int(v) for v in rng.integers(0, size // 2, 2))
        pen.rectangle((a, b, a + size // 3, b + size // 3), fill=(40, 60, 220))
        pen.ellipse((x - r, y - r, x + r, y + r), fill=(220, 40, 40))
        picture.save(folder / f"shape-{at:02}.png")
        shapes = [
            {"label": "square", "points": [[a, b], [a + size // 3, b + size // 3]], "shape_type": "rectangle"},
            {"label": "disc", "points": [[x, y], [x + r, y]], "shape_type": "circle"},
        ]
        content: dict[str, object] = {
            "version": "5.5.0",
            "flags": {},
            "shapes": [{"group_id": None, "flags": {}, **shape} for shape in shapes],
            "imagePath": f"shape-{at:02}.png",
            "imageData": None,
            "imageHeight": size,
            "imageWidth": size,
            "group": f"pair-{at // 2}",
            "split": ("train", "train", "train", "train", "val", "test")[at // 2 % 6],
        }
        (folder / f"shape-{at:02}.json").write_text(json.dumps(content), encoding="utf-8")
    (folder / "labels.yaml").write_text(LABELS, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def shapes_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of labelme annotations: 24 pictures of 64 px, labels background, disc, box."""
    return draw_shapes(tmp_path_factory.mktemp("shapes") / "source", count=24)


@pytest.fixture(scope="session")
def shapes_store(shapes_source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That folder as a prepared store of 64 px."""
    from kirie.prepare.command import main

    out = tmp_path_factory.mktemp("shapes-store") / "store"
    assert main([str(shapes_source), "--out", str(out), "--size", "64", "--workers", "1", "--json"]) == 0
    return out


@pytest.fixture(scope="session")
def tiny_overrides(shapes_store: Path) -> list[str]:
    """Overrides of the smallest real training, a tiny U-Net on the drawn shapes, of seconds; `runs` is to be added."""
    return [
        "model=unet",
        "model.encoder=tu-mobilenetv3_small_050",
        "augment=light",
        "trainer=cpu",
        "trainer.threads=1",
        "log=none",
        "train.epochs=2",
        "data.batch_size=8",
        f"data.store={shapes_store}",
    ]


@pytest.fixture(scope="session")
def tiny(tiny_overrides: list[str]) -> Callable[..., dict[str, Any]]:
    """Composes that training with further overrides."""
    from kirie.train.compose import compose_config, config_folder

    def compose(*more: str) -> dict[str, Any]:
        return compose_config([*tiny_overrides, *more], config_folder())

    return compose
