"""Parameters that no gradient reaches: stages of an encoder that a decoder does not read, a classifier left in place.

Distributed training waits for the gradient of every parameter that asks for one, and would stop at these.
"""

from __future__ import annotations

import copy

import torch

from kirie.models.segmenter import Segmenter


def freeze_unreached(model: Segmenter, height: int, width: int) -> list[str]:
    """Stops parameters from asking for gradients that never come; they never changed in training either.

    Found by a backward pass on torch's meta device, in which nothing is computed.

    Args:
        model: The model.
        height: Height of the pictures it trains on, in pixels.
        width: Their width.

    Returns:
        The names of the parameters.
    """
    with torch.random.fork_rng(devices=[]):
        shadow = copy.deepcopy(model).to("meta").train()
        shadow(torch.empty(2, 3, height, width, device="meta")).sum().backward()
    unreached = [name for name, parameter in shadow.named_parameters() if parameter.grad is None]
    for name in unreached:
        model.get_parameter(name).requires_grad_(False)
    return unreached
