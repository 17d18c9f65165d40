"""From instance maps to what a detector learns from."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from kirie.tasks.targets import boxes_of, targets_of


def _things(*rows: list[tuple[int, int]]) -> Tensor:
    """Labels and crowds of the ids from 1, as a batch has them."""
    things_BI2 = torch.tensor([-1, 0]).repeat(len(rows), 254, 1)
    for things_I2, row in zip(things_BI2, rows, strict=True):
        things_I2[: len(row)] = torch.tensor(row, dtype=torch.int64).reshape(-1, 2)
    return things_BI2


def test_every_kind_of_pixel() -> None:
    """A whole thing is a target; crumbs, crowds, 255 and ids without a word are ignored; what has left is nothing."""
    ids_HW = torch.zeros(8, 10, dtype=torch.int64)
    ids_HW[1:4, 2:9] = 1
    ids_HW[6, 0] = 2  # a crumb
    ids_HW[6, 2:6] = 3  # a crowd
    ids_HW[7, :] = 255
    ids_HW[0, 0:4] = 9  # nobody says what
    (found,) = targets_of(ids_HW[None], _things([(3, 0), (1, 0), (2, 1), (4, 0)]), min_area=4)
    assert found["boxes"].tolist() == [[2.0, 1.0, 9.0, 4.0]]
    assert found["labels"].tolist() == [3]
    assert torch.equal(found["masks"], (ids_HW == 1)[None])
    assert torch.equal(found["ignored"], (ids_HW > 1))


def test_a_picture_without_things() -> None:
    """Empty targets of the right shapes and types, beside a picture that has some."""
    ids_BHW = torch.zeros(2, 5, 6, dtype=torch.int64)
    ids_BHW[1, :2, :2] = 1
    empty, full = targets_of(ids_BHW, _things([(1, 0)], [(2, 0)]), min_area=1)
    assert empty["boxes"].shape == (0, 4)
    assert empty["boxes"].dtype == torch.float32
    assert empty["labels"].shape == (0,)
    assert empty["masks"].shape == (0, 5, 6)
    assert not empty["ignored"].any()
    assert full["labels"].tolist() == [2]


@given(st.integers(0, 2**32 - 1))
def test_boxes_are_tight(seed: int) -> None:
    """A box is where a mask's pixels are, its far sides exclusive."""
    rng = np.random.default_rng(seed)
    masks_NHW = rng.random((3, 7, 9)) < rng.uniform(0.02, 0.5)
    masks_NHW[:, rng.integers(7), rng.integers(9)] = True
    rows, columns = ([np.flatnonzero(mask_HW.any(axis=axis)) for mask_HW in masks_NHW] for axis in (1, 0))
    expected = [[x.min(), y.min(), x.max() + 1, y.max() + 1] for x, y in zip(columns, rows, strict=True)]
    assert boxes_of(torch.from_numpy(masks_NHW)).tolist() == expected
