"""Warps: exact where they can be, ignore index outside, image and target together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.augment.conftest import Pair, shipped

from kirie.data.augment import as_float, build_augmentation
from kirie.data.augment.draws import Draws
from kirie.data.augment.geometry import grid_of, homographies, sample
from kirie.data.augment.settings import read_settings

WARPS: dict[str, dict[str, Any]] = {
    "scale": {"p": 1.0, "range": [0.4, 0.6], "stretch": 1.5},
    "rotate": {"p": 1.0, "degrees": 60},
    "shear": {"p": 1.0, "degrees": 40},
    "translate": {"p": 1.0, "fraction": 0.4},
    "perspective": {"p": 1.0, "strength": 0.6},
    "elastic": {"p": 1.0, "amplitude": 0.05, "cells": 5},
}


def _run(config: dict[str, Any], batch: Pair, epoch: int = 0) -> Pair:
    image, target = batch
    found: Pair = build_augmentation(config)(image, target, torch.arange(len(image)), seed=1, epoch=epoch)
    return found


@pytest.mark.parametrize("name", WARPS)
def test_what_comes_from_outside_is_ignored(batch: Pair, name: str) -> None:
    """Each warp brings in 255 and never class 0, which no picture here has; no other id is invented."""
    outside = 0
    for epoch in range(5):
        ids = set(_run({name: WARPS[name]}, batch, epoch)[1].flatten().tolist())
        assert ids <= {1, 2, 3, 4, 255}
        outside += 255 in ids
    assert outside


@pytest.mark.parametrize("config", [shipped("strong"), WARPS, WARPS | {"crop": [64, 24]}, {"crop": [70, 70]}])
def test_a_whole_augmentation_ignores_the_outside(batch: Pair, config: dict[str, Any]) -> None:
    """All operations together bring in 255 and never class 0, and leave each sample something to learn from."""
    for epoch in range(20):
        target = _run(config, batch, epoch)[1]
        assert set(target.flatten().tolist()) <= {1, 2, 3, 4, 255}
        assert (target != 255).flatten(1).any(dim=1).all()


def test_outside_is_exactly_what_lies_outside(batch: Pair) -> None:
    """With a constant target, a pixel is ignored if and only if its place lies outside the picture."""
    config = read_settings(WARPS | {"elastic": None})
    draws = Draws(1, 0, np.arange(6))
    maps = homographies(config, draws, (48, 40), (48, 40))
    target = sample(
        as_float(batch[0]), torch.ones_like(batch[1]), grid_of(maps, (48, 40), (48, 40), torch.device("cpu")), "border"
    )[1]
    y, x = np.mgrid[:48, :40] + 0.5
    places = np.einsum("bij,jhw->bihw", maps, np.stack([x, y, np.ones_like(x)]))
    at_x, at_y = places[:, 0] / places[:, 2], places[:, 1] / places[:, 2]
    edge = np.minimum.reduce([at_x, 40 - at_x, at_y, 48 - at_y])
    sure = np.abs(edge) > 1e-3
    assert np.array_equal((target.numpy() == 1)[sure], (edge > 0)[sure])
    assert 0 < (edge < 0).mean() < 1


def test_ignored_pixels_stay_ignored() -> None:
    """A picture that is ignored as a whole stays so under every warp."""
    image = torch.zeros((4, 32, 32, 3), dtype=torch.uint8)
    ignored = torch.full((4, 32, 32), 255, dtype=torch.uint8)
    assert (_run(WARPS, (image, ignored))[1] == 255).all()


@pytest.mark.parametrize(("name", "axis"), [("horizontal_flip", 2), ("vertical_flip", 1)])
def test_flips_are_exact(batch: Pair, name: str, axis: int) -> None:
    """A flip is numpy's flip to the bit, for image and target; with p = 0.5 a part of the samples is flipped."""
    image, target = batch
    flipped = _run({name: {"p": 1.0}}, batch)
    assert torch.equal(flipped[0], as_float(image.flip(axis)))
    assert torch.equal(flipped[1], target.flip(axis).long())
    some = [bool(_run({name: {"p": 0.5}}, batch, epoch)[1][0].equal(target[0].long())) for epoch in range(20)]
    assert 3 < sum(some) < 17


def test_identity_parameters_change_nothing(batch: Pair) -> None:
    """Warps by nothing give the target to the bit and the image within 1e-6."""
    nothing = {
        "scale": {"range": [1, 1]},
        "rotate": {"degrees": 0},
        "shear": {"degrees": 0},
        "translate": {"fraction": 0},
        "perspective": {"strength": 0},
        "elastic": {"amplitude": 0, "cells": 4},
    }
    image, target = _run(nothing, batch)
    assert torch.equal(target, batch[1].long())
    torch.testing.assert_close(image, as_float(batch[0]), atol=1e-6, rtol=0)


def test_a_crop_is_a_window_of_the_picture(batch: Pair) -> None:
    """A crop alone copies a window of whole pixels, another one each epoch."""
    image, target = as_float(batch[0]), batch[1]
    found = set()
    for epoch in range(4):
        cut, labels = _run({"crop": [20, 16]}, batch, epoch)
        for at in range(6):
            windows = target[at].unfold(0, 20, 1).unfold(1, 16, 1)
            same = [
                (y, x)
                for y, x in torch.argwhere((windows == labels[at]).all(dim=(2, 3))).tolist()
                if torch.allclose(image[at, :, y : y + 20, x : x + 16], cut[at], atol=1e-4)
            ]
            assert same
            found.add(same[0])
    assert len(found) > 10


def test_a_larger_crop_holds_the_whole_picture(batch: Pair) -> None:
    """A crop larger than the picture shows all of it, and ignores the rest."""
    target = _run({"crop": [60, 64]}, batch)[1]
    assert target.shape == (6, 60, 64)
    assert ((target != 255).sum(dim=(1, 2)) == 48 * 40).all()


def test_image_and_target_move_together() -> None:
    """Where the picture's colour encodes its label, it still does after all warps, away from edges."""
    generator = torch.Generator().manual_seed(0)
    target = torch.randint(0, 5, (4, 4, 4), generator=generator).repeat_interleave(16, 1).repeat_interleave(16, 2)
    image = (target * 50).byte()[..., None].expand(-1, -1, -1, 3).contiguous()
    for epoch in range(4):
        warped, labels = _run(WARPS | {"scale": {"range": [0.8, 1.5]}}, (image, target.byte()), epoch)
        value = warped[:, 0] * 255 / 50
        # Where all neighbours in the warped image agree, no edge of the picture is near
        low, high = (-torch.nn.functional.max_pool2d(-value, 3, 1, 1), torch.nn.functional.max_pool2d(value, 3, 1, 1))
        flat = (high - low < 1e-3) & (labels != 255)
        assert flat.float().mean() > 0.2
        assert torch.equal(value[flat].round().long(), labels[flat])


@settings(max_examples=50)
@given(epoch=st.integers(0, 10**6), height=st.integers(8, 64), width=st.integers(8, 64), crop=st.booleans())
def test_maps_stay_on_this_side_of_the_horizon(epoch: int, height: int, width: int, crop: bool) -> None:
    """The strongest settings keep depth positive over the whole result, and its middle inside the picture."""
    config = read_settings(WARPS | {"rotate": {"degrees": 180}, "crop": [20, 90] if crop else None})
    size = config.crop or (height, width)
    maps = homographies(config, Draws(0, epoch, np.arange(4)), (height, width), size)
    corners = np.array([[0, size[1], 0, size[1]], [0, 0, size[0], size[0]], [1, 1, 1, 1]])
    assert (maps @ corners)[:, 2].min() > 0.2
    middle = maps @ np.array([size[1] / 2, size[0] / 2, 1])
    assert np.allclose(middle[:, 2], 1)
    inside = middle[:, :2] / np.array([width, height])
    assert inside.min() > 0.099
    assert inside.max() < 0.901
