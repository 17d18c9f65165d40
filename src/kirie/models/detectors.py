"""The table of detectors: Mask R-CNN over any pyramid encoder, and torchvision's two whole ones; see architectures.py.

Sizes are in pixels of the stored picture: nothing is resized inside. torchvision's defaults are for pictures of about
800 pixels, those of `mask_rcnn` for stores of 160 to 320.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from kirie.models.architectures import ARCHITECTURES, Architecture, Build
from kirie.models.detector_network import DetectorNetwork
from kirie.models.options import Choice, Numbers, Option, Share, Whole, Wholes

_PUBLISHED = {"pyramid_channels": 256, "anchor_ratios": (0.5, 1.0, 2.0), "box_head_width": 1024}
_PUBLISHED_HEADS = _PUBLISHED | {"mask_head_channels": 256}


def _search(sizes: tuple[int, ...], train: tuple[int, int], test: tuple[int, int]) -> dict[str, Option]:
    return {
        "anchor_sizes": Wholes(sizes, 2, 2048, rising=True),
        "proposals_train": Wholes(train, 1, 20000),
        "proposals_test": Wholes(test, 1, 20000),
        "proposals_nms": Share(0.7),
    }


def _learn(rpn_samples: int, roi_samples: int, things: float) -> dict[str, Option]:
    return {
        "rpn_samples": Whole(rpn_samples, 2, 4096),
        "rpn_iou": Numbers((0.3, 0.7), 0.0, 1.0, rising=True),
        "roi_iou": Numbers((0.5, 0.5), 0.0, 1.0, rising=True),
        "roi_samples": Whole(roi_samples, 4, 4096),
        "roi_things": Share(things),
        "loss_weights": Numbers((1.0, 1.0, 1.0, 1.0, 1.0), 0.0, 100.0),
        "min_area": Whole(8, 1, 65536),
    }


def _answer() -> dict[str, Option]:
    return {
        "score_threshold": Share(0.05),
        "nms_threshold": Share(0.5),
        "detections": Whole(100, 1, 1000),
        "paint_score": Share(0.5),
    }


def _mask_rcnn(
    encoder_name: str, encoder_weights: Any, classes: int, options: Mapping[str, Any], **more: Any
) -> nn.Module:
    return DetectorNetwork(encoder_name, encoder_weights, classes, options, **more)


def _published(heads: str) -> Build:
    def build(
        encoder_name: str, encoder_weights: Any, classes: int, options: Mapping[str, Any], **more: Any
    ) -> nn.Module:
        whole = {"heads": heads, **_PUBLISHED_HEADS, **options}
        return DetectorNetwork(encoder_name, encoder_weights, classes, whole, **more)

    return build


_OF_800_PIXELS = {
    **_search((32, 64, 128, 256, 512), (2000, 2000), (1000, 1000)),
    **_learn(256, 512, 0.25),
    **_answer(),
}

DETECTORS: dict[str, Architecture] = {
    "mask_rcnn": Architecture(
        _mask_rcnn,
        {
            "heads": Choice("v2", ("v2", "v1")),
            "pyramid_channels": Whole(32, 8, 1024),
            "anchor_ratios": Numbers((0.5, 1.0, 2.0), 0.05, 20.0, most=9, rising=True),
            "box_head_width": Whole(128, 8, 4096),
            "mask_head_channels": Whole(32, 8, 1024),
            **_search((8, 16, 32, 64, 128), (300, 150), (300, 100)),
            **_learn(128, 48, 0.5),
            **_answer(),
        },
        detector=True,
    ),
    "maskrcnn_resnet50_fpn": Architecture(_published("v1"), _OF_800_PIXELS, ("resnet50",), detector=True, whole=True),
    "maskrcnn_resnet50_fpn_v2": Architecture(
        _published("v2"), _OF_800_PIXELS, ("resnet50",), detector=True, whole=True
    ),
}

MODELS: dict[str, Architecture] = ARCHITECTURES | DETECTORS
"""Every model of `conf/model/`."""
