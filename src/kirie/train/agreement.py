"""One answer for all processes of a training: what one of them has noticed, all of them act on at the same batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
import torch
import torch.distributed as dist


class Agreement:
    """Joins what the processes noticed; alone it costs nothing.

    Between processes it is one reduction of a few bytes over host memory (gloo), also where the devices talk by nccl:
    that would wait for all work that is queued on the device.
    """

    def __init__(self) -> None:
        self._group: Any = None
        self._world = 1

    def set_up(self, trainer: pl.Trainer) -> None:
        """Opens the connection; every process calls this at the same place."""
        self._world = trainer.world_size
        if self._world > 1:
            self._group = dist.new_group(backend="gloo")

    def any(self, noticed: Sequence[bool]) -> list[bool]:
        """For each fact, whether any process noticed it; every process calls this at the same place."""
        if self._world == 1:
            return list(noticed)
        facts = torch.tensor(noticed, dtype=torch.uint8)
        dist.all_reduce(facts, op=dist.ReduceOp.MAX, group=self._group)
        return [bool(fact) for fact in facts]
