"""Batches as bytes: whole batches copied out of the memory-mapped store, 8-bit, ready for one transfer.

Decoding, resizing and painting were done by `prepare`; augmenting and normalising are done on the device. What is left
for a loader is a copy of a few megabytes, so that no worker process is the default: on two cores a copy in the training
process costs less than handing it over (benchmarks/loader.py has the figures).

Shapes: B samples, H height, W width, C = 3 channels (RGB).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import TypedDict

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from kirie.data.order import EvalOrder, Indices, TrainOrder
from kirie.prepare.store import Split


class Batch(TypedDict):
    """What training and evaluation get.

    Attributes:
        image: uint8 (B, H, W, 3), RGB.
        target: uint8 (B, H, W), label ids, 255 to ignore.
        index: int64 (B,), positions in the split.
    """

    image: torch.Tensor
    target: torch.Tensor
    index: torch.Tensor


class BatchDataset(Dataset[Batch]):
    """A split whose items are batches: an array of indices in, a batch out."""

    def __init__(self, split: Split) -> None:
        """Takes a split; it maps its files anew in every process it is sent to."""
        self._split = split

    def __getitem__(self, indices: Indices) -> Batch:
        image_BHWC, target_BHW = self._split.read(indices)
        return Batch(
            image=torch.from_numpy(image_BHWC),
            target=torch.from_numpy(target_BHW),
            index=torch.from_numpy(indices),
        )


class _Batches(Sampler[Indices]):
    """An order in the dress that DataLoader asks for."""

    def __init__(self, order: TrainOrder | EvalOrder) -> None:
        self._order = order

    def __iter__(self) -> Iterator[Indices]:
        return iter(self._order)

    def __len__(self) -> int:
        return len(self._order)


class Loader(Iterable[Batch], Sized):
    """Batches of a split in some order, by a torch DataLoader behind it.

    Work begins at the first batch asked for and not at `iter()`: Lightning calls `iter()` before it has said which
    epoch comes (`FitLoop.setup_data` against `on_advance_start`), and workers must not fetch the wrong one.
    """

    def __init__(self, split: Split, order: TrainOrder | EvalOrder, workers: int) -> None:
        """Takes the split, the order to read it in, and the number of worker processes."""
        self._batches: DataLoader[Batch] = DataLoader(
            BatchDataset(split),
            batch_size=None,
            sampler=_Batches(order),
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=torch.cuda.is_available(),
            # Its own generator: a DataLoader otherwise draws from torch's global one whenever it is iterated, and a
            # resumed run, which does so once more, would part from the run it continues.
            generator=torch.Generator(),
        )

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Batch]:
        yield from self._batches


class TrainLoader(Loader):
    """Training batches that know where they are, so that a run goes on in the middle of an epoch.

    Lightning keeps `state_dict()` in every checkpoint (its loops look for this pair of methods on a loader) and gives
    it back on resuming. The position counts global batches, so it holds on another number of devices.

    Attributes:
        sampler: The order; Lightning looks for `set_epoch` under this name.
    """

    def __init__(self, split: Split, order: TrainOrder, workers: int) -> None:
        super().__init__(split, order, workers)
        self.sampler = order
        self._position = (0, 0)
        self._resume: tuple[int, int] | None = None

    def __iter__(self) -> Iterator[Batch]:
        epoch = self.sampler.epoch
        # A position at the end of an earlier epoch was saved before Lightning counted that epoch: begin anew
        start = self._resume[1] if self._resume is not None and self._resume[0] == epoch else 0
        self._resume = None
        self.sampler.start = start
        for at, batch in enumerate(super().__iter__(), start + 1):
            # Before the batch is given out: a checkpoint written while it trains counts it as done
            self._position = (epoch, at)
            yield batch

    def state_dict(self) -> dict[str, int]:
        """The epoch, and how many of its global batches were given out."""
        return {"epoch": self._position[0], "batch": self._position[1]}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Goes on after the given position when its epoch is next iterated."""
        self._resume = self._position = (int(state_dict["epoch"]), int(state_dict["batch"]))
