"""Parameters that no gradient reaches: stages of an encoder that a decoder does not read, a classifier left in place.

Distributed training waits for the gradient of every parameter that asks for one, and would stop at these.
"""

from __future__ import annotations

import copy

import torch

from kirie.models.detector import Detector
from kirie.models.probe import PADDED_TO
from kirie.models.segmenter import Segmenter

_ALWAYS_REACHED = ("network.rpn.", "network.roi_heads.")


def freeze_unreached(model: Segmenter | Detector, height: int, width: int) -> list[str]:
    """Stops parameters from asking for gradients that never come; they never changed in training either.

    Found by a backward pass on torch's meta device, in which nothing is computed; of a detector through its pyramid,
    after which every parameter takes part in a loss (see detector_heads).

    Args:
        model: The model.
        height: Height of the pictures it trains on, in pixels.
        width: Their width.

    Returns:
        The names of the parameters.
    """
    with torch.random.fork_rng(devices=[]):
        shadow = copy.deepcopy(model).to("meta").train()
        _backward(shadow, height, width)
    unreached = [
        name
        for name, parameter in shadow.named_parameters()
        if parameter.grad is None and not name.startswith(_ALWAYS_REACHED)
    ]
    for name in unreached:
        model.get_parameter(name).requires_grad_(False)
    return unreached


def _backward(model: Segmenter | Detector, height: int, width: int) -> None:
    if isinstance(model, Segmenter):
        model(torch.empty(2, 3, height, width, device="meta")).sum().backward()
        return
    # As forward pads
    sides = (side + -side % PADDED_TO for side in (height, width))
    levels = model.pyramid(torch.empty(2, 3, *sides, device="meta"))
    torch.autograd.backward([level_BCHW.sum() for level_BCHW in levels])
