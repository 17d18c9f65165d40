"""Draws depend on their key only, and look random."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from kirie.data.augment.draws import Draws, normal_field


@given(
    seed=st.integers(0, 2**63),
    epoch=st.integers(0, 10**6),
    index=st.lists(st.integers(0, 2**40), min_size=1, max_size=8),
)
def test_a_sample_draws_alike_in_any_company(seed: int, epoch: int, index: list[int]) -> None:
    """A sample alone draws what it draws in a batch, and the first numbers do not depend on how many are asked for."""
    together = Draws(seed, epoch, np.array(index))
    for at, one in enumerate(index):
        alone = Draws(seed, epoch, np.array([one]))
        assert np.array_equal(alone.uniform("a", 3)[0], together.uniform("a", 5)[at, :3])
        assert np.array_equal(alone.keys("a")[0], together.keys("a")[at])


def test_each_word_of_the_key_counts() -> None:
    """Another seed, epoch, sample or name draws other numbers, also when two words change places."""
    found = [
        tuple(Draws(seed, epoch, np.array([index])).uniform(name, 4)[0])
        for seed, epoch, index, name in itertools.product((0, 1, 2), (0, 1, 2), (0, 1, 2), ("a", "b", "a?"))
    ]
    assert len(set(found)) == len(found)


def test_draws_are_pinned() -> None:
    """The numbers never change between releases or machines, or runs could not be repeated."""
    draws = Draws(1, 2, np.array([3, 4]))
    assert draws.uniform("rotate", 2).round(6).tolist() == [[0.120392, 0.861116], [0.69697, 0.270074]]
    assert draws.keys("noise").tolist() == [[1309913710, 851892095], [896553026, -1024496311]]
    field = normal_field(torch.tensor([[1, 2]], dtype=torch.int32), 4)
    torch.testing.assert_close(field, torch.tensor([[0.129383, 0.820591, -0.467705, -1.842157]]), atol=1e-5, rtol=0)


def test_uniform_numbers_are_uniform_and_independent() -> None:
    """Over 20,000 samples: mean, variance, tenths, and correlation between columns, names, neighbours and epochs."""
    index = np.arange(20_000)
    first, second = (Draws(5, epoch, index).uniform("x", 2) for epoch in (0, 1))
    other = Draws(5, 0, index).uniform("y", 1)[:, 0]
    assert abs(first.mean() - 0.5) < 0.006
    assert abs(first.var() - 1 / 12) < 0.003
    tenths = np.histogram(first[:, 0], bins=10, range=(0, 1))[0]
    assert np.abs(tenths - 2000).max() < 200
    pairs = [(first[:, 0], x) for x in (first[:, 1], second[:, 0], other, np.roll(first[:, 0], 1))]
    assert all(abs(np.corrcoef(a, b)[0, 1]) < 0.03 for a, b in pairs)


def test_the_share_chosen_is_p() -> None:
    """About p of the samples are chosen, none at 0 and all at 1."""
    draws = Draws(0, 0, np.arange(20_000))
    assert abs(draws.chosen("a", 0.3).mean() - 0.3) < 0.015
    assert not draws.chosen("a", 0.0).any()
    assert draws.chosen("a", 1.0).all()


def test_noise_is_normal_and_white() -> None:
    """A field has the moments of a standard normal, no correlation with itself shifted, nor with another sample's."""
    keys = torch.from_numpy(Draws(0, 0, np.array([0, 1])).keys("noise"))
    field = normal_field(keys, 100_001)
    assert field.shape == (2, 100_001)
    a, b = field
    assert abs(float(a.mean())) < 0.015
    assert abs(float(a.std()) - 1) < 0.01
    assert abs(float((a**4).mean()) - 3) < 0.15
    half = 50_001
    for x, y in ((a[1:], a[:-1]), (a[256:], a[:-256]), (a[:50_000], a[half:]), (a, b)):
        assert abs(float((x * y).mean())) < 0.02
    assert torch.equal(normal_field(keys[1:], 100_001)[0], b)
