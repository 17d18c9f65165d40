"""Mask R-CNN made of torchvision's own parts over any encoder of smp and timm that gives a pyramid.

The encoder's maps of strides 4, 8, 16 and 32 become a feature pyramid, with a fifth level pooled from the coarsest.
Heads are torchvision's: `v1` as in `maskrcnn_resnet50_fpn` (the paper's), `v2` as in `maskrcnn_resnet50_fpn_v2` (more
convolutions, batch normalisation).

Sources: He, Gkioxari, Dollár, Girshick, "Mask R-CNN", ICCV 2017; Lin et al., "Feature Pyramid Networks for Object
Detection", CVPR 2017; Li et al., "Benchmarking Detection Transfer Learning with Vision Transformers", 2021 (v2).

Shape suffixes: B batch, C channels, H height, W width, N things or detections.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from segmentation_models_pytorch.encoders import get_encoder
from torch import Tensor, nn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNConvFCHead, FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.rpn import RPNHead
from torchvision.ops import MultiScaleRoIAlign
from torchvision.ops.feature_pyramid_network import FeaturePyramidNetwork, LastLevelMaxPool
from torchvision.ops.poolers import LevelMapper

from kirie.models.detector_heads import Heads, Proposer

Target = Mapping[str, Tensor]
"""Of one picture: `boxes` float32 (N, 4) x0, y0, x1, y1; `labels` int64 (N,) classes from 1; `masks` (N, H, W), 0 or 1;
`ignored` bool (H, W), pixels of which nothing is known."""

STRIDES = (4, 8, 16, 32)
"""Of the pyramid's levels that an encoder gives."""

_LEVELS = ("0", "1", "2", "3")


class DetectorNetwork(nn.Module):
    """From normalised pictures whose sides are multiples of 32 to losses or detections.

    Args:
        encoder_name: smp's or timm's name.
        encoder_weights: As smp takes them; None for random ones.
        classes: Labels of things, and one for none of them.
        options: See `conf/model/mask_rcnn.yaml`.
        encoder_arguments: More for the encoder's construction.
    """

    def __init__(
        self,
        encoder_name: str,
        encoder_weights: str | bool | None,
        classes: int,
        options: Mapping[str, Any],
        **encoder_arguments: Any,
    ) -> None:
        super().__init__()
        second, channels = options["heads"] == "v2", options["pyramid_channels"]
        norm = nn.BatchNorm2d if second else None
        self.encoder = get_encoder(encoder_name, weights=encoder_weights, **encoder_arguments)
        if len(self.encoder.out_channels) != 2 + len(STRIDES):
            raise ValueError(f"it gives {len(self.encoder.out_channels) - 1} maps instead of 5, of strides 2 to 32")
        self.fpn = FeaturePyramidNetwork(
            list(self.encoder.out_channels[2:]), channels, extra_blocks=LastLevelMaxPool(), norm_layer=norm
        )
        ratios = tuple(options["anchor_ratios"])
        anchors = AnchorGenerator(tuple((size,) for size in options["anchor_sizes"]), (ratios,) * (len(STRIDES) + 1))
        self.rpn = Proposer(
            anchors,
            RPNHead(channels, len(ratios), conv_depth=2 if second else 1),
            fg_iou_thresh=options["rpn_iou"][1],
            bg_iou_thresh=options["rpn_iou"][0],
            batch_size_per_image=options["rpn_samples"],
            positive_fraction=0.5,
            pre_nms_top_n=_by_phase(options, 0),
            post_nms_top_n=_by_phase(options, 1),
            nms_thresh=options["proposals_nms"],
        )
        width, mask = options["box_head_width"], options["mask_head_channels"]
        self.roi_heads = Heads(
            _pooler(7, options),
            FastRCNNConvFCHead((channels, 7, 7), [channels] * 4, [width], norm_layer=norm)
            if second
            else TwoMLPHead(channels * 7 * 7, width),
            FastRCNNPredictor(width, classes),
            fg_iou_thresh=options["roi_iou"][1],
            bg_iou_thresh=options["roi_iou"][0],
            batch_size_per_image=options["roi_samples"],
            positive_fraction=options["roi_things"],
            bbox_reg_weights=None,
            score_thresh=options["score_threshold"],
            nms_thresh=options["nms_threshold"],
            detections_per_img=options["detections"],
            mask_roi_pool=_pooler(14, options),
            mask_head=MaskRCNNHeads(channels, [mask] * 4, 1, norm_layer=norm),
            mask_predictor=MaskRCNNPredictor(mask, mask, classes),
        )

    def pyramid(self, image_BCHW: Tensor) -> OrderedDict[str, Tensor]:
        """The levels `0` to `3` of strides 4 to 32, and `pool`."""
        features = self.encoder(image_BCHW)[2:]
        found: OrderedDict[str, Tensor] = self.fpn(OrderedDict(zip(_LEVELS, features, strict=True)))
        return found

    def forward(
        self, image_BCHW: Tensor, size: tuple[int, int], targets: Sequence[Target] | None = None
    ) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:
        """Finds things, or, in training, what the losses are.

        Args:
            image_BCHW: Normalised pictures.
            size: Height and width of the part that is picture; what lies right of it and below is padding.
            targets: One of each picture, in training.

        Returns:
            Each picture's `boxes`, `labels` (classes from 1), `scores`, `masks` (N, 1, M, M), best score first; and, in
            training, the losses by torchvision's names.
        """
        images = ImageList(image_BCHW, [size] * len(image_BCHW))
        levels = self.pyramid(image_BCHW)
        proposals, losses = self.rpn(images, levels, targets)
        found, more = self.roi_heads(levels, proposals, images.image_sizes, targets)
        return found, losses | more


def _by_phase(options: Mapping[str, Any], at: int) -> dict[str, int]:
    return {"training": options["proposals_train"][at], "testing": options["proposals_test"][at]}


def _pooler(side: int, options: Mapping[str, Any]) -> MultiScaleRoIAlign:
    """torchvision's, which would otherwise guess the strides from the first picture, and wrongly from a small one."""
    found = MultiScaleRoIAlign(list(_LEVELS), side, sampling_ratio=2)
    found.scales = [1 / stride for stride in STRIDES]
    # The paper sends a box of 224 pixels to the third level, where the smallest anchors have 32
    found.map_levels = LevelMapper(2, 5, 7 * options["anchor_sizes"][0], 4)
    return found
