"""Every configuration under conf/ composes and runs one batch, forwards and backwards, on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from kirie.errors import DeviceError
from kirie.prepare.command import main as prepare
from kirie.prepare.store import Store
from kirie.train.compose import compose_config, config_folder
from kirie.train.devices import accelerator_of
from kirie.train.loop import build_data, build_task, facts_of, quiet_lightning
from kirie.train.overrides import groups
from kirie.train.settings import Settings

Compose = Callable[..., dict[str, Any]]
WITH_A_TINY_MODEL = [
    f"{group}={choice}"
    for group, choices in groups(config_folder()).items()
    for choice in choices
    if group not in {"model", "trainer", "log"}
]
MODELS = [
    # torchvision's whole ones have 40 million weights
    pytest.param(f"model={choice}", marks=pytest.mark.long if choice.startswith("maskrcnn_") else [])
    for choice in groups(config_folder())["model"]
]


def _one_batch(config: dict[str, Any], store: Path) -> float:
    """Trains and validates one batch; returns how far the first weight moved."""
    opened = Store.open(store)
    config = {**config, "model": {**config["model"], "image_size": list(opened.size)}}
    task = build_task(config, facts_of(opened))
    before = [parameter.detach().clone() for parameter in task.parameters()]
    quiet_lightning()
    trainer = pl.Trainer(
        fast_dev_run=True,
        accelerator="cpu",
        logger=False,
        use_distributed_sampler=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(task, datamodule=build_data(Settings.of(config)))
    loss = trainer.callback_metrics["train/loss"]
    assert torch.isfinite(loss), loss
    assert 0 <= float(trainer.callback_metrics["val/miou"]) <= 1
    return max(float((a - b.detach()).abs().max()) for a, b in zip(before, task.parameters(), strict=True))


@pytest.mark.parametrize("override", WITH_A_TINY_MODEL)
def test_a_choice_runs_one_batch(override: str, tiny: Compose, shapes_store: Path) -> None:
    """The loss is finite, the validation is scored, and the weights have moved."""
    small = ["model.encoder=tu-mobilenetv3_small_050"] if override.startswith("experiment") else []
    if override.startswith("experiment=instances"):
        # In place of the recipe's own model, which may be large or a download
        small += ["model=mask_rcnn", "model.weights=none"]
    assert _one_batch(tiny(override, *small), shapes_store) > 0


@pytest.mark.parametrize("override", MODELS)
def test_a_model_runs_one_batch_with_its_own_encoder(
    override: str, tiny_overrides: list[str], shapes_source: Path, shapes_store: Path, tmp_path: Path
) -> None:
    """Each file of conf/model runs as it is shipped."""
    words = [word for word in tiny_overrides if not word.startswith(("model", "data.store"))]
    store = shapes_store
    if override == "model=pan":  # its pyramid needs 128 pixels
        store = tmp_path / "store"
        assert prepare([str(shapes_source), "--out", str(store), "--size", "128", "--workers", "1"]) == 0
    config = compose_config([*words, override, "data.batch_size=4", f"data.store={store}"], config_folder())
    assert _one_batch(config, store) > 0


def test_a_gpu_that_is_not_there_is_named(tiny: Compose) -> None:
    """trainer=gpu without a GPU, and 16-mixed on a CPU, end in a sentence."""
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    config = tiny("trainer=gpu")
    with pytest.raises(DeviceError, match="sees no GPU"):
        accelerator_of(Settings.of(config))
    config = tiny("train.precision=16-mixed")
    with pytest.raises(DeviceError, match="needs a GPU"):
        accelerator_of(Settings.of(config))


def test_bf16_and_channels_last_run_on_a_cpu(tiny: Compose, shapes_store: Path) -> None:
    """NHWC memory changes the layout, not whether it trains."""
    assert _one_batch(tiny("trainer.channels_last=true"), shapes_store) > 0
