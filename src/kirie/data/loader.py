"""Batches as bytes: whole batches copied out of the memory-mapped store, 8-bit, ready for one transfer.

Decoding, resizing and painting were done by `prepare`; augmenting and normalising are done on the device. What is left
for a loader is to copy a few megabytes. Workers are therefore threads and not processes: copying leaves the
interpreter to others, and a process would have to hand the bytes over, which takes longer than the copy itself. Without
workers (the default) the copy is made when the batch is asked for; workers read ahead, which helps where the store
lies on a slow or shared disk (benchmarks/loader.py has the figures).

Shapes: B samples, H height, W width, C = 3 channels (RGB), N numbers that an instance can have.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Literal, NotRequired, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray

from kirie.core.instances import MAX_INSTANCES, Instance
from kirie.core.labels import IGNORE
from kirie.data.order import FILLER, EvalOrder, Indices, TrainOrder
from kirie.prepare.store import Split

Targets = Literal["semantic", "instances", "both"]
"""What a loader gives beside pictures: label ids, instance maps with their things, or the latter and label ids too."""

_NO_THING = (-1, 0)
_AHEAD = 2
"""Batches that each worker reads ahead."""


class Batch(TypedDict):
    """What training and evaluation get.

    Attributes:
        image: uint8 (B, H, W, 3), RGB.
        target: uint8 (B, H, W), 255 to ignore: label ids, or, with instances, their numbers, 0 for none.
        index: int64 (B,), positions in the split; -1 for a filler, whose target is 255 everywhere.
        things: With instances: int64 (B, N, 2). Label id and crowd (0 or 1) of instance k lie at k - 1; the label is -1
            where there is no such instance.
        semantic: With instances in evaluation: uint8 (B, H, W), label ids.
    """

    image: torch.Tensor
    target: torch.Tensor
    index: torch.Tensor
    things: NotRequired[torch.Tensor]
    semantic: NotRequired[torch.Tensor]


class Loader(Iterable[Batch], Sized):
    """Batches of a split in some order.

    Work begins at the first batch asked for and not at `iter()`: Lightning calls `iter()` before it has said which
    epoch comes (`FitLoop.setup_data` against `on_advance_start`), and workers must not fetch the wrong one.
    """

    def __init__(
        self, split: Split, order: TrainOrder | EvalOrder, workers: int, targets: Targets = "semantic"
    ) -> None:
        """Takes the split, the order to read it in, the number of threads that read ahead, and what to read."""
        self._split, self._order, self._workers, self._targets = split, order, workers, targets
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
        rows, filler = indices.clip(min=0), indices == FILLER
        if self._targets == "semantic":
            image_BHWC, target_BHW = self._split.read(rows)
            target_BHW[filler] = IGNORE
            return Batch(image=self._sent(image_BHWC), target=self._sent(target_BHW), index=torch.from_numpy(indices))
        image_BHWC, ids_BHW, instances = self._split.read_instances(rows)
        things_BN2 = _things(instances)
        ids_BHW[filler], things_BN2[filler] = IGNORE, _NO_THING
        batch = Batch(
            image=self._sent(image_BHWC),
            target=self._sent(ids_BHW),
            index=torch.from_numpy(indices),
            things=self._sent(things_BN2),
        )
        if self._targets == "both":
            semantic_BHW = self._split.read_targets(rows)
            semantic_BHW[filler] = IGNORE
            batch["semantic"] = self._sent(semantic_BHW)
        return batch

    def _sent(self, part: NDArray[np.uint8] | NDArray[np.int64]) -> torch.Tensor:
        """A tensor ready for the device: a transfer from pinned memory goes on beside the device's work."""
        tensor = torch.from_numpy(part)
        return tensor.pin_memory() if self._pin else tensor


def _things(instances: Sequence[Sequence[Instance]]) -> NDArray[np.int64]:
    """Labels and crowds by number, shape (B, N, 2)."""
    things_BN2 = np.empty((len(instances), MAX_INSTANCES, 2), dtype=np.int64)
    things_BN2[:] = _NO_THING
    for at, row in enumerate(instances):
        if row:
            things_BN2[at, : len(row)] = [(each.label, each.crowd) for each in row]
    return things_BN2


class TrainLoader(Loader):
    """Training batches that know where they are, so that a run goes on in the middle of an epoch.

    Lightning keeps `state_dict()` in every checkpoint (its loops look for this pair of methods on a loader) and gives
    it back on resuming. The position counts global batches, so it holds on another number of devices.

    Attributes:
        sampler: The order; Lightning looks for `set_epoch` under this name.
    """

    def __init__(self, split: Split, order: TrainOrder, workers: int, targets: Targets = "semantic") -> None:
        super().__init__(split, order, workers, targets)
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
