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

    If there are fewer samples than a batch holds, the batch is all of them (rounded down to a multiple of the ranks),
    so that a handful of pictures trains too.

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
        self.batch = min(batch, n // world * world)
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
        share = self.batch // self._world
        for at in range(self.start, len(self)):
            first = at * self.batch + self._rank * share
            yield np.sort(order[first : first + share])


class EvalOrder:
    """Every sample once over all ranks, in order; ranks may differ by one sample, and a rank may have none."""

    def __init__(self, n: int, batch: int, *, rank: int = 0, world: int = 1) -> None:
        """Takes the size of the set and this process's place.

        Args:
            n: Number of samples.
            batch: Global batch size; each rank takes its share, and at least one sample, at a time.
            rank: Number of this process.
            world: How many processes share the set.
        """
        self._indices: Indices = np.arange(rank, n, world, dtype=np.int64)
        self._share = max(1, batch // world)

    def __len__(self) -> int:
        return -(-len(self._indices) // self._share)

    def __iter__(self) -> Iterator[Indices]:
        for first in range(0, len(self._indices), self._share):
            yield self._indices[first : first + self._share].copy()
