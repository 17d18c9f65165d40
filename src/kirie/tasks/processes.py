"""Sums over the processes of a training that gradients go through; alone, every function gives back what it was given.

DDP averages the gradients of all processes. A loss made of sums over all of them is one number everywhere, and its
gradient is that of one process with the whole batch if each process's part counts as often as there are processes:
that is what `summed` does on the way back.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def world() -> int:
    """How many processes take part."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def summed(*values: Tensor) -> list[Tensor]:
    """Each value added up over all processes, in one call; what is made of the sums must be alike on all of them.

    Args:
        values: Tensors of the same shapes on every process, any numbers.
    """
    if world() == 1:
        return list(values)
    # Counts of pixels stay whole numbers in 64 bits
    joined = torch.cat([value.double().flatten() for value in values])
    parts = _Sum.apply(joined).split([value.numel() for value in values])
    kinds = [value.dtype if value.is_floating_point() else torch.float32 for value in values]
    return [part.view_as(value).to(kind) for part, value, kind in zip(parts, values, kinds, strict=True)]


def shared_sum(value: Tensor) -> Tensor:
    """A float tensor added up over all processes, each of which may make something else of the sum."""
    if world() == 1:
        return value
    found: Tensor = _SharedSum.apply(value)
    return found


def gathered(value: Tensor, fill: float) -> tuple[Tensor, int]:
    """All processes' rows in the order of their ranks, without a gradient.

    Args:
        value: (N,), where N may differ between processes.
        fill: What stands in the place of rows that a process with fewer has not.

    Returns:
        (M,), and the place of this process's first row in it.
    """
    if world() == 1:
        return value.detach(), 0
    most = torch.tensor([len(value)], device=value.device)
    dist.all_reduce(most, dist.ReduceOp.MAX)
    length = int(most)
    own = value.new_full((length,), fill)
    own[: len(value)] = value.detach()
    rows = [torch.empty_like(own) for _ in range(world())]
    dist.all_gather(rows, own)
    return torch.cat(rows), dist.get_rank() * length


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(_ctx: Any, value: Tensor) -> Tensor:
        total = value.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0] * world()


class _SharedSum(torch.autograd.Function):
    @staticmethod
    def forward(_ctx: Any, value: Tensor) -> Tensor:
        total = value.contiguous().clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        return total
