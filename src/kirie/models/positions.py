"""A transformer's position embedding, brought to another grid of patches.

A tensor of another shape does not fit; a position embedding does, because neighbouring positions mean neighbouring
things: it is resampled like a picture, by timm's own function, as timm does with its downloads.

Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021, section 3.2.
"""

from __future__ import annotations

from typing import Any

from timm.layers.pos_embed import resample_abs_pos_embed
from torch import Tensor, nn


def fitted(encoder: nn.Module, name: str, tensor: Tensor, wanted: Tensor) -> Tensor | None:
    """A tensor from a file as it is, or resampled if it is a position embedding; None if it does not fit.

    Args:
        encoder: The encoder (or any module inside which it lies) that the tensor is for.
        name: The tensor's name in it.
        tensor: From the file.
        wanted: The tensor whose place it takes.
    """
    if tensor.shape == wanted.shape:
        return tensor
    if not name.endswith("pos_embed") or tensor.ndim != 3 or tensor.shape[-1] != wanted.shape[-1]:
        return None
    transformer: Any = encoder.get_submodule(name.rpartition(".")[0])
    grid = getattr(getattr(transformer, "patch_embed", None), "grid_size", None)
    if grid is None:
        return None
    prefix = wanted.shape[1] - grid[0] * grid[1]
    side = round((tensor.shape[1] - prefix) ** 0.5)
    if prefix < 0 or side < 1 or side * side + prefix != tensor.shape[1]:
        return None
    found: Tensor = resample_abs_pos_embed(tensor, new_size=list(grid), num_prefix_tokens=prefix)
    return found
