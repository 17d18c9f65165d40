"""Checkpoints: read without trusting them, names brought to ours."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file
from segmentation_models_pytorch.encoders import get_encoder

from kirie.core.labels import LabelSet
from kirie.errors import ModelError
from kirie.models.checkpoint import Checkpoint, match, read_checkpoint, require_labels


class Bomb:
    """What a stranger's pickle may hold: running it would write a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.target),))


def test_reads_kiries_own(tmp_path: Path) -> None:
    """Tensors, labels, configuration and run come back from a Lightning checkpoint of kirie."""
    labels = LabelSet.from_names(["eye", "hair"])
    path = tmp_path / "best.ckpt"
    content = {
        "epoch": 3,
        "state_dict": {"model.network.a": torch.ones(2)},
        "kirie": {"labels": labels.to_dict(), "model": {"name": "unet"}, "run": "abc"},
    }
    torch.save(content, path)
    found = read_checkpoint(path)
    assert found.labels == labels
    assert (found.run, found.model) == ("abc", {"name": "unet"})
    assert list(found.state) == ["model.network.a"]


@pytest.mark.parametrize("wrap", [None, "state_dict", "model", "model_state_dict"])
def test_reads_plain_state_dicts(tmp_path: Path, wrap: str | None) -> None:
    """A bare state dict, or one inside the usual keys, is found; compiled modules' names are plain."""
    state = {"_orig_mod.a.weight": torch.ones(2)}
    torch.save({wrap: state} if wrap else state, tmp_path / "x.pth")
    assert list(read_checkpoint(tmp_path / "x.pth").state) == ["a.weight"]


def test_reads_safetensors(tmp_path: Path) -> None:
    """A safetensors file is read by its ending."""
    save_file({"a": torch.ones(2)}, tmp_path / "x.safetensors")
    assert list(read_checkpoint(tmp_path / "x.safetensors").state) == ["a"]


def test_reads_a_run_folder(tmp_path: Path) -> None:
    """A run folder means its best checkpoint."""
    (tmp_path / "checkpoints").mkdir()
    torch.save({"a": torch.ones(2)}, tmp_path / "checkpoints" / "best.ckpt")
    assert read_checkpoint(tmp_path).path.name == "best.ckpt"


def test_strangers_code_does_not_run(tmp_path: Path) -> None:
    """A pickle that would run code is refused with what it holds, and does not run."""
    target = tmp_path / "ran"
    torch.save({"state_dict": {"a": torch.ones(1)}, "x": Bomb(target)}, tmp_path / "x.pth")
    with pytest.raises(ModelError, match=r"is not opened: it holds a \w+\.mkdir"):
        read_checkpoint(tmp_path / "x.pth")
    assert not target.exists()


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04" + b"\0" * 40, b"\x80\x02}q\0."])
def test_damaged_files(tmp_path: Path, ending: str, content: bytes) -> None:
    """What is no checkpoint gives one sentence that names the file."""
    path = tmp_path / f"x.{ending}"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=re.escape(str(path))) as caught:
        read_checkpoint(path)
    assert "\n" not in str(caught.value)


def test_truncated_file(tmp_path: Path) -> None:
    """A checkpoint cut short is damaged, in one sentence."""
    torch.save({"a": torch.rand(1000)}, tmp_path / "x.pth")
    whole = (tmp_path / "x.pth").read_bytes()
    (tmp_path / "x.pth").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match="damaged"):
        read_checkpoint(tmp_path / "x.pth")


def test_nothing_there(tmp_path: Path) -> None:
    """A missing file, an empty folder and a file without tensors say what to name instead."""
    with pytest.raises(ModelError, match="There is no checkpoint"):
        read_checkpoint(tmp_path / "none.ckpt")
    with pytest.raises(ModelError, match=r"has no checkpoints/best\.ckpt"):
        read_checkpoint(tmp_path)
    torch.save({"epoch": 3}, tmp_path / "x.pth")
    with pytest.raises(ModelError, match="holds no tensors of a network; its keys are epoch"):
        read_checkpoint(tmp_path / "x.pth")
    torch.save([1, 2], tmp_path / "x.pth")
    with pytest.raises(ModelError, match="holds a list and no network"):
        read_checkpoint(tmp_path / "x.pth")


def test_another_label_set() -> None:
    """Other names, or another order, are refused with both sets and the way out; the same names pass."""
    ours = LabelSet.from_dict({"labels": ["background", "eye"]})
    require_labels(Checkpoint(Path("x"), {}, LabelSet.from_dict({"labels": ["background", "eye"]})), ours)
    require_labels(Checkpoint(Path("x"), {}), ours)
    for names in (["background", "hair"], ["eye", "background"]):
        other = Checkpoint(Path("x"), {}, LabelSet.from_dict({"labels": names}))
        with pytest.raises(ModelError, match=f"labels {', '.join(names)}; the data have background, eye.*init_from=x"):
            require_labels(other, ours)


@pytest.mark.parametrize("prefix", ["", "module.", "model.network.encoder.", "backbone.", "a.b.c."])
def test_match_finds_any_prefix(prefix: str) -> None:
    """Whatever stands before an encoder's names, each tensor finds its own."""
    wanted = get_encoder("resnet18", weights=None).state_dict()
    state = {prefix + name: tensor for name, tensor in wanted.items()} | {"head.weight": torch.ones(3)}
    found = match(state, wanted)
    assert dict(found.names) == {name: prefix + name for name in wanted}


@pytest.mark.parametrize(
    ("encoder", "make"),
    [
        ("resnet18", lambda: torchvision.models.resnet18(weights=None)),
        ("tu-resnet18", lambda: torchvision.models.resnet18(weights=None)),
        ("tu-convnext_atto", lambda: timm.create_model("convnext_atto")),
        ("tu-mobilenetv3_small_050", lambda: timm.create_model("mobilenetv3_small_050")),
    ],
)
def test_match_knows_torchvision_and_timm(encoder: str, make: Callable[[], torch.nn.Module]) -> None:
    """A whole classifier's state dict, as torchvision or timm saves it, fills every tensor of the encoder."""
    wanted = get_encoder(encoder, weights=None).state_dict()
    state = make().state_dict()
    names = match(state, wanted).names
    assert set(names) == set(wanted)
    assert all(state[theirs].shape == wanted[ours].shape for ours, theirs in names.items())
