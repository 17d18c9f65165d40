"""Encoder names: smp's and timm's, and near matches for a slip."""

from __future__ import annotations

import warnings

import pytest

from kirie.errors import ConfigError
from kirie.models.encoders import check_encoder, encoder_names, fixed_size, timm_arguments


def test_names_hold_both_libraries() -> None:
    """smp's names come bare and timm's with their prefix, without smp's deprecated ones."""
    names = encoder_names()
    assert {"resnet18", "mit_b0", "vgg16_bn", "tu-resnet18", "tu-convnext_atto"} <= set(names)
    assert not any(name.startswith("timm-") for name in names)
    assert len(names) == len(set(names)) > 1000


@pytest.mark.parametrize("name", ["resnet18", "tu-convnext_atto", "tu-convnext_atto.d2_in1k"])
def test_known_names_pass(name: str) -> None:
    """A name of either library passes, also with one of timm's tags."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_encoder(name, "x")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("reset18", "Did you mean resnet18"),
        ("convnext_atto", "Did you mean 'tu-convnext_atto'"),
        ("tu-convnext_ato", "tu-convnext_atto"),
        ("timm-regnetx_002", "Did you mean 'tu-regnetx_002'"),
        ("hf-hub:somebody/model", "there is no encoder"),
        ("tu-hf-hub:somebody/model", "there is no encoder"),
        ("tu-convnext_atto.nope", "its tags are .*d2_in1k"),
        ("", "there is no encoder ''"),
    ],
)
def test_unknown_names(name: str, hint: str) -> None:
    """A slip names the nearest encoders; nothing is asked of the network."""
    with pytest.raises(ConfigError, match=hint):
        check_encoder(name, "conf/model/unet.yaml")


def test_size_arguments() -> None:
    """Transformers resample for DPT, Swin is built for the data's size, and convolutions need no word."""
    assert timm_arguments("resnet18", (64, 64), tokens=False) == {}
    assert timm_arguments("tu-resnet18", (64, 64), tokens=False) == {}
    swin = "tu-swin_tiny_patch4_window7_224"
    assert timm_arguments(swin, (64, 96), tokens=False) == {"img_size": (64, 96)}
    assert fixed_size(swin, None, tokens=False) == (224, 224)
    assert fixed_size(swin, (64, 96), tokens=False) == (64, 96)
    assert fixed_size("tu-resnet18", (64, 96), tokens=False) is None
    vit = "tu-vit_tiny_patch16_224"
    assert timm_arguments(vit, (64, 64), tokens=True) == {"dynamic_img_size": True, "img_size": (64, 64)}
    assert fixed_size(vit, (64, 64), tokens=True) is None
