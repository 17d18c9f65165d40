"""Transfer learning: what is loaded, adapted and left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from kirie.core.labels import LabelSet
from kirie.errors import ModelError
from kirie.models import Detector, Segmenter, init_from
from kirie.models.config import ModelConfig
from kirie.models.init_from import label_rows

Make = Callable[..., dict[str, Any]]
Build = Callable[..., Segmenter]

OLD = LabelSet.from_dict({"labels": ["background", "hair", "eye", "mouth"]})
NEW = LabelSet.from_dict({"labels": ["background", "eye", "hat"]})


def _save(model: Segmenter | Detector, path: Path, labels: LabelSet | None) -> Path:
    """A checkpoint as a run leaves it."""
    ours = {"kirie": {"labels": labels.to_dict(), "model": model.config, "run": "r"}} if labels else {}
    torch.save({"state_dict": {f"model.{k}": v for k, v in model.state_dict().items()}} | ours, path)
    return path


def test_rows_follow_their_labels(name: str, small: Make, build: Build, tmp_path: Path) -> None:
    """In every architecture: shared labels keep their rows, the new one is fresh, all else is loaded whole."""
    source = build(small(name), n_labels=len(OLD))
    with torch.no_grad():
        for tensor in source.state_dict().values():
            tensor += 1
    path = _save(source, tmp_path / "best.ckpt", OLD)
    target = build(small(name), n_labels=len(NEW))
    before = {key: value.clone() for key, value in target.network.state_dict().items()}
    report = init_from(target, path, NEW)
    assert report.labels_kept == ("background", "eye")
    assert report.labels_fresh == ("hat",)
    assert report.fresh == ()
    assert report.left_out == ()
    rows = label_rows(ModelConfig.read(small(name)))
    assert set(report.adapted) == set(rows)
    assert len(rows) in {1, 2}
    theirs = source.network.state_dict()
    for key, tensor in target.network.state_dict().items():
        if key not in rows:
            assert torch.equal(tensor, theirs[key])
            continue
        pick = torch.tensor
        kept = tensor.index_select(rows[key].axis, pick([0, 1]))
        assert torch.equal(kept, theirs[key].index_select(rows[key].axis, pick([0, 2])))
        fresh = tensor.index_select(rows[key].axis, pick([2]))
        assert torch.equal(fresh, before[key].index_select(rows[key].axis, pick([2])))


def test_same_count_in_another_order(small: Make, build: Build, tmp_path: Path) -> None:
    """As many labels in another order are matched by name, not by place."""
    source = build(small("unet"), n_labels=3)
    path = _save(source, tmp_path / "best.ckpt", LabelSet.from_dict({"labels": ["background", "hat", "eye"]}))
    target = build(small("unet"), n_labels=3)
    init_from(target, path, NEW)
    image_BCHW = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(target.eval()(image_BCHW)[:, [0, 2, 1]], source.eval()(image_BCHW))


def test_another_decoder_keeps_the_encoder(small: Make, build: Build, tmp_path: Path) -> None:
    """From FPN to U-Net the encoder is loaded, the decoder is fresh, and the rest is reported as left out."""
    source = build(small("fpn"), n_labels=len(OLD))
    target = build(small("unet"), n_labels=len(NEW))
    report = init_from(target, _save(source, tmp_path / "best.ckpt", OLD), NEW)
    theirs, ours = (m.network.get_submodule("encoder").state_dict() for m in (source, target))
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    assert {key.partition(".")[0] for key in report.loaded} == {"encoder"}
    assert {key.partition(".")[0] for key in report.fresh} == {"decoder", "segmentation_head"}
    assert all(key.startswith("model.network.") for key in report.left_out)
    assert report.labels_kept == ()
    assert report.labels_fresh == NEW.names


def test_statistics_come_along(small: Make, build: Build, tmp_path: Path) -> None:
    """The weights keep the normalisation they learned on."""
    source = build(small("unet"), n_labels=3)
    source.mean.fill_(0.125)
    target = build(small("unet"), n_labels=3)
    init_from(target, _save(source, tmp_path / "best.ckpt", NEW), NEW)
    assert torch.equal(target.mean, source.mean)


def test_state_dict_without_labels(small: Make, build: Build, tmp_path: Path) -> None:
    """A bare state dict says no labels: all is loaded but the last layer, which stays fresh."""
    source = build(small("unet"), n_labels=3)
    torch.save(source.network.state_dict(), tmp_path / "x.pth")
    report = init_from(build(small("unet"), n_labels=3), tmp_path / "x.pth", NEW)
    assert report.adapted == ()
    assert set(report.fresh) == set(label_rows(ModelConfig.read(small("unet"))))
    assert report.labels_fresh == NEW.names


def test_nothing_fits(small: Make, build: Build, tmp_path: Path) -> None:
    """A checkpoint of which nothing fits is refused and changes nothing."""
    torch.save({"some.weight": torch.ones(3)}, tmp_path / "x.pth")
    target = build(small("unet"), n_labels=3)
    before = {key: value.clone() for key, value in target.state_dict().items()}
    with pytest.raises(ModelError, match=r"No tensor of .*x.pth fits a unet over 'resnet18'"):
        init_from(target, tmp_path / "x.pth", NEW)
    assert all(torch.equal(before[key], value) for key, value in target.state_dict().items())


def test_label_set_of_another_size(small: Make, build: Build, tmp_path: Path) -> None:
    """A label set that is not the model's own is a sentence."""
    with pytest.raises(ModelError, match="has 3 labels and the label set 4"):
        init_from(build(small("unet"), n_labels=3), tmp_path / "x.pth", OLD)


def test_report_is_printable(small: Make, build: Build, tmp_path: Path) -> None:
    """The report is a table for a person and JSON for the run record."""
    path = _save(build(small("unet"), n_labels=len(OLD)), tmp_path / "best.ckpt", OLD)
    report = init_from(build(small("unet"), n_labels=len(NEW)), path, NEW)
    text = report.table()
    assert "labels kept: background, eye; labels from nothing: hat" in text
    assert [line.split()[0] for line in text.splitlines()[1:-1]] == ["part", "encoder", "decoder", "segmentation_head"]
    found = json.loads(json.dumps(report.to_dict()))
    assert found["loaded"] == len(report.loaded) > 100
    assert found["labels_kept"] == ["background", "eye"]


def test_a_detectors_rows_follow_their_labels(
    small_detector: Make, detect: Callable[..., Detector], tmp_path: Path
) -> None:
    """Class, box (four rows each) and mask rows of shared labels and of no thing are taken; new ones are fresh."""
    config = small_detector()
    source = detect(config, n_labels=len(OLD))
    with torch.no_grad():
        for parameter in source.parameters():
            parameter.add_(1)
    target = detect(config, n_labels=len(NEW))
    before = {key: value.clone() for key, value in target.network.state_dict().items()}
    report = init_from(target, _save(source, tmp_path / "best.ckpt", OLD), NEW)
    assert (report.labels_kept, report.labels_fresh) == (("eye",), ("hat",))
    assert (report.fresh, report.left_out) == ((), ())
    rows = label_rows(ModelConfig.read(config))
    assert {name.rpartition(".")[0].removeprefix("roi_heads.") for name in rows} == {
        "box_predictor.cls_score",
        "box_predictor.bbox_pred",
        "mask_predictor.mask_fcn_logits",
    }
    theirs, ours = source.network.state_dict(), target.network.state_dict()
    for key in rows:
        each = rows[key].each
        assert torch.equal(ours[key][: 2 * each], torch.cat([theirs[key][:each], theirs[key][2 * each : 3 * each]]))
        assert torch.equal(ours[key][2 * each :], before[key][2 * each :])


def test_a_detector_starts_from_a_segmenter(
    small: Make, build: Build, small_detector: Make, detect: Callable[..., Detector], tmp_path: Path
) -> None:
    """The encoder is taken, all else is fresh."""
    config = small_detector()
    path = _save(build(small("unet", encoder=config["encoder"]), n_labels=len(OLD)), tmp_path / "best.ckpt", OLD)
    report = init_from(detect(config, n_labels=len(NEW)), path, NEW)
    assert {key.partition(".")[0] for key in report.loaded} == {"encoder"}
    assert report.labels_fresh == ("eye", "hat")
