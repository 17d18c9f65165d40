"""The table of architectures: how each is built, its options, and encoders that it is known to work over.

smp's classes are built with smp's own arguments; here they get the names under which `conf/model/` sets them. What a
pair of architecture and encoder can do at all (sizes, smallest batch) is not written down but tried (`probe.py`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import segmentation_models_pytorch as smp
from torch import nn

from kirie.models.fcn import FCN
from kirie.models.options import Choice, Option, Share, Whole, Wholes
from kirie.models.segnet import SegNet
from kirie.models.unet_upsampling import UpConvDecoder

Build = Callable[..., nn.Module]
"""(encoder_name, encoder_weights, classes, options, **encoder_arguments) -> network from normalised image to logits."""

_PYRAMIDS = ("resnet18", "mobilenet_v2", "tu-convnext_atto", "mit_b0")
_WITHOUT_MIT = _PYRAMIDS[:-1]
_DILATABLE = ("resnet18", "mobilenet_v2", "tu-convnext_atto")
_TRANSFORMERS = ("tu-vit_tiny_patch16_224", "tu-deit_tiny_patch16_224")

_NORM = Choice("batchnorm", ("batchnorm", "instancenorm", "layernorm", "identity"))
_INTERPOLATION = Choice("nearest", ("nearest", "bilinear"))
_STEPS = Wholes((256, 128, 64, 32, 16), 4, 1024)
_DROPOUT = Share(0.2)


@dataclass(frozen=True, slots=True)
class Architecture:
    """One row of the table.

    Attributes:
        build: Makes the network.
        options: What `options:` may set.
        encoders: Encoders that it works over, for messages; a test builds each.
        tokens: Whether it takes a plain vision transformer's tokens instead of a pyramid of maps.
        dynamic_export: Whether its exported graph may take other sizes than the one it was exported at. Pooling to a
            fixed grid (PSPNet, UPerNet) is written into a graph for one size: at another it fails, or answers wrongly.
        detector: Whether it finds instances.
        whole: Whether it is a published model with one encoder of its own, and weights of its own (`coco`).
    """

    build: Build
    options: Mapping[str, Option]
    encoders: tuple[str, ...] = _PYRAMIDS
    tokens: bool = False
    dynamic_export: bool = True
    detector: bool = False
    whole: bool = False


def _unet(encoder_name: str, encoder_weights: Any, classes: int, options: Mapping[str, Any], **more: Any) -> nn.Module:
    upsampling, channels = options["upsampling"], options["channels"]
    attention = None if options["attention"] == "none" else options["attention"]
    network: Any = smp.Unet(
        encoder_name,
        encoder_weights=encoder_weights,
        classes=classes,
        decoder_channels=channels,
        decoder_attention_type=attention,
        decoder_use_norm=options["norm"],
        decoder_interpolation="nearest" if upsampling == "transposed" else upsampling,
        **more,
    )
    if upsampling == "transposed":
        network.decoder = UpConvDecoder(network.encoder.out_channels, channels, options["norm"], attention)
    else:
        # smp gives the last step an attention over a skip that it does not have; a weight without a gradient stops
        # distributed training
        network.decoder.blocks[-1].attention1 = nn.Identity()
    module: nn.Module = network
    return module


def _of_smp(kind: Callable[..., nn.Module], **names: str) -> Build:
    """A builder for one of smp's classes; `names` says which of its arguments an option sets."""

    def build(
        encoder_name: str, encoder_weights: Any, classes: int, options: Mapping[str, Any], **more: Any
    ) -> nn.Module:
        given: dict[str, Any] = {names[name]: None if value == "none" else value for name, value in options.items()}
        if "encoder_depth" in given and kind is smp.PSPNet:
            given["upsampling"] = 2 ** given["encoder_depth"]
        return kind(encoder_name, encoder_weights=encoder_weights, classes=classes, **given, **more)

    return build


def _dpt(encoder_name: str, encoder_weights: Any, classes: int, options: Mapping[str, Any], **more: Any) -> nn.Module:
    with warnings.catch_warnings():
        # A transformer without a class token has nothing to read out; smp then leaves it out, as it says
        warnings.filterwarnings("ignore", message="Encoder does not have prefix tokens")
        network: nn.Module = smp.DPT(
            encoder_name,
            encoder_weights=encoder_weights,
            classes=classes,
            decoder_readout=options["readout"],
            decoder_intermediate_channels=options["intermediate_channels"],
            decoder_fusion_channels=options["fusion_channels"],
            **more,
        )
    return network


def _fcn(encoder_name: str, encoder_weights: Any, classes: int, options: Mapping[str, Any], **more: Any) -> nn.Module:
    return FCN(encoder_name, encoder_weights, classes, options["output_stride"], **more)


def _segnet(
    encoder_name: str, encoder_weights: Any, classes: int, options: Mapping[str, Any], **more: Any
) -> nn.Module:
    return SegNet(encoder_name, encoder_weights, classes, options["convs"], options["narrowest"], **more)


_ATROUS = {
    "channels": "decoder_channels",
    "atrous_rates": "decoder_atrous_rates",
    "separable": "decoder_aspp_separable",
    "dropout": "decoder_aspp_dropout",
    "output_stride": "encoder_output_stride",
}
_NESTED = {
    "channels": "decoder_channels",
    "interpolation": "decoder_interpolation",
    "norm": "decoder_use_norm",
}


def _atrous_options(stride: int, separable: bool) -> dict[str, Option]:
    return {
        "output_stride": Choice(stride, (8, 16)),
        "channels": Whole(256, 8, 1024),
        "atrous_rates": Wholes((12, 24, 36), 1, 128),
        "separable": Choice(separable, (True, False)),
        "dropout": Share(0.5),
    }


ARCHITECTURES: dict[str, Architecture] = {
    "unet": Architecture(
        _unet,
        {
            "upsampling": Choice("nearest", ("nearest", "bilinear", "transposed")),
            "channels": _STEPS,
            "attention": Choice("none", ("none", "scse")),
            "norm": _NORM,
        },
    ),
    "unetplusplus": Architecture(
        _of_smp(smp.UnetPlusPlus, **_NESTED, attention="decoder_attention_type"),
        {
            "channels": _STEPS,
            "interpolation": _INTERPOLATION,
            "attention": Choice("none", ("none", "scse")),
            "norm": _NORM,
        },
        _WITHOUT_MIT,
    ),
    "manet": Architecture(
        _of_smp(smp.MAnet, **_NESTED, pab_channels="decoder_pab_channels"),
        {"channels": _STEPS, "pab_channels": Whole(64, 4, 512), "interpolation": _INTERPOLATION, "norm": _NORM},
    ),
    "linknet": Architecture(
        _of_smp(smp.Linknet, norm="decoder_use_norm"),
        {"norm": _NORM},
        _WITHOUT_MIT,
    ),
    "fpn": Architecture(
        _of_smp(
            smp.FPN,
            pyramid_channels="decoder_pyramid_channels",
            segmentation_channels="decoder_segmentation_channels",
            merge="decoder_merge_policy",
            interpolation="decoder_interpolation",
            dropout="decoder_dropout",
        ),
        {
            "pyramid_channels": Whole(256, 8, 1024),
            # smp normalises them in groups of 32
            "segmentation_channels": Whole(128, 32, 1024, 32),
            "merge": Choice("add", ("add", "cat")),
            "interpolation": _INTERPOLATION,
            "dropout": _DROPOUT,
        },
    ),
    "deeplabv3": Architecture(_of_smp(smp.DeepLabV3, **_ATROUS), _atrous_options(8, False), _DILATABLE),
    "deeplabv3plus": Architecture(_of_smp(smp.DeepLabV3Plus, **_ATROUS), _atrous_options(16, True), _DILATABLE),
    "pspnet": Architecture(
        _of_smp(
            smp.PSPNet,
            depth="encoder_depth",
            channels="psp_out_channels",
            norm="decoder_use_norm",
            dropout="psp_dropout",
        ),
        {"depth": Choice(3, (3, 4, 5)), "channels": Whole(512, 8, 1024), "norm": _NORM, "dropout": _DROPOUT},
        dynamic_export=False,
    ),
    "pan": Architecture(
        _of_smp(
            smp.PAN,
            output_stride="encoder_output_stride",
            channels="decoder_channels",
            interpolation="decoder_interpolation",
        ),
        {
            "output_stride": Choice(16, (16, 32)),
            "channels": Whole(32, 4, 1024),
            "interpolation": Choice("bilinear", ("bilinear", "nearest")),
        },
        _DILATABLE,
    ),
    "upernet": Architecture(
        _of_smp(smp.UPerNet, channels="decoder_channels", norm="decoder_use_norm"),
        {"channels": Whole(256, 8, 1024), "norm": _NORM},
        dynamic_export=False,
    ),
    "segformer": Architecture(
        _of_smp(smp.Segformer, channels="decoder_segmentation_channels"),
        {"channels": Whole(256, 8, 1024)},
        (_PYRAMIDS[-1], *_WITHOUT_MIT),
    ),
    "dpt": Architecture(
        _dpt,
        {
            "readout": Choice("cat", ("cat", "add", "ignore")),
            "intermediate_channels": Wholes((256, 512, 1024, 1024), 8, 2048),
            "fusion_channels": Whole(256, 8, 1024),
        },
        _TRANSFORMERS,
        tokens=True,
    ),
    "fcn": Architecture(_fcn, {"output_stride": Choice(8, (8, 16, 32))}, _DILATABLE),
    "segnet": Architecture(
        _segnet,
        {"convs": Wholes((3, 3, 3, 2, 2), 1, 8), "narrowest": Whole(32, 8, 512)},
        ("vgg16_bn", "vgg11_bn", *_PYRAMIDS),
    ),
}
