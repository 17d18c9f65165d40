"""Loaders give the store's bytes, and go on where they were."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Generator
from pathlib import Path
from typing import cast

import pytest
import torch
from tests.data.conftest import MakeStore

from kirie.data.loader import Batch, Loader, Targets, TrainLoader
from kirie.data.order import EvalOrder, TrainOrder
from kirie.errors import StoreError


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_batches_are_the_stores_bytes(make_store: MakeStore, workers: int) -> None:
    """A batch holds the samples of its indices, 8-bit, with or without workers, epoch after epoch."""
    split = make_store({"train": 3, "val": 9}).split("val")
    loader = Loader(split, EvalOrder(9, 4), workers)
    for _ in range(2):
        batches = list(loader)
        assert [batch["index"].tolist() for batch in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8]]
        for batch in batches:
            assert batch["image"].dtype == batch["target"].dtype == torch.uint8
            # val begins at row 3 of the store
            assert torch.equal(batch["image"][:, 0, 0, 0], (batch["index"] + 3).byte())
            assert torch.equal(batch["target"][:, 0, 0], ((batch["index"] + 3) % 3).byte())
            assert batch["image"].shape[1:] == (8, 8, 3)
    assert len(loader) == 3


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("targets", ["instances", "both"])
def test_instances_come_with_their_things(make_store: MakeStore, workers: int, targets: Targets) -> None:
    """The target is the map, `things` says what its numbers are, and evaluation has the label ids too."""
    split = make_store({"train": 3, "val": 7}).split("val")
    for batch in Loader(split, EvalOrder(7, 4), workers, targets):
        assert set(batch) == {"image", "target", "index", "things"} | ({"semantic"} if targets == "both" else set())
        assert batch["things"].shape == (len(batch["index"]), 254, 2)
        assert batch["things"].dtype == torch.int64
        assert (batch["things"][:, 2:] == torch.tensor([-1, 0])).all()
        for at, i in enumerate(batch["index"].tolist()):
            label = i % 3
            assert batch["target"][at, 0, [0, 7]].tolist() == ([1, 2] if label else [0, 0])
            assert batch["things"][at, :2].tolist() == ([[label, 0], [label, 1]] if label else [[-1, 0], [-1, 0]])
            if targets == "both":
                assert (batch["semantic"][at] == label).all()
        assert torch.equal(batch["image"][:, 0, 0, 0], (batch["index"] + 3).byte())


def test_instances_do_not_change_the_order(make_store: MakeStore) -> None:
    """A seed's batches hold the same samples with and without instances, also after resuming."""
    split = make_store({"train": 11}).split("train")
    loaders = [TrainLoader(split, TrainOrder(11, 2, seed=5), 0, targets) for targets in ("semantic", "instances")]
    first, second = ([batch["index"].tolist() for batch in loader] for loader in loaders)
    assert first == second
    list(itertools.islice(loaders[0], 3))
    loaders[1].load_state_dict(loaders[0].state_dict())
    assert [batch["index"].tolist() for batch in loaders[1]] == first[3:]


def test_changing_a_batch_leaves_the_store_alone(make_store: MakeStore) -> None:
    """Batches are copies: writing into one does not change what the next epoch gives."""
    loader = Loader(make_store({"val": 4}).split("val"), EvalOrder(4, 4), 0)
    first = next(iter(loader))
    for part in (first["image"], first["target"], first["index"]):
        part.fill_(99)
    again = next(iter(loader))
    assert again["index"].tolist() == [0, 1, 2, 3]
    assert again["image"].max() == 3


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_a_resumed_loader_gives_the_rest_of_the_epoch(make_store: MakeStore, workers: int) -> None:
    """After k batches, a new loader with the saved state gives batches k + 1 to the end, then whole epochs."""
    split = make_store({"train": 11}).split("train")
    first = TrainLoader(split, TrainOrder(11, 2, seed=5), 0)
    first.sampler.set_epoch(3)
    whole = [batch["index"].tolist() for batch in first]
    list(itertools.islice(first, 2))
    state = first.state_dict()
    assert state == {"epoch": 3, "batch": 2}

    second = TrainLoader(split, TrainOrder(11, 2, seed=5), workers)
    second.load_state_dict(state)
    # Lightning asks for the iterator first and names the epoch afterwards
    iterator = iter(second)
    second.sampler.set_epoch(3)
    assert [batch["index"].tolist() for batch in iterator] == whole[2:]
    assert len(second) == len(whole) == 5
    assert [batch["index"].tolist() for batch in second] == whole


def test_a_position_of_another_epoch_is_not_used(make_store: MakeStore) -> None:
    """A state saved at the end of epoch 3 starts epoch 4 at its beginning."""
    loader = TrainLoader(make_store({"train": 6}).split("train"), TrainOrder(6, 2, seed=0), 0)
    loader.load_state_dict({"epoch": 3, "batch": 3})
    loader.sampler.set_epoch(4)
    assert len(list(loader)) == 3


def test_leaving_an_epoch_early_ends_its_threads(make_store: MakeStore) -> None:
    """A loop that stops after one batch leaves no thread behind, and the next one starts over."""
    loader = TrainLoader(make_store({"train": 40}).split("train"), TrainOrder(40, 2, seed=0), 2)
    with contextlib.closing(cast(Generator[Batch, None, None], iter(loader))) as iterator:
        next(iterator)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("kirie-loader")]
    assert len(list(loader)) == 20


def test_a_workers_error_reaches_the_loop(make_store: MakeStore, tmp_path: Path) -> None:
    """A store that loses its files under a running loader ends in its sentence, not in a hanging loop."""
    split = make_store({"val": 4}).split("val")
    for path in tmp_path.glob("*.u8"):
        path.unlink()
    with pytest.raises(StoreError, match="cannot be opened"):
        list(Loader(split, EvalOrder(4, 2), 2))


def test_iterating_leaves_the_global_generator_alone(make_store: MakeStore) -> None:
    """Starting an iterator draws nothing from torch's global generator, so that resuming does not shift it."""
    loader = TrainLoader(make_store({"train": 4}).split("train"), TrainOrder(4, 2, seed=0), 0)
    before = torch.get_rng_state()
    list(loader)
    assert torch.equal(before, torch.get_rng_state())
