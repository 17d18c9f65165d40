"""The composed colour matrix against Kornia's single operations, and hue's own laws."""

from __future__ import annotations

from collections.abc import Callable

import kornia
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.data.augment.conftest import Pair

from kirie.data.augment import as_float, build_augmentation
from kirie.data.augment.colour import LUMA, hue_matrix, mean_colour

E = kornia.enhance
KORNIA: dict[str, Callable[[torch.Tensor, float], torch.Tensor]] = {
    "brightness": E.adjust_brightness_accumulative,
    "contrast": E.adjust_contrast_with_mean_subtraction,
    "saturation": E.adjust_saturation_with_gray_subtraction,
    "gamma": E.adjust_gamma,
}


@pytest.mark.parametrize("factor", [0.6, 1.0, 1.3])
@pytest.mark.parametrize("name", KORNIA)
def test_each_change_is_kornias(name: str, factor: float) -> None:
    """One operation at a fixed factor gives Kornia's result for that factor."""
    # Blocks of 4, so that the mean over every fourth pixel is the mean
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randint(60, 190, (2, 8, 8, 3), generator=generator)
    image = coarse.byte().repeat_interleave(4, 1).repeat_interleave(4, 2)
    augment = build_augmentation({name: {"p": 1.0, "range": [factor, factor]}})
    found = augment(image, torch.zeros(2, 32, 32, dtype=torch.uint8), torch.arange(2), seed=0, epoch=0)[0]
    torch.testing.assert_close(found, KORNIA[name](as_float(image), factor), atol=2e-6, rtol=0)


def test_changes_in_a_row_are_kornias_in_a_row() -> None:
    """Brightness, contrast and saturation composed equal Kornia's calls one after the other, where nothing is cut."""
    generator = torch.Generator().manual_seed(1)
    image = torch.randint(100, 150, (2, 8, 8, 3), generator=generator).byte()
    image = image.repeat_interleave(4, 1).repeat_interleave(4, 2)
    factors = {"brightness": 1.2, "contrast": 0.7, "saturation": 1.4}
    config = {name: {"p": 1.0, "range": [factor, factor]} for name, factor in factors.items()}
    blank = torch.zeros(2, 32, 32, dtype=torch.uint8)
    found = build_augmentation(config)(image, blank, torch.arange(2), seed=0, epoch=0)[0]
    wanted = as_float(image)
    for name, factor in factors.items():
        wanted = KORNIA[name](wanted, factor)
    torch.testing.assert_close(found, wanted, atol=2e-6, rtol=0)


@given(radians=st.floats(-np.pi, np.pi))
def test_turning_hue_keeps_greys_and_luma(radians: float) -> None:
    """Greys stay as they are, luma stays, turning back undoes it, and no turn is the identity to the bit."""
    matrix = hue_matrix(np.array([radians]))[0]
    assert np.allclose(matrix @ np.ones(3), 1, atol=1e-12)
    assert np.allclose(LUMA @ matrix, LUMA, atol=1e-12)
    assert np.allclose(matrix @ hue_matrix(np.array([-radians]))[0], np.eye(3), atol=1e-12)
    assert np.array_equal(hue_matrix(np.zeros(1))[0], np.eye(3))


def test_hue_turns_red_towards_green() -> None:
    """A third of a circle brings red's chroma near that of green or blue, not back to red."""
    turned = hue_matrix(np.radians([120.0, -120.0])) @ np.array([1.0, 0.0, 0.0])
    assert sorted(turned.argmax(axis=1).tolist()) == [1, 2]


def test_targets_are_left_alone(batch: Pair) -> None:
    """Changes of colour and quality do not touch the target."""
    image, target = batch
    names = ("brightness", "contrast", "saturation", "hue", "gamma", "blur", "noise", "jpeg")
    found = build_augmentation({name: {"p": 1.0} for name in names})(image, target, torch.arange(6), seed=0, epoch=0)
    assert torch.equal(found[1], target.long())
    assert not torch.allclose(found[0], as_float(image), atol=0.05)
    assert 0 <= found[0].min() <= found[0].max() <= 1


def test_the_mean_is_that_of_every_fourth_pixel() -> None:
    """The mean colour counts rows and columns 0, 4, 8, ... in [0, 1]."""
    image = torch.arange(2 * 9 * 10 * 3).reshape(2, 9, 10, 3).byte()
    wanted = image.numpy()[:, ::4, ::4].mean(axis=(1, 2)) / 255
    assert np.allclose(mean_colour(image).numpy(), wanted, atol=1e-7)
