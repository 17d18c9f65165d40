"""Batch norm over the global batch: each process normalises by the statistics of all, as one device would.

torch's own SyncBatchNorm refuses CPUs, and Lightning's conversion to it would drop the activation that timm keeps
inside its norm layers (`BatchNormAct2d`), so the few lines are here and the tests run them.

Shapes: B batch of this process, C channels, H, W pixels.
"""

from __future__ import annotations

import torch
from timm.layers.norm_act import BatchNormAct2d
from torch import Tensor, nn
from typing_extensions import override

from kirie.tasks.processes import shared_sum, world


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Batch norm that takes its statistics over all processes while it trains; parameters and buffers are as before."""

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Normalises (B, C, H, W)."""
        if not self.training or world() == 1:
            return super().forward(input)
        return self._normalised(input)

    def _normalised(self, image_BCHW: Tensor) -> Tensor:
        value_BCHW = image_BCHW.float()
        # Of the distance from the running mean, which all processes have alike: squares of the values themselves
        # would cancel where the mean is large
        from_C = self.running_mean if self.running_mean is not None else value_BCHW.new_zeros(self.num_features)
        apart_BCHW = value_BCHW - from_C.view(1, -1, 1, 1)
        count = value_BCHW.new_tensor([value_BCHW.numel() / self.num_features])
        found = torch.cat([apart_BCHW.sum((0, 2, 3)), apart_BCHW.square().sum((0, 2, 3)), count])
        found = shared_sum(found)
        sum_C, square_C = found[: self.num_features], found[self.num_features : -1]
        total = found[-1].detach()
        mean_C = sum_C / total
        variance_C = (square_C / total - mean_C.square()).clamp_min(0)
        self._remember(from_C + mean_C.detach(), variance_C.detach() * (total / (total - 1).clamp_min(1)))
        scale_C = torch.rsqrt(variance_C + self.eps)
        if self.weight is not None:
            scale_C = scale_C * self.weight
        found_BCHW = (apart_BCHW - mean_C.view(1, -1, 1, 1)) * scale_C.view(1, -1, 1, 1)
        if self.bias is not None:
            found_BCHW = found_BCHW + self.bias.view(1, -1, 1, 1)
        normalised_BCHW: Tensor = found_BCHW.to(image_BCHW.dtype)
        return normalised_BCHW

    def _remember(self, mean_C: Tensor, variance_C: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean_C, share)
        self.running_var.lerp_(variance_C, share)


class SharedBatchNormAct2d(SharedBatchNorm2d):
    """timm's batch norm with dropout and activation, shared."""

    drop: nn.Module
    act: nn.Module

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Normalises, drops and activates (B, C, H, W)."""
        found: Tensor = self.act(self.drop(super().forward(input)))
        return found


def share_batch_norm(model: nn.Module) -> int:
    """Replaces every batch norm inside a model by one that all processes share; names and values stay.

    Returns:
        How many there are.
    """
    found = 0
    for name, child in model.named_children():
        if isinstance(child, nn.BatchNorm2d) and not isinstance(child, SharedBatchNorm2d):
            setattr(model, name, _shared(child))
            found += 1
        else:
            found += share_batch_norm(child)
    return found


def _shared(norm: nn.BatchNorm2d) -> SharedBatchNorm2d:
    kind = SharedBatchNormAct2d if isinstance(norm, BatchNormAct2d) else SharedBatchNorm2d
    shared = kind(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
    shared.weight, shared.bias = norm.weight, norm.bias
    shared.running_mean, shared.running_var = norm.running_mean, norm.running_var
    shared.num_batches_tracked = norm.num_batches_tracked
    if isinstance(shared, SharedBatchNormAct2d) and isinstance(norm, BatchNormAct2d):
        shared.drop, shared.act = norm.drop, norm.act
    return shared.train(norm.training)
