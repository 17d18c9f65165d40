"""A small Mask R-CNN of torchvision's parts with random weights that finds things, but nothing in a blank picture."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.rpn import AnchorGenerator
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign
from torchvision.ops.poolers import LevelMapper

from kirie.models import Limits

from .conftest import smooth_pictures

CHANNELS = 16
MEAN, STD = (0.5, 0.4, 0.6), (0.25, 0.2, 0.3)
OPTIONS = {"score_threshold": 0.3, "detections": 20, "paint_score": 0.4}


class Pyramid(nn.Module):
    """Two levels, of strides 4 and 8."""

    out_channels = CHANNELS

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, CHANNELS, 3, 2, 1), nn.ReLU())
        self.coarse = nn.Sequential(nn.Conv2d(CHANNELS, CHANNELS, 3, 2, 1), nn.ReLU())
        self.fpn = FeaturePyramidNetwork([CHANNELS, CHANNELS], CHANNELS)

    def forward(self, image_BCHW: Tensor) -> OrderedDict[str, Tensor]:
        """The levels."""
        fine = self.fine(image_BCHW)
        found: OrderedDict[str, Tensor] = self.fpn(OrderedDict([("0", fine), ("1", self.coarse(fine))]))
        return found


class SmallDetector(nn.Module):
    """What export sees of kirie's own detectors."""

    mean: Tensor
    std: Tensor

    def __init__(self, n_labels: int = 3, things: tuple[int, ...] = (1, 2)) -> None:
        super().__init__()
        torch.manual_seed(12)
        self.architecture, self.encoder, self.multiple_of, self.dynamic_size = "small", "plain", 32, True
        self.n_labels, self.things, self.limits = n_labels, things, Limits(32, 32, None, 1, True)
        self.options: Mapping[str, Any] = OPTIONS
        levels = ["0", "1"]
        pool = MultiScaleRoIAlign(levels, 7, 2), MultiScaleRoIAlign(levels, 14, 2)
        classes = len(things) + 1
        self.network = MaskRCNN(
            Pyramid(),
            rpn_anchor_generator=AnchorGenerator(((16,), (32,)), ((0.5, 1.0, 2.0),) * 2),
            box_roi_pool=pool[0],
            box_head=TwoMLPHead(CHANNELS * 7 * 7, 32),
            box_predictor=FastRCNNPredictor(32, classes),
            mask_roi_pool=pool[1],
            mask_head=MaskRCNNHeads(CHANNELS, [CHANNELS], 1),
            mask_predictor=MaskRCNNPredictor(CHANNELS, CHANNELS, classes),
            rpn_pre_nms_top_n_test=60,
            rpn_post_nms_top_n_test=30,
            box_score_thresh=OPTIONS["score_threshold"],
            box_detections_per_img=int(OPTIONS["detections"]),
        ).eval()
        for pooler in pool:
            # torchvision would take them from the first picture it sees
            pooler.scales, pooler.map_levels = [1 / 4, 1 / 8], LevelMapper(2, 3, 48, 3)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))
        self._enliven()

    def _enliven(self) -> None:
        """Scores that are far apart, by weights as large as that takes; nothing where all features are 0."""
        heads = self.network.roi_heads
        image_BCHW = torch.from_numpy(smooth_pictures(6, (64, 64), seed=5)).permute(0, 3, 1, 2) / 255
        with torch.no_grad():
            for name, weights in self.network.named_parameters():
                if name.endswith("bias"):
                    weights.zero_()
            for layer, spread in (
                (self.network.rpn.head.cls_logits, 3.0),
                (heads.box_predictor.bbox_pred, 0.5),
                (heads.box_predictor.cls_score, 8.0),
                (heads.mask_predictor.mask_fcn_logits, 6.0),
            ):
                seen: list[Tensor] = []
                hook = layer.register_forward_hook(lambda _, __, logits, seen=seen: seen.append(logits))
                self.find(image_BCHW)
                hook.remove()
                layer.weight *= spread / torch.cat([logits.flatten() for logits in seen]).std()
            heads.box_predictor.cls_score.bias[0] = 1.0

    def find(self, image_BCHW: Tensor) -> Sequence[Sequence[Tensor]]:
        """Boxes, labels, scores and masks of each picture."""
        image_BCHW = (image_BCHW - self.mean) / self.std
        height, width = image_BCHW.shape[-2:]
        images = ImageList(image_BCHW, [(height, width)] * len(image_BCHW))
        levels = self.network.backbone(image_BCHW)
        proposals, _ = self.network.rpn(images, levels)
        found, _ = self.network.roi_heads(levels, proposals, images.image_sizes)
        of_class = torch.tensor([0, *self.things], dtype=torch.uint8)
        return [(one["boxes"], of_class[one["labels"]], one["scores"], one["masks"][:, 0]) for one in found]
