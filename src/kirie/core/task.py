"""Which task a model's name stands for: a label for every pixel, or a mask for every thing.

Only names are here, so that a command can tell without torch what a configuration asks for.
"""

from __future__ import annotations

from typing import Literal

Task = Literal["semantic", "instance"]

DETECTORS = ("mask_rcnn", "maskrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn_v2")
"""Models that find instances; all others label pixels. `kirie.models` has a builder for each."""


def is_detector(name: object) -> bool:
    """Whether a model of this name finds instances."""
    return name in DETECTORS


def task_of(name: object) -> Task:
    """The task of a model of this name."""
    return "instance" if is_detector(name) else "semantic"
