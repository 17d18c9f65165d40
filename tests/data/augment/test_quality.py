"""Blur, noise, JPEG and rectangles do what their numbers say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage
from tests.data.augment.conftest import Pair

from kirie.data.augment import as_float, build_augmentation
from kirie.data.augment.draws import Draws
from kirie.data.augment.quality import covered, rectangles
from kirie.data.augment.settings import Cutout


def _run(config: dict[str, Any], batch: Pair) -> Pair:
    found: Pair = build_augmentation(config)(*batch, torch.arange(len(batch[0])), seed=2, epoch=0)
    return found


def test_blur_is_scipys(batch: Pair) -> None:
    """Blur at a fixed sigma gives scipy's Gaussian filter, also for pictures smaller than the kernel's reach."""
    found = _run({"blur": {"p": 1.0, "sigma": [1.5, 1.5]}}, batch)[0]
    wanted = ndimage.gaussian_filter(as_float(batch[0]).numpy(), (0, 0, 1.5, 1.5), mode="nearest", radius=(0, 0, 5, 5))
    assert np.abs(found.numpy() - wanted).max() < 1e-5
    assert _run({"crop": [8, 8], "blur": {"p": 1.0, "sigma": [10, 10]}}, batch)[0].std() < 0.3


def test_noise_has_its_deviation() -> None:
    """Noise on mid grey has the deviation asked for, differs between samples and epochs, and stays in [0, 1]."""
    grey = torch.full((2, 64, 64, 3), 128, dtype=torch.uint8)
    blank = torch.zeros(2, 64, 64, dtype=torch.uint8)
    noisy = _run({"noise": {"p": 1.0, "sigma": [0.1, 0.1]}}, (grey, blank))[0]
    assert abs(float(noisy.std()) - 0.1) < 0.003
    assert not torch.equal(noisy[0], noisy[1])
    loud = _run({"noise": {"p": 1.0, "sigma": [0.5, 0.5]}}, (grey, blank))[0]
    assert loud.min() == 0
    assert loud.max() == 1


def test_lower_quality_changes_more(batch: Pair) -> None:
    """JPEG at quality 10 is further from the picture than at 95, and neither is far."""
    exact = as_float(batch[0])
    errors = [float((_run({"jpeg": {"p": 1.0, "quality": [q, q]}}, batch)[0] - exact).abs().mean()) for q in (10, 95)]
    assert errors[0] > 2 * errors[1] > 0
    assert errors[0] < 0.1


@pytest.mark.parametrize("fill", ["noise", "mean"])
@pytest.mark.parametrize("target", ["ignore", "keep"])
def test_rectangles_cover_picture_and_target(batch: Pair, fill: str, target: str) -> None:
    """Under a rectangle the picture is gone; the target is ignored or kept, and untouched elsewhere."""
    box = {"p": 1.0, "boxes": 2, "area": [0.1, 0.2], "fill": fill, "target": target}
    image, labels = _run({"cutout": box}, batch)
    changed = (image != as_float(batch[0])).any(dim=1)
    if target == "keep":
        assert torch.equal(labels, batch[1].long())
    else:
        assert torch.equal(labels[~changed], batch[1].long()[~changed])
        assert set(labels.flatten().tolist()) <= {1, 2, 3, 4, 255}
        assert (labels[changed] == 255).all()
    share = changed.float().mean(dim=(1, 2))
    assert ((share > 0.02) & (share < 0.42)).all()


def test_rectangles_have_their_area() -> None:
    """Areas lie in their interval, sides differ up to twofold, and a rectangle covers the pixels it says."""
    size = (60, 80)
    boxes = rectangles(Cutout(boxes=3, area=(0.02, 0.1)), Draws(0, 0, np.arange(200)), size)
    area = boxes[..., 2] * boxes[..., 3] / (60 * 80)
    assert 0.02 <= area.min() <= area.max() <= 0.1
    assert 0.5 <= (boxes[..., 2] / boxes[..., 3]).min() <= (boxes[..., 2] / boxes[..., 3]).max() <= 2
    whole = torch.tensor([[[10.0, 20.0, 4.0, 6.0]]])
    rows, columns = torch.nonzero(covered(whole, size)[0], as_tuple=True)
    assert set(rows.tolist()) == {17, 18, 19, 20, 21, 22}
    assert set(columns.tolist()) == {8, 9, 10, 11}
    assert len(rows) == 24
