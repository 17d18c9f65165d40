"""First weights: files, the local cache, and a download that cannot happen."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file
from segmentation_models_pytorch.encoders import get_encoder

from kirie.errors import ModelError
from kirie.models import Segmenter, weights

Make = Callable[..., dict[str, Any]]
Build = Callable[..., Segmenter]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a hub whose address nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def _place(hub: Path, repository: str, revision: str, state: dict[str, torch.Tensor], config: dict[str, Any]) -> None:
    """Lays files where the hub's client would have put a download."""
    folder = hub / f"models--{repository.replace('/', '--')}"
    (folder / "snapshots" / revision).mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(revision)
    save_file(state, folder / "snapshots" / revision / "model.safetensors")
    (folder / "snapshots" / revision / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize("encoder", ["resnet18", "tu-mobilenetv3_small_050"])
def test_download_that_cannot_happen(encoder: str, hub: Path, small: Make, build: Build) -> None:
    """One sentence within a few seconds: the file's address, where it goes, the override; no page of retries."""
    start = time.monotonic()
    with pytest.raises(ModelError) as caught:
        build(small("unet", encoder=encoder, weights="imagenet"))
    assert time.monotonic() - start < 8
    message = str(caught.value)
    assert f"encoder '{encoder}' cannot be downloaded" in message
    assert "model.safetensors on a machine that can" in message
    assert "set model.weights=path/to/model.safetensors" in message
    assert "\n" not in message


def test_offline_mode_is_respected(hub: Path, small: Make, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """HF_HUB_OFFLINE=1 asks nobody and says so."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"cannot be downloaded \(.*offline"):
        build(small("unet", weights="imagenet"))


def test_silent_server(hub: Path, small: Make, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that accepts and never answers is given up after the patience, not after minutes."""
    monkeypatch.setattr(weights, "PATIENCE_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        start = time.monotonic()
        with pytest.raises(ModelError, match="cannot be downloaded"):
            build(small("unet", weights="imagenet"))
    assert time.monotonic() - start < 5


def test_cached_weights_of_smp_need_no_network(hub: Path, build: Build) -> None:
    """What smp downloaded before loads from the cache, with the statistics published beside it."""
    state = get_encoder("resnet18", weights=None).state_dict()
    state = {name: torch.full_like(tensor, 0.25) for name, tensor in state.items()}
    found = weights.find_download("resnet18", "imagenet")
    assert found.repository is not None
    assert found.revision is not None
    published = {"mean": [51, 102, 153], "std": [51, 51, 51], "input_range": [0, 255], "input_space": "RGB"}
    _place(hub, found.repository, found.revision, state, published)
    model = build({"name": "unet", "encoder": "resnet18", "weights": "imagenet"})
    loaded = model.network.get_submodule("encoder").state_dict()
    assert all(torch.equal(loaded[name], state[name]) for name in loaded)
    torch.testing.assert_close(model.mean.flatten(), torch.tensor([0.2, 0.4, 0.6]))
    torch.testing.assert_close(model.std.flatten(), torch.tensor([0.2, 0.2, 0.2]))
    assert model.origin == "imagenet weights of 'resnet18'"


def test_cached_weights_of_timm_need_no_network(hub: Path, small: Make, build: Build) -> None:
    """What timm downloaded before loads from the cache through timm's own loader."""
    name = "mobilenetv3_small_050"
    source = timm.create_model(name)
    found = weights.find_download(f"tu-{name}", "imagenet")
    assert found.repository is not None
    _place(hub, found.repository, "0" * 40, source.state_dict(), {})
    model = build(small("unet", encoder=f"tu-{name}", weights="imagenet"))
    loaded = dict(model.network.get_submodule("encoder").named_parameters())
    assert torch.equal(loaded["model.conv_stem.weight"], source.state_dict()["conv_stem.weight"])
    cfg = timm.get_pretrained_cfg(name)
    assert cfg is not None
    torch.testing.assert_close(model.mean.flatten(), torch.tensor(cfg.mean))


def test_weights_that_do_not_exist(small: Make, build: Build) -> None:
    """An encoder without ImageNet weights names those it has."""
    with pytest.raises(ModelError, match="'resnext101_32x4d' has no 'imagenet' weights; it has ssl, swsl"):
        build({"name": "unet", "encoder": "resnext101_32x4d", "weights": "imagenet"})
    with pytest.raises(ModelError, match="has no 'imagenet' weights; it has none"):
        build({"name": "unet", "encoder": "tu-cs3darknet_s", "weights": "imagenet"})


def test_file_in_torchvisions_names(tmp_path: Path, small: Make, build: Build) -> None:
    """A torchvision state dict fills the encoder and brings ImageNet's statistics."""
    source = torchvision.models.resnet18(weights=None)
    torch.save(source.state_dict(), tmp_path / "resnet18.pth")
    model = build(small("unet", encoder="resnet18", weights=str(tmp_path / "resnet18.pth")))
    loaded = model.network.get_submodule("encoder").state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in source.state_dict().items() if name in loaded)
    torch.testing.assert_close(model.mean.flatten(), torch.tensor([0.485, 0.456, 0.406]))
    assert "100 of 100 tensors" in model.origin


def test_file_of_kirie_brings_its_statistics(tmp_path: Path, small: Make, build: Build) -> None:
    """A kirie checkpoint fills the encoder of another architecture, and its statistics come along."""
    source = build(small("fpn"))
    source.mean.fill_(0.125)
    torch.save({"state_dict": {f"model.{k}": v for k, v in source.state_dict().items()}}, tmp_path / "best.ckpt")
    model = build(small("unet", weights=str(tmp_path / "best.ckpt")))
    ours, theirs = (m.network.get_submodule("encoder").state_dict() for m in (model, source))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert model.mean.flatten().tolist() == [0.125] * 3


def test_file_of_another_encoder(tmp_path: Path, small: Make, build: Build) -> None:
    """A file that fits in part is refused with the counts and the share that is needed."""
    torch.save(torchvision.models.resnet18(weights=None).state_dict(), tmp_path / "x.pth")
    with pytest.raises(
        ModelError, match=r"x.pth has 100 of the 180 tensors of the encoder 'resnet34' .*90% are needed"
    ):
        build(small("unet", encoder="resnet34", weights=str(tmp_path / "x.pth")))


def test_file_that_is_not_there(small: Make, build: Build) -> None:
    """A path that leads nowhere is named."""
    with pytest.raises(ModelError, match=r"There is no checkpoint nowhere\.pth"):
        build(small("unet", weights="nowhere.pth"))


@pytest.mark.parametrize(
    ("encoder", "mean"), [("resnet18", 0.485), ("xception", 0.5), ("tu-vit_tiny_patch16_224", 0.5), ("mit_b0", 0.485)]
)
def test_statistics_without_network(encoder: str, mean: float) -> None:
    """Each encoder's statistics are known without asking anybody."""
    assert weights.statistics(encoder)[0][0] == mean
