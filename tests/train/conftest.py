"""The smallest real training: a tiny U-Net on the drawn shapes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kirie.train.compose import compose_config, config_folder


@pytest.fixture(scope="session")
def tiny_overrides(shapes_store: Path) -> list[str]:
    """Overrides of a training of seconds; `runs` is to be added."""
    return [
        "model=unet",
        "model.encoder=tu-mobilenetv3_small_050",
        "augment=light",
        "trainer=cpu",
        "trainer.threads=1",
        "log=none",
        "train.epochs=2",
        "data.batch_size=8",
        f"data.store={shapes_store}",
    ]


@pytest.fixture(scope="session")
def tiny(tiny_overrides: list[str]) -> Callable[..., dict[str, Any]]:
    """Composes that training with further overrides."""

    def compose(*more: str) -> dict[str, Any]:
        return compose_config([*tiny_overrides, *more], config_folder())

    return compose
