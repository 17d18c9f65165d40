"""Batches and configurations for the augmentation's tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

CONF = Path(__file__).parents[3] / "conf" / "augment"
Pair = tuple[torch.Tensor, torch.Tensor]


def shipped(name: str) -> dict[str, Any]:
    """A configuration of conf/augment/."""
    found: dict[str, Any] = yaml.safe_load((CONF / f"{name}.yaml").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def batch() -> Pair:
    """Six smooth random pictures of 48 x 40 with four labels (never 0) in large areas."""
    generator = torch.Generator().manual_seed(3)
    coarse = torch.rand((6, 3, 5, 5), generator=generator)
    image = torch.nn.functional.interpolate(coarse, size=(48, 40), mode="bilinear")
    target = torch.randint(1, 5, (6, 4, 4), generator=generator).repeat_interleave(12, 1).repeat_interleave(10, 2)
    return (image.permute(0, 2, 3, 1) * 255).byte().contiguous(), target.byte()
