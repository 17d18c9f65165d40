"""torchvision's published weights: names, files, and a download that cannot happen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision.models.detection as published
from torch import Tensor, nn

from kirie.errors import ModelError
from kirie.models import build_detector, coco
from kirie.models.coco import our_names

NAME = "maskrcnn_resnet50_fpn"


@pytest.fixture(scope="module")
def theirs() -> dict[str, Tensor]:
    """A state dict as torchvision gives it, of COCO's 91 classes."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network: nn.Module = getattr(published, NAME)(weights=None, weights_backbone=None)
    return dict(network.state_dict())


def _old_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """As the published file of the first version has them, written before torchvision had blocks."""
    found = {}
    for name, tensor in state.items():
        old = name.replace("rpn.head.conv.0.0.", "rpn.head.conv.")
        for at in range(4):
            old = old.replace(f"mask_head.{at}.0.", f"mask_head.mask_fcn{at + 1}.")
            for blocks in ("inner_blocks", "layer_blocks"):
                old = old.replace(f"{blocks}.{at}.0.", f"{blocks}.{at}.")
        if not name.endswith("num_batches_tracked"):
            found[old] = tensor
    return found


def _build(weights: str) -> Any:
    config = {"name": NAME, "encoder": "resnet50", "weights": weights}
    return build_detector(config, 4, (1, 2, 3), (0.1, 0.1, 0.1), (0.3, 0.3, 0.3))


def test_a_file_of_torchvision_fills_all_but_the_labels(theirs: dict[str, Tensor], tmp_path: Path) -> None:
    """Old names and new ones are found; the last layers stay fresh; ImageNet's statistics come along."""
    path = tmp_path / "whole.pth"
    torch.save(_old_names(theirs), path)
    model = _build(str(path))
    ours, wanted = model.network.state_dict(), our_names(theirs)
    differing = {
        name
        for name, tensor in ours.items()
        if not name.endswith("num_batches_tracked") and not torch.equal(tensor, wanted[name])
    }
    assert {name.rpartition(".")[0] for name in differing} == {
        "roi_heads.box_predictor.cls_score",
        "roi_heads.box_predictor.bbox_pred",
        "roi_heads.mask_predictor.mask_fcn_logits",
    }
    assert model.origin.startswith(f"{path}: ")
    assert model.mean.flatten().tolist() == pytest.approx([0.485, 0.456, 0.406])


def test_the_cached_download_is_used(
    theirs: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What torch has downloaded before needs no network; batch norm adds no epsilon to the published variances."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(coco, "unreachable", lambda _: pytest.fail("asked the network"))
    (tmp_path / "checkpoints").mkdir()
    torch.save(_old_names(theirs), tmp_path / "checkpoints" / coco.published_file(NAME))
    model = _build("coco")
    variance = model.network.state_dict()["encoder.bn1.running_var"]
    torch.testing.assert_close(variance + 1e-5, theirs["backbone.body.bn1.running_var"])


def test_no_network_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address, the cause, and the setting that takes a file."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(coco, "unreachable", lambda _: "no route")
    with pytest.raises(ModelError, match=r"model 'maskrcnn_resnet50_fpn' cannot be downloaded \(no route\)") as caught:
        _build("coco")
    assert "https://download.pytorch.org/models/maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth" in str(caught.value)
    assert "model.weights=path/to/maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth" in str(caught.value)


def test_another_models_file_is_refused(tmp_path: Path) -> None:
    """A file with too few of the tensors is a sentence."""
    torch.save({"encoder.conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "x.pth")
    with pytest.raises(ModelError, match=r"x\.pth has 1 of the \d+ tensors of maskrcnn_resnet50_fpn"):
        _build(str(tmp_path / "x.pth"))
