"""The store as Lightning wants it: one loader a split, cut to this process, and one transfer a batch."""

from __future__ import annotations

import logging
from pathlib import Path

import pytorch_lightning as pl
import torch

from kirie.data.loader import Batch, Loader, TrainLoader
from kirie.data.order import EvalOrder, TrainOrder
from kirie.errors import ConfigError, StoreError
from kirie.prepare.store import Split, Store

_log = logging.getLogger(__name__)


class StoreDataModule(pl.LightningDataModule):
    """Loaders for `train`, `val` and `test` of a store.

    Use with `Trainer(use_distributed_sampler=False)`: the loaders cut each global batch themselves.

    Attributes:
        store: The opened store.
        note: One sentence if training differs from what was asked for (a batch larger than the set), else None.
    """

    def __init__(
        self,
        store: Store | Path,
        *,
        batch_size: int,
        eval_batch_size: int | None = None,
        workers: int = 0,
        seed: int = 0,
        instances: bool = False,
    ) -> None:
        """Opens the store if it is not yet.

        Args:
            store: The store, or its folder.
            batch_size: Global batch size in training: samples an optimizer step sees over all devices.
            eval_batch_size: Global batch size in evaluation; that of training by default.
            workers: Threads a loader that read ahead; 0 reads when a batch is asked for.
            seed: The run's seed.
            instances: Batches have instance maps as target, and their things; in evaluation also label ids.

        Raises:
            StoreError: The store cannot be opened.
            ConfigError: A number is out of its range.
        """
        super().__init__()
        self._eval_batch = batch_size if eval_batch_size is None else eval_batch_size
        for name, number, least in (
            ("batch_size", batch_size, 1),
            ("eval_batch_size", self._eval_batch, 1),
            ("workers", workers, 0),
            ("seed", seed, 0),
        ):
            if number < least:
                raise ConfigError(f"data.{name} is {number}; it must be {least} or more.")
        self.store = Store.open(store) if isinstance(store, Path) else store
        self.note: str | None = None
        self._batch, self._workers, self._seed, self._instances = batch_size, workers, seed, instances

    def train_dataloader(self) -> TrainLoader:
        """Batches in the order that (seed, epoch) gives; the loader's state is the position in the epoch.

        Raises:
            StoreError: There are no training samples.
            ConfigError: The devices cannot share the batch.
        """
        rank, world = self._place()
        split = self._split("train")
        order = TrainOrder(len(split), self._batch, seed=self._seed, rank=rank, world=world)
        if order.batch < self._batch:
            self.note = (
                f"The training split has {len(split)} samples, fewer than the batch of {self._batch}; "
                f"the batch is {order.batch}."
            )
            if rank == 0:
                _log.warning(self.note)
        return TrainLoader(split, order, self._workers, "instances" if self._instances else "semantic")

    def val_dataloader(self) -> Loader:
        """Every validation sample once over all devices, in order."""
        return self._evaluation("val")

    def test_dataloader(self) -> Loader:
        """Every test sample once over all devices, in order."""
        return self._evaluation("test")

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, _: int) -> Batch:
        """Moves the bytes to the device; `index` stays in host memory.

        The augmentation's draws and the per-image table are made on the host from the index: reading it back from the
        device would wait for all work queued there.
        """
        moved = batch.copy()
        moved["image"] = batch["image"].to(device, non_blocking=True)
        moved["target"] = batch["target"].to(device, non_blocking=True)
        if "things" in batch:
            moved["things"] = batch["things"].to(device, non_blocking=True)
        if "semantic" in batch:
            moved["semantic"] = batch["semantic"].to(device, non_blocking=True)
        return moved

    def _evaluation(self, name: str) -> Loader:
        rank, world = self._place()
        split = self._split(name)
        order = EvalOrder(len(split), self._eval_batch, rank=rank, world=world)
        return Loader(split, order, self._workers, "both" if self._instances else "semantic")

    def _split(self, name: str) -> Split:
        split = self.store.split(name)
        if not split:
            raise StoreError(
                f"The split '{name}' of the store {self.store.path} is empty; add pictures or change the shares of the "
                "splits, then run `kirie prepare` again."
            )
        return split

    def _place(self) -> tuple[int, int]:
        """Rank and number of processes; alone if no trainer is attached."""
        return (0, 1) if self.trainer is None else (self.trainer.global_rank, self.trainer.world_size)
