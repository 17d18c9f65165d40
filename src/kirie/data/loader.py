"""Batches as bytes: whole batches copied out of the memory-mapped store, 8-bit, ready for one transfer.

Decoding, resizing and painting were done by `prepare`; augmenting and normalising are done on the device. What is left
for a loader is to copy a few megabytes. Workers are therefore threads and not processes: copying leaves the
interpreter to others, and a process would have to hand the bytes over, which takes longer than the copy itself. Without
workers (the default) the copy is made when the batch is asked for; workers read ahead, which helps where the store
lies on a slow or shared disk (benchmarks/loader.py has the figures).

Shapes: B samples, H height, W width, C = 3 channels (RGB).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypedDict

import torch

from kirie.core.labels import IGNORE
from kirie.data.order import FILLER, EvalOrder, Indices, TrainOrder
from kirie.prepare.store import Split

_AHEAD = 2
"""Batches that each worker reads ahead."""


class Batch(TypedDict):
    """What training and evaluation get.

    Attributes:
        image: uint8 (B, H, W, 3), RGB.
        target: uint8 (B, H, W), label ids, 255 to ignore.
        index: int64 (B,), positions in the split; -1 for a filler, whose target is 255 everywhere.
    """

    image: torch.Tensor
    target: torch.Tensor
    index: torch.Tensor


class Loader(Iterable[Batch], Sized):
    """Batches of a split in some order.

    Work begins at the first batch asked for and not at `iter()`: Lightning calls `iter()` before it has said which
    epoch comes (`FitLoop.setup_data` against `on_advance_start`), and workers must not fetch the wrong one.
    """

    def __init__(self, split: Split, order: TrainOrder | EvalOrder, workers: int) -> None:
        """Takes the split, the order to read it in, and the number of threads that read ahead."""
        self._split, self._order, self._workers = split, order, workers
        self._pin = torch.cuda.is_available()

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Batch]:
        if self._workers == 0:
            yield from map(self._read, self._order)
            return
        order = iter(self._order)
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="kirie-loader")
        try:
            ahead: deque[Future[Batch]] = deque(
                pool.submit(self._read, indices) for indices in islice(order, _AHEAD * self._workers)
            )
            while ahead:
                batch = ahead.popleft().result()
                ahead.extend(pool.submit(self._read, indices) for indices in islice(order, 1))
                yield batch
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _read(self, indices: Indices) -> Batch:
        # A filler's picture is the first one's, so that it has the right size, and no pixel of it counts
        image_BHWC, target_BHW = (torch.from_numpy(part) for part in self._split.read(indices.clip(min=0)))
        target_BHW[indices == FILLER] = IGNORE
        if self._pin:
            # A transfer from pinned memory goes on beside the device's work
            image_BHWC, target_BHW = image_BHWC.pin_memory(), target_BHW.pin_memory()
        return Batch(image=image_BHWC, target=target_BHW, index=torch.from_numpy(indices))


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
