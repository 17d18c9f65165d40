"""FCN: torchvision's head over any encoder."""

from __future__ import annotations

import torch
from torchvision.models import resnet18
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.segmentation.fcn import FCN as TorchvisionFCN  # noqa: N811 - the reference's own name
from torchvision.models.segmentation.fcn import FCNHead

from kirie.models.fcn import FCN


def test_equals_torchvisions_own() -> None:
    """With torchvision's weights copied in, the logits are those of torchvision's own FCN, bit for bit."""
    backbone = IntermediateLayerGetter(resnet18(weights=None), {"layer4": "out"})
    reference = TorchvisionFCN(backbone, FCNHead(512, 4)).eval()
    network = FCN("resnet18", None, 4, 32).eval()
    network.encoder.load_state_dict(reference.backbone.state_dict())
    network.segmentation_head.load_state_dict(reference.classifier.state_dict())
    image_BCHW = torch.rand(2, 3, 96, 64)
    with torch.no_grad():
        assert torch.equal(network(image_BCHW), reference(image_BCHW)["out"])


def test_output_stride() -> None:
    """The coarsest map is as fine as asked for."""
    for stride in (8, 16, 32):
        network = FCN("resnet18", None, 2, stride).eval()
        with torch.no_grad():
            assert network.encoder(torch.rand(1, 3, 64, 64))[-1].shape[-1] == 64 // stride
