"""Position embeddings resampled to another grid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from kirie.models import Segmenter
from kirie.models.positions import fitted

Make = Callable[..., dict[str, Any]]
Build = Callable[..., Segmenter]


def test_resamples_positions_only(small: Make, build: Build) -> None:
    """A position embedding of another grid is resampled; another tensor of another shape does not fit."""
    encoder = build(small("dpt", image_size=64)).network.get_submodule("encoder")
    wanted = encoder.state_dict()["model.pos_embed"]
    assert wanted.shape[1] == 1 + 4 * 4
    flat = torch.full((1, 1 + 14 * 14, wanted.shape[2]), 0.5)
    found = fitted(encoder, "model.pos_embed", flat, wanted)
    assert found is not None
    assert found.shape == wanted.shape
    torch.testing.assert_close(found, torch.full_like(wanted, 0.5))
    assert fitted(encoder, "model.pos_embed", torch.zeros(1, 1 + 14 * 13, wanted.shape[2]), wanted) is None
    assert fitted(encoder, "model.norm.weight", torch.zeros(3), encoder.state_dict()["model.norm.weight"]) is None
    assert fitted(encoder, "model.pos_embed", wanted, wanted) is wanted


def test_weights_trained_at_another_size_load_whole(tmp_path: Path, small: Make, build: Build) -> None:
    """A transformer trained at 64 px fills every tensor of one for 128 px."""
    source = build(small("dpt", image_size=64))
    torch.save(source.network.get_submodule("encoder").state_dict(), tmp_path / "x.pth")
    model = build(small("dpt", image_size=128, weights=str(tmp_path / "x.pth")))
    total = len(source.network.get_submodule("encoder").state_dict())
    assert f"{total} of {total}" in model.origin
