"""Which samples lie in which batch: a function of (seed, epoch, position) and of nothing else.

A batch is drawn for all devices together and cut into one slice a rank, so that a run on another number of devices,
or one that starts in the middle of an epoch, sees the same batches. Nothing is remembered between epochs.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kirie.errors import ConfigError

Indices = NDArray[np.int64]


def epoch_order(n: int, seed: int, epoch: int) -> Indices:
    """The order of n samples in one epoch: a permutation of 0 .. n - 1.

    Raw Philox words are sorted instead of asking numpy for a permutation: numpy promises the words for all its
    releases, but not what its generators make of them.

    Args:
        n: Number of samples.
        seed: The run's seed, 0 or more.
        epoch: The epoch, from 0.
    """
    words = np.random.Philox(np.random.SeedSequence([seed, epoch])).random_raw(n)
    return np.argsort(words, kind="stable").astype(np.int64)


class TrainOrder:
    """The batches of one rank, epoch by epoch; what does not fill the last batch waits for another epoch.

    If there are fewer samples than a batch holds, the batch is all of them, so that a handful of pictures trains too;
    the ranks' shares then differ by one where they must.

    Attributes:
        batch: The global batch size in use.
        epoch: The epoch that iterating gives.
        start: The batch at which iterating begins; set it to go on in the middle of an epoch.
    """

    def __init__(self, n: int, batch: int, *, seed: int, rank: int = 0, world: int = 1) -> None:
        """Takes the size of the set and this process's place.

        Args:
            n: Number of samples.
            batch: Global batch size, a multiple of `world`.
            seed: The run's seed.
            rank: Number of this process.
            world: How many processes share each batch.

        Raises:
            ConfigError: The batch cannot be shared equally, or there is less than one sample a process.
        """
        if batch < 1 or batch % world:
            raise ConfigError(
                f"The global batch size is {batch}, which {world} device(s) cannot share equally; "
                f"set data.batch_size to a multiple of {world}."
            )
        if n < world:
            raise ConfigError(f"There are {n} samples for {world} devices; use at most {n} device(s).")
        self.batch = min(batch, n)
        self.epoch = 0
        self.start = 0
        self._n, self._seed, self._rank, self._world = n, seed, rank, world

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch; Lightning calls this before each one."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Batches in a whole epoch, wherever iterating starts."""
        return self._n // self.batch

    def __iter__(self) -> Iterator[Indices]:
        """Gives this rank's indices of each batch, ascending: what is read in order is read faster."""
        order = epoch_order(self._n, self._seed, self.epoch)
        for at in range(self.start, len(self)):
            batch = order[at * self.batch : (at + 1) * self.batch]
            yield np.sort(_share(batch, self._rank, self._world))


FILLER = -1
"""The index of a sample that is there for the sake of a batch, and counts nowhere."""


class EvalOrder:
    """Every sample once over all ranks, in batches that are the same on any number of ranks.

    Every rank has equally many batches: DDP's forward is a collective call, for which a rank without a batch would
    leave the others waiting. A rank for whom nothing of a batch is left gets one FILLER.
    """

    def __init__(self, n: int, batch: int, *, rank: int = 0, world: int = 1) -> None:
        """Takes the size of the set and this process's place.

        Args:
            n: Number of samples.
            batch: Global batch size, of which each rank takes its share.
            rank: Number of this process.
            world: How many processes share the set.
        """
        self._n, self._batch, self._rank, self._world = n, batch, rank, world

    def __len__(self) -> int:
        """Batches, the same number on every rank."""
        return -(-self._n // self._batch)

    def __iter__(self) -> Iterator[Indices]:
        """Gives this rank's indices of each batch."""
        for first in range(0, self._n, self._batch):
            batch = np.arange(first, min(first + self._batch, self._n), dtype=np.int64)
            share = _share(batch, self._rank, self._world)
            yield share if len(share) else np.full(1, FILLER, dtype=np.int64)


def _share(batch: Indices, rank: int, world: int) -> Indices:
    """A rank's part of a batch; parts differ by one at most, and the first ranks have the larger ones."""
    return np.array_split(batch, world)[rank]
