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

from .conftest import DATA, LABELS, MakeStore

SIZE = (64, 96)


def random_detector(heads: str) -> Detector:
    """Mask R-CNN with random weights whose scores are far apart."""
    torch.manual_seed(2)
    options = {
        "heads": heads,
        "pyramid_channels": 16,
        "box_head_width": 32,
        "mask_head_channels": 16,
        "proposals_test": [50, 20],
        "score_threshold": 0.4,
    }
    config = {"name": "mask_rcnn", "encoder": "tu-mobilenetv3_small_050", "options": options}
    model = build_detector(config, len(LABELS), (1, 2), (0.5, 0.4, 0.6), (0.25, 0.2, 0.3)).eval()
    network: Any = model.network
    with torch.no_grad():
        for layer in (network.rpn.head.cls_logits, network.roi_heads.box_predictor.cls_score):
            layer.weight *= 60
    return model


@pytest.mark.parametrize("heads", ["v1", "v2"])
def test_a_detector_passes(make_store: MakeStore, tmp_path: Path, heads: str) -> None:
    """The graph of open size finds what torch finds, also where sides are no multiples of 32 and are padded inside."""
    model = random_detector(heads)
    store = make_store(
        SIZE, val=3, targets=lambda image_HWC: (image_HWC[..., 0] // 86, image_HWC[..., 0] // 128, (Instance(1),))
    )
    path = tmp_path / "model.onnx"
    write_onnx_instances(model, path, SIZE, LABELS, Provenance("run", DATA), dynamic_size=True)
    sizes = [*gate_sizes(model, SIZE, dynamic_size=True), (75, 101)]
    trials = compare_instances(path, model, store.split("val"), sizes)
    assert failures(trials) == []
    assert all(trial.detections and trial.without for trial in trials)
