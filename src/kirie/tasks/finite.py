"""A loss that is no number stops the run, with the pictures it came from; nothing waits for the device to find out.

Reading a loss from a GPU would wait for all work queued there. So its value is copied beside that work and looked at
when it has arrived, usually one step later; before a checkpoint is written all are waited for. On a CPU it is there.

Shapes: B batch.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from kirie.errors import RunError

_NAMED = 16
"""Pictures that a message names; of a larger batch the first ones."""


class _Seen(NamedTuple):
    value: Tensor
    arrived: Any  # torch's events have no types
    index_B: Tensor
    epoch: int
    step: int


class LossWatch:
    """Looks at every loss of a training; see the module.

    Args:
        names: Names of the training pictures, by their index.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._waiting: deque[_Seen] = deque()

    def see(self, loss: Tensor, index_B: Tensor, epoch: int, step: int) -> None:
        """Takes a step's loss, and looks at those that have arrived.

        Args:
            loss: Scalar, without a gradient.
            index_B: The pictures of the batch, int64, in host memory; -1 for a filler.
            epoch: The epoch, from 0.
            step: Optimizer steps before this one.

        Raises:
            RunError: One of them is no number.
        """
        self._waiting.append(self._seen(loss, index_B, epoch, step))
        while self._waiting and (self._waiting[0].arrived is None or self._waiting[0].arrived.query()):
            self._look(self._waiting.popleft())

    def check(self) -> None:
        """Waits for all losses that were seen.

        Raises:
            RunError: One of them is no number.
        """
        while self._waiting:
            seen = self._waiting.popleft()
            if seen.arrived is not None:
                seen.arrived.synchronize()
            self._look(seen)

    @staticmethod
    def _seen(loss: Tensor, index_B: Tensor, epoch: int, step: int) -> _Seen:
        if not loss.is_cuda:
            return _Seen(loss, None, index_B, epoch, step)
        # Pinned, so that the copy goes on beside the device's work
        value = torch.empty(loss.shape, dtype=loss.dtype, pin_memory=True).copy_(loss, non_blocking=True)
        return _Seen(value, torch.cuda.current_stream(loss.device).record_event(), index_B, epoch, step)

    def _look(self, seen: _Seen) -> None:
        value = float(seen.value)
        if math.isfinite(value):
            return
        self._waiting.clear()
        at = [int(index) for index in seen.index_B if index >= 0]
        names = [self._names[index] if index < len(self._names) else f"number {index}" for index in at]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        raise RunError(
            f"The loss of step {seen.step + 1} (epoch {seen.epoch + 1}) is {value} and teaches nothing: the "
            f"batch was {', '.join(names[:_NAMED])}{more}. Lower optimizer.lr, set train.clip_norm, use "
            "train.precision=32-true, or look at these pictures; then train again."
        )
