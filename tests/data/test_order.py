"""Batches are a function of (seed, epoch, position), whatever the number of ranks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kirie.data.order import FILLER, EvalOrder, TrainOrder, epoch_order
from kirie.errors import ConfigError


@given(n=st.integers(0, 200), seed=st.integers(0, 2**40), epoch=st.integers(0, 10_000))
def test_an_epoch_has_every_sample_once(n: int, seed: int, epoch: int) -> None:
    """The order of an epoch is a permutation, and asking again gives the same one."""
    order = epoch_order(n, seed, epoch)
    assert sorted(order.tolist()) == list(range(n))
    assert np.array_equal(order, epoch_order(n, seed, epoch))


def test_epochs_and_seeds_differ() -> None:
    """Another epoch or seed is another order; swapping the two numbers is not the same draw."""
    orders = [epoch_order(50, seed, epoch).tolist() for seed, epoch in ((0, 0), (0, 1), (1, 0), (1, 1))]
    assert all(a != b for a, b in itertools.combinations(orders, 2))


def test_the_order_is_pinned() -> None:
    """The order never changes between releases, or old runs could not be repeated."""
    assert epoch_order(10, 3, 2).tolist() == [2, 8, 9, 3, 6, 4, 1, 7, 5, 0]


@given(
    n=st.integers(1, 60),
    share=st.integers(1, 5),
    world=st.integers(1, 4),
    epoch=st.integers(0, 3),
    start=st.integers(0, 4),
)
def test_ranks_share_the_batches_of_one_device(n: int, share: int, world: int, epoch: int, start: int) -> None:
    """The ranks' slices of a batch, put together, are the batch that one device sees, from any start on."""
    batch = share * world
    if n < world:
        return
    alone = TrainOrder(n, batch, seed=7)
    ranks = [TrainOrder(n, batch, seed=7, rank=rank, world=world) for rank in range(world)]
    for order in (alone, *ranks):
        order.set_epoch(epoch)
    whole = list(alone)
    for order in ranks:
        order.start = start
        assert len(order) == len(whole)
    joined = [sorted(itertools.chain(*parts)) for parts in zip(*ranks, strict=True)]
    assert joined == [batch.tolist() for batch in whole[start:]]
    assert all(len(set(batch)) == ranks[0].batch for batch in joined)
    for parts in zip(*ranks, strict=True):
        assert 0 <= len(parts[0]) - len(parts[-1]) <= 1


def test_a_small_set_is_one_batch() -> None:
    """Five samples with a batch of eight give one batch of all five."""
    order = TrainOrder(5, 8, seed=0)
    assert [batch.tolist() for batch in order] == [[0, 1, 2, 3, 4]]
    assert order.batch == 5


def test_what_cannot_be_shared_is_refused() -> None:
    """A batch that ranks cannot share equally, or fewer samples than ranks, ends in a sentence."""
    with pytest.raises(ConfigError, match="multiple of 3"):
        TrainOrder(100, 8, seed=0, world=3)
    with pytest.raises(ConfigError, match="2 samples for 4 devices"):
        TrainOrder(2, 8, seed=0, world=4)


@given(n=st.integers(0, 60), batch=st.integers(1, 16), world=st.integers(1, 5))
def test_evaluation_sees_every_sample_once(n: int, batch: int, world: int) -> None:
    """Over all ranks every sample is evaluated exactly once, in the batches of one rank, and as often on every rank."""
    orders = [EvalOrder(n, batch, rank=rank, world=world) for rank in range(world)]
    joined = [[int(i) for part in parts for i in part if i != FILLER] for parts in zip(*orders, strict=True)]
    assert joined == [part.tolist() for part in EvalOrder(n, batch)]
    assert sorted(itertools.chain(*joined)) == list(range(n))
    assert all(len(order) == len(list(order)) == -(-n // batch) for order in orders)
    assert all(len(part) > 0 for order in orders for part in order)
