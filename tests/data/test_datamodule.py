"""The data module under a real Trainer: splits, and exact resuming in the middle of an epoch."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from tests.data.conftest import MakeStore

from kirie.data.datamodule import StoreDataModule
from kirie.errors import ConfigError, StoreError
from kirie.prepare.store import Store

pytestmark = [
    # Lightning 2.6's own use of torch's pytree, new in torch 2.13; nothing that we call
    pytest.mark.filterwarnings(r"ignore:`isinstance\(treespec, LeafSpec\)` is deprecated:FutureWarning"),
]


class _Recorder(pl.LightningModule):
    """Learns one number; remembers which samples it saw in which epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen: list[tuple[int, list[int]]] = []
        self.evaluated: list[int] = []

    def training_step(self, batch: Any, _: int) -> torch.Tensor:
        self.seen.append((self.current_epoch, batch["index"].tolist()))
        loss: torch.Tensor = (self.weight - batch["image"].float().mean() / 255).square()
        return loss

    def validation_step(self, batch: Any, _: int) -> None:
        self.evaluated += batch["index"].tolist()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


class _SaveAt(pl.Callback):
    """Saves after one batch, and stops there if asked to, as a preempted job would."""

    def __init__(self, path: Path, step: int) -> None:
        self._path, self._step = path, step

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        if trainer.global_step == self._step:
            trainer.save_checkpoint(self._path)
            raise KeyboardInterrupt


def _trainer(folder: Path, *callbacks: pl.Callback, epochs: int = 4, **more: Any) -> pl.Trainer:
    return pl.Trainer(
        default_root_dir=folder,
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        callbacks=list(callbacks),
        num_sanity_val_steps=0,
        **more,
    )


def _data(store: Store, **more: Any) -> StoreDataModule:
    return StoreDataModule(store, **({"batch_size": 3, "seed": 11} | more))


@pytest.mark.parametrize("reload", [0, 1])
@pytest.mark.parametrize("step", [1, 3, 4, 5, 8, 10])
def test_a_resumed_run_sees_the_same_batches(make_store: MakeStore, tmp_path: Path, step: int, reload: int) -> None:
    """Stopped after any batch, the first or last of an epoch included, a run ends to the bit as one never stopped."""
    store = make_store({"train": 13, "val": 2})
    whole = _Recorder()
    _trainer(tmp_path, reload_dataloaders_every_n_epochs=reload).fit(whole, datamodule=_data(store))
    assert [epoch for epoch, _ in whole.seen] == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4

    checkpoint = tmp_path / "stopped.ckpt"
    stopped = _Recorder()
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        _trainer(tmp_path, _SaveAt(checkpoint, step)).fit(stopped, datamodule=_data(store))
    resumed = _Recorder()
    trainer = _trainer(tmp_path, reload_dataloaders_every_n_epochs=reload)
    trainer.fit(resumed, datamodule=_data(store), ckpt_path=checkpoint, weights_only=True)
    assert stopped.seen + resumed.seen == whole.seen
    assert torch.equal(resumed.weight, whole.weight)


@pytest.mark.parametrize("when", ["validation", "epoch"])
def test_a_run_resumed_between_epochs_goes_on_with_the_next(make_store: MakeStore, tmp_path: Path, when: str) -> None:
    """A checkpoint from the end of validation, or of the epoch, repeats no batch and leaves none out."""
    store = make_store({"train": 13, "val": 2})
    whole = _Recorder()
    _trainer(tmp_path).fit(whole, datamodule=_data(store))
    checkpoint = tmp_path / "between.ckpt"

    class _Save(pl.Callback):
        def on_validation_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
            if when == "validation" and trainer.current_epoch == 1:
                trainer.save_checkpoint(checkpoint)

        def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
            if when == "epoch" and trainer.current_epoch == 1:
                trainer.save_checkpoint(checkpoint)

    _trainer(tmp_path, _Save(), epochs=2).fit(_Recorder(), datamodule=_data(store))
    resumed = _Recorder()
    _trainer(tmp_path).fit(resumed, datamodule=_data(store), ckpt_path=checkpoint, weights_only=True)
    assert resumed.seen == whole.seen[8:]


def test_validation_sees_each_sample_once(make_store: MakeStore, tmp_path: Path) -> None:
    """With a batch that does not divide the split, every validation sample is seen once."""
    module = _Recorder()
    data = _data(make_store({"train": 3, "val": 7}), eval_batch_size=4)
    _trainer(tmp_path, epochs=1).fit(module, datamodule=data)
    assert module.evaluated == list(range(7))


def test_a_tiny_set_trains_and_says_so(make_store: MakeStore, caplog: pytest.LogCaptureFixture) -> None:
    """Five samples with a batch of eight: the batch is five, and a note says it."""
    data = _data(make_store({"train": 5}), batch_size=8)
    assert [len(batch["index"]) for batch in data.train_dataloader()] == [5]
    assert data.note is not None
    assert "5 samples, fewer than the batch of 8" in data.note
    assert data.note in caplog.text


@pytest.mark.parametrize("name", ["train", "val", "test"])
def test_an_empty_split_is_one_sentence(make_store: MakeStore, name: str) -> None:
    """A split without samples names itself and says what to do."""
    counts = {"train": 3, "val": 3, "test": 3} | {name: 0}
    with pytest.raises(StoreError, match=f"split '{name}'.*is empty.*kirie prepare"):
        getattr(_data(make_store(counts)), f"{name}_dataloader")()


def test_ranks_share_the_global_batch(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes see the two halves of the batches that one process sees."""
    store = make_store({"train": 12, "val": 5})

    def indices(rank: int, world: int, name: str) -> list[list[int]]:
        data = _data(store, batch_size=4)
        monkeypatch.setattr(data, "trainer", SimpleNamespace(global_rank=rank, world_size=world))
        return [batch["index"].tolist() for batch in getattr(data, f"{name}_dataloader")()]

    halves = zip(indices(0, 2, "train"), indices(1, 2, "train"), strict=True)
    assert [sorted(a + b) for a, b in halves] == indices(0, 1, "train")
    assert [indices(rank, 2, "val") for rank in range(2)] == [[[0, 1], [4]], [[2, 3], [-1]]]
    assert [len(indices(rank, 6, "val")) for rank in range(6)] == [2] * 6


def test_a_filler_counts_nowhere(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a process has nothing left of a batch, it gets a picture without a valid pixel."""
    data = _data(make_store({"val": 1}), batch_size=4)
    monkeypatch.setattr(data, "trainer", SimpleNamespace(global_rank=2, world_size=3))
    (batch,) = data.val_dataloader()
    assert batch["index"].tolist() == [-1]
    assert batch["image"].shape == (1, 8, 8, 3)
    assert (batch["target"] == 255).all()


def test_a_filler_has_no_instances(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """With instances a filler's map and label ids are ignored everywhere, and it has no things."""
    data = _data(make_store({"train": 1, "val": 1}), batch_size=4, instances=True)
    monkeypatch.setattr(data, "trainer", SimpleNamespace(global_rank=2, world_size=3))
    (batch,) = data.val_dataloader()
    assert batch["index"].tolist() == [-1]
    assert (batch["target"] == 255).all()
    assert (batch["semantic"] == 255).all()
    assert (batch["things"][..., 0] == -1).all()


def test_ranks_share_instances(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every process gets the maps and things of its own samples."""
    store = make_store({"train": 6})
    whole = {
        index: (target, things)
        for batch in _data(store, batch_size=6, instances=True).train_dataloader()
        for index, target, things in zip(batch["index"].tolist(), batch["target"], batch["things"], strict=True)
    }
    seen = []
    for rank in range(2):
        data = _data(store, batch_size=4, instances=True)
        monkeypatch.setattr(data, "trainer", SimpleNamespace(global_rank=rank, world_size=2))
        for batch in data.train_dataloader():
            assert "semantic" not in batch
            for index, target, things in zip(batch["index"].tolist(), batch["target"], batch["things"], strict=True):
                seen.append(index)
                assert torch.equal(target, whole[index][0])
                assert torch.equal(things, whole[index][1])
    assert len(seen) == len(set(seen)) == 4


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"eval_batch_size": 0}, {"workers": -1}, {"seed": -1}])
def test_numbers_out_of_range_are_refused(make_store: MakeStore, wrong: dict[str, int]) -> None:
    """A batch of nothing, or a negative number, names the setting and its least value."""
    with pytest.raises(ConfigError, match=f"data.{next(iter(wrong))}"):
        _data(make_store({"train": 3}), **wrong)


def test_the_index_stays_on_the_host(make_store: MakeStore) -> None:
    """Bytes go to the device and the index does not, so that drawing never waits for the device."""
    data = _data(make_store({"train": 3}))
    batch = data.transfer_batch_to_device(next(iter(data.train_dataloader())), torch.device("meta"), 0)
    assert batch["image"].device.type == batch["target"].device.type == "meta"
    assert batch["index"].device.type == "cpu"


def test_instances_go_to_the_device(make_store: MakeStore) -> None:
    """Things and label ids move with the batch."""
    data = _data(make_store({"train": 3, "val": 3}), instances=True)
    for loader, parts in ((data.train_dataloader(), {"things"}), (data.val_dataloader(), {"things", "semantic"})):
        batch = next(iter(loader))
        moved = data.transfer_batch_to_device(batch, torch.device("meta"), 0)
        assert set(moved) == set(batch) == {"image", "target", "index"} | parts
        assert moved["things"].device.type == moved.get("semantic", moved["things"]).device.type == "meta"
        assert moved["index"].device.type == batch["things"].device.type == "cpu"
