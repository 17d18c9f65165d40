"""The shipped model configurations, and small ones for speed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from kirie.models import Detector, Segmenter, build_detector, build_model, is_detector

FOLDER = Path(__file__).parents[2] / "conf" / "model"
MEAN, STD = (0.6, 0.5, 0.4), (0.3, 0.2, 0.1)

Config = dict[str, Any]

_SMALL: dict[str, Config] = {
    "unet": {"options": {"channels": [32, 16, 16, 8, 8]}},
    "unetplusplus": {"options": {"channels": [32, 16, 16, 8, 8]}},
    "manet": {"options": {"channels": [32, 16, 16, 8, 8], "pab_channels": 8}},
    "fpn": {"options": {"pyramid_channels": 16, "segmentation_channels": 32}},
    "deeplabv3": {"options": {"channels": 16}},
    "deeplabv3plus": {"options": {"channels": 16}},
    "pspnet": {"options": {"channels": 16}},
    "upernet": {"options": {"channels": 16}},
    "segformer": {"encoder": "mit_b0", "options": {"channels": 16}},
    "dpt": {
        "encoder": "tu-vit_tiny_patch16_224",
        "image_size": 64,
        "options": {"intermediate_channels": [16, 16, 16, 16], "fusion_channels": 16},
    },
    "segnet": {"options": {"convs": [1, 1, 1, 1, 1]}},
}


@pytest.fixture(params=sorted(path.stem for path in FOLDER.glob("*.yaml") if not is_detector(path.stem)))
def name(request: pytest.FixtureRequest) -> str:
    """Each architecture with a file in conf/model that labels pixels."""
    return str(request.param)


@pytest.fixture
def shipped() -> Callable[[str], Config]:
    """A file of conf/model as it is."""

    def read(name: str) -> Config:
        found: Config = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
        return found

    return read


@pytest.fixture
def small() -> Callable[..., Config]:
    """An architecture's configuration that is quick enough for a test."""

    def make(name: str, **changes: Any) -> Config:
        start = {"name": name, "encoder": "resnet18", "weights": "none"}
        return start | _SMALL.get(name, {}) | changes

    return make


@pytest.fixture
def build() -> Callable[..., Segmenter]:
    """A model of a configuration, the same weights every time."""

    def make(config: Config, n_labels: int = 3) -> Segmenter:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(7)
            return build_model(config, n_labels, MEAN, STD)

    return make


@pytest.fixture
def small_detector() -> Callable[..., Config]:
    """A Mask R-CNN that is quick enough for a test."""

    def make(**options: Any) -> Config:
        few = {"proposals_train": [50, 20], "proposals_test": [50, 20], "rpn_samples": 32, "roi_samples": 16}
        narrow = {"pyramid_channels": 16, "box_head_width": 32, "mask_head_channels": 16}
        return {"name": "mask_rcnn", "encoder": "tu-mobilenetv3_small_050", "options": few | narrow | options}

    return make


@pytest.fixture
def detect() -> Callable[..., Detector]:
    """A detector of a configuration, the same weights every time; all labels but the first have instances."""

    def make(config: Config, n_labels: int = 4) -> Detector:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(7)
            return build_detector(config, n_labels, range(1, n_labels), MEAN, STD)

    return make
