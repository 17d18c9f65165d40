"""kirie's own detectors pass the gate, at any size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from kirie.core.instances import Instance
from kirie.export.gate import gate_sizes
from kirie.export.gate_instances import compare_instances
from kirie.export.onnx import Provenance
from kirie.export.onnx_instances import write_onnx_instances
from kirie.export.trial import failures
from kirie.models import Detector, build_detector

from .conftest import DATA, LABELS, MakeStore, smooth_pictures

SIZE = (64, 96)


def random_detector(heads: str) -> Detector:
    """Mask R-CNN with random weights whose scores are far apart."""
    options = {"heads": heads, "pyramid_channels": 16, "box_head_width": 32, "mask_head_channels": 16}
    return spread("mask_rcnn", "tu-mobilenetv3_small_050", **options)


def spread(name: str, encoder: str, **options: Any) -> Detector:
    """A detector whose random weights give scores that are far apart."""
    torch.manual_seed(2)
    few = {"proposals_test": [50, 20], "score_threshold": 0.4}
    config = {"name": name, "encoder": encoder, "options": few | options}
    model = build_detector(config, len(LABELS), (1, 2), (0.5, 0.4, 0.6), (0.25, 0.2, 0.3)).eval()
    network: Any = model.network
    image_BCHW = torch.from_numpy(smooth_pictures(4, SIZE, seed=5)).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        network.rpn.head.cls_logits.weight *= 60
        layer, seen = network.roi_heads.box_predictor.cls_score, list[torch.Tensor]()
        hook = layer.register_forward_hook(lambda _, __, logits: seen.append(logits))
        model.find(image_BCHW)
        hook.remove()
        logits_RC = torch.cat(seen)
        factor = 4 / logits_RC.std(dim=0).mean()
        layer.weight *= factor
        layer.bias.copy_((layer.bias - logits_RC.mean(dim=0)) * factor)
    return model


@pytest.mark.parametrize("heads", ["v1", "v2"])
def test_a_detector_passes(make_store: MakeStore, tmp_path: Path, heads: str) -> None:
    """The graph of open size finds what torch finds, also where sides are no multiples of 32 and are padded inside."""
    passes_everywhere(random_detector(heads), make_store, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("name", ["maskrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn_v2"])
def test_a_whole_model_passes(make_store: MakeStore, tmp_path: Path, name: str) -> None:
    """torchvision's published models are exported as the small ones are, with their anchors at the store's sizes."""
    passes_everywhere(spread(name, "resnet50", anchor_sizes=[8, 16, 32, 64, 128]), make_store, tmp_path)


def passes_everywhere(model: Detector, make_store: MakeStore, place: Path) -> None:
    """Exports a model and holds it against torch at four sizes, each with a picture in which nothing is found."""
    store = make_store(
        SIZE, val=3, targets=lambda image_HWC: (image_HWC[..., 0] // 86, image_HWC[..., 0] // 128, (Instance(1),))
    )
    path = place / "model.onnx"
    write_onnx_instances(model, path, SIZE, LABELS, Provenance("run", DATA), dynamic_size=True)
    sizes = [*gate_sizes(model, SIZE, dynamic_size=True), (75, 101)]
    trials = compare_instances(path, model, store.split("val"), sizes)
    assert failures(trials) == []
    assert all(trial.detections and trial.without for trial in trials)
