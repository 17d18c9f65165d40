"""The task that a model's name stands for."""

from __future__ import annotations

import pytest

from kirie.core.task import is_detector, task_of


@pytest.mark.parametrize(
    ("name", "task"), [("unet", "semantic"), ("mask_rcnn", "instance"), (None, "semantic"), (["mask_rcnn"], "semantic")]
)
def test_the_name_decides(name: object, task: str) -> None:
    """Detectors find instances; whatever else is named, even wrongly, does not."""
    assert task_of(name) == task
    assert is_detector(name) == (task == "instance")
