"""Detectors: torchvision's answers, sizes, losses, and what is not known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torchvision.models.detection as published
from torch import Tensor
from torchvision.ops import box_iou

from kirie.core.detections import pasted
from kirie.core.labels import LabelSet
from kirie.errors import ConfigError, ModelError
from kirie.models import Detector, build_detector, build_for, check_pair, freeze_unreached
from kirie.models.coco import our_names
from kirie.models.detector import LOSSES

Make = Callable[..., dict[str, Any]]
Build = Callable[..., Detector]
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def target(side: int, *boxes: tuple[int, int, int, int], labels: tuple[int, ...] = ()) -> dict[str, Tensor]:
    """Filled boxes as a picture's target."""
    masks_NHW = torch.zeros(len(boxes), side, side, dtype=torch.bool)
    for mask_HW, (x0, y0, x1, y1) in zip(masks_NHW, boxes, strict=True):
        mask_HW[y0:y1, x0:x1] = True
    return {
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        "labels": torch.tensor(labels or (1,) * len(boxes), dtype=torch.int64)[: len(boxes)],
        "masks": masks_NHW,
        "ignored": torch.zeros(side, side, dtype=torch.bool),
    }


@pytest.mark.long
@pytest.mark.parametrize("name", ["maskrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn_v2"])
def test_whole_models_are_torchvisions(name: str) -> None:
    """With torchvision's weights the same boxes, labels, scores to the bit, the same masks, losses within 1e-4."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        few = {"rpn_pre_nms_top_n_test": 30, "rpn_post_nms_top_n_test": 20, "rpn_post_nms_top_n_train": 50}
        theirs = getattr(published, name)(
            weights=None, weights_backbone=None, num_classes=4, min_size=64, max_size=64, **few
        )
        options = {"proposals_test": [30, 20], "proposals_train": [2000, 50]}
        ours = build_detector({"name": name, "encoder": "resnet50", "options": options}, 4, (1, 2, 3), *IMAGENET)
        ours.network.load_state_dict(our_names(theirs.state_dict()))
        image_BCHW = torch.rand(2, 3, 64, 64)
        with torch.no_grad():
            found, expected = ours.eval().find(image_BCHW), theirs.eval()(list(image_BCHW))
        for mine, other in zip(found, expected, strict=True):
            assert len(mine.scores_N) > 5
            assert torch.equal(mine.boxes_N4, other["boxes"])
            assert torch.equal(mine.scores_N, other["scores"])
            assert torch.equal(mine.labels_N.long(), other["labels"])
            likely_NHW, masks_NHW = (
                other["masks"][:, 0].numpy(),
                np.zeros((len(other["masks"]), 64, 64), dtype=np.bool_),
            )
            for mask_HW, ((x0, y0, x1, y1), crop_hw) in zip(masks_NHW, pasted(mine.to_numpy(), 64, 64), strict=True):
                mask_HW[y0:y1, x0:x1] = crop_hw
            # But for sums that round to 0.5, as random weights give many
            clear_NHW = np.abs(likely_NHW - 0.5) > 1e-6
            assert masks_NHW.any()
            np.testing.assert_array_equal(masks_NHW[clear_NHW], likely_NHW[clear_NHW] > 0.5)
        # Sizes of a resize are drawn; here there is one
        theirs.transform.torch_choice = lambda sizes: sizes[0]
        targets = [target(64, (8, 8, 40, 30), (30, 20, 60, 60), labels=(1, 3))] * 2
        torch.manual_seed(1)
        losses = ours.train().losses(image_BCHW, targets)
        torch.manual_seed(1)
        wanted = theirs.train()(list(image_BCHW), [{**each, "masks": each["masks"].byte()} for each in targets])
    for key, name_here in LOSSES.items():
        torch.testing.assert_close(losses[name_here], wanted[key], rtol=1e-4, atol=1e-5)


def test_any_size_is_taken(small_detector: Make, detect: Build) -> None:
    """Sides of no multiple of 32 are padded inside; boxes and scores are those of the picture's own pixels."""
    model = detect(small_detector()).eval()
    image_BCHW = torch.rand(1, 3, 50, 70)
    with torch.no_grad():
        (found,) = model.find(image_BCHW)
        normal_BCHW = (image_BCHW - model.mean) / model.std
        padded_BCHW = torch.nn.functional.pad(normal_BCHW, (0, 26, 0, 14))
        (same,), _ = model.network(padded_BCHW, (50, 70))
    assert model.multiple_of == 1
    assert torch.equal(found.boxes_N4, same["boxes"])
    assert (found.boxes_N4 <= torch.tensor([70.0, 50.0, 70.0, 50.0])).all()
    assert (found.scores_N.diff() <= 0).all()
    assert found.masks_NMM.shape == (len(found.scores_N), 28, 28)


def test_detections_in_host_memory(small_detector: Make, detect: Build) -> None:
    """`to_numpy` gives what core.detections accepts."""
    with torch.no_grad():
        (found,) = detect(small_detector(score_threshold=0.0)).eval().find(torch.rand(1, 3, 64, 64))
    assert len(found.to_numpy()) > 0
    assert found.to_numpy().problem((1, 2, 3), 64, 64) is None


def test_labels_go_in_and_come_out_as_ids(small_detector: Make) -> None:
    """Things 2 and 5 of six labels are two classes inside; no detection has another label."""
    model = build_detector(small_detector(score_threshold=0.0), 6, (2, 5), (0, 0, 0), (1, 1, 1))
    with torch.no_grad():
        (found,) = model.eval().find(torch.rand(1, 3, 64, 64))
    assert set(found.labels_N.tolist()) == {2, 5}
    losses = model.train().losses(torch.rand(2, 3, 64, 64), [target(64, (8, 8, 40, 40), labels=(5,))] * 2)
    assert all(bool(loss.isfinite()) for loss in losses.values())


@pytest.mark.parametrize("heads", ["v1", "v2"])
@pytest.mark.parametrize("ignored", [False, True])
def test_pictures_without_things_train(heads: str, ignored: bool, small_detector: Make, detect: Build) -> None:
    """Nothing to find, or nothing known at all: finite losses, running means too, and a gradient for every weight."""
    model = detect(small_detector(heads=heads)).train()
    freeze_unreached(model, 64, 64)
    empty = target(64)
    empty["ignored"] |= ignored
    losses = model.losses(torch.rand(2, 3, 64, 64), [empty] * 2)
    torch.autograd.backward(list(losses.values()))
    assert all(bool(loss.isfinite()) for loss in losses.values())
    assert float(losses["mask"].detach()) == 0
    missing = [name for name, each in model.named_parameters() if each.requires_grad and each.grad is None]
    assert missing == []
    assert all(bool(each.isfinite().all()) for each in model.state_dict().values())


def test_ignored_pixels_teach_nothing(small_detector: Make, detect: Build) -> None:
    """A thing that nobody marked costs loss; under an ignored region it costs none, of objects and of classes."""
    model = detect(small_detector(rpn_samples=4096, roi_samples=4096)).train()
    image_BCHW, known, unknown = torch.rand(1, 3, 64, 64), target(64), target(64)
    unknown["ignored"][:] = True
    with torch.no_grad():
        class_known = float(model.losses(image_BCHW, [known])["class"])
        class_unknown = float(model.losses(image_BCHW, [unknown])["class"])
    assert class_known > 0
    assert class_unknown == 0


def test_ignored_anchors_are_no_examples(small_detector: Make, detect: Build) -> None:
    """An anchor on ignored pixels is neither thing nor background for the proposals, not even over a marked thing."""
    model = detect(small_detector(rpn_samples=4096)).train()
    network: Any = model.network
    anchors_A4 = torch.tensor([[0, 0, 20, 20], [40, 0, 60, 20], [0, 40, 20, 60], [40, 40, 60, 60], [22, 0, 42, 20]])
    half = target(64, (0, 0, 20, 20), (40, 0, 60, 20))
    half["ignored"][:, 32:] = True
    (labels_A,), _ = network.rpn.assign_targets_to_anchors([anchors_A4.float()], [half])
    assert labels_A.tolist() == [1, -1, 0, -1, 0]
    image_BCHW, known = torch.rand(1, 3, 64, 64), {**half, "ignored": torch.zeros(64, 64, dtype=torch.bool)}
    with torch.no_grad():
        network.rpn.head.cls_logits.weight *= 2000
        one, other = (float(model.losses(image_BCHW, [each])["objectness"]) for each in (half, known))
    assert one != pytest.approx(other, rel=1e-3)


def test_anchors_are_as_configured(small_detector: Make, detect: Build) -> None:
    """Each level's anchors have the level's size as the root of their area, and the ratios of height to width."""
    sizes, ratios = (6, 12, 24, 48, 96), (0.25, 1.0)
    network: Any = detect(small_detector(anchor_sizes=list(sizes), anchor_ratios=list(ratios))).network
    for size, anchors_R4 in zip(sizes, network.rpn.anchor_generator.cell_anchors, strict=True):
        width_R, height_R = (anchors_R4[:, 2:] - anchors_R4[:, :2]).unbind(dim=1)
        torch.testing.assert_close(height_R * width_R, torch.full((2,), float(size) ** 2), rtol=0.4, atol=0)
        torch.testing.assert_close(height_R / width_R, torch.tensor(ratios), rtol=0.4, atol=0)
    assert network.roi_heads.box_roi_pool.map_levels.s0 == 7 * 6
    assert network.roi_heads.mask_roi_pool.map_levels.s0 == 7 * 6


def overlap(boxes_N4: Tensor, labels_N: Tensor) -> float:
    """The largest IoU of two boxes of one label."""
    iou_NN = box_iou(boxes_N4, boxes_N4) * (labels_N[:, None] == labels_N[None])
    return float(iou_NN.fill_diagonal_(0).max())


def test_what_is_kept_is_as_configured(small_detector: Make, detect: Build) -> None:
    """At most `detections` of at least `score_threshold`, and none of one label that overlap by `nms_threshold`."""
    image_BCHW = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(4))

    def found(**options: Any) -> Any:
        with torch.no_grad():
            return (
                detect(small_detector(**{"score_threshold": 0.0, "proposals_test": [200, 100]} | options))
                .eval()
                .find(image_BCHW)[0]
            )

    many, few = found(nms_threshold=0.7), found(nms_threshold=0.2)
    assert 0.2 < overlap(many.boxes_N4, many.labels_N) <= 0.7
    assert overlap(few.boxes_N4, few.labels_N) <= 0.2
    assert len(few.scores_N) > 5
    assert torch.equal(found(nms_threshold=0.2, detections=3).scores_N, few.scores_N[:3])
    least = float(few.scores_N[2])
    assert torch.equal(found(nms_threshold=0.2, score_threshold=least).scores_N, few.scores_N[:2])


@pytest.mark.parametrize(("share", "things"), [(0.25, 4), (0.75, 12)])
def test_things_are_at_most_a_share_of_the_samples(
    share: float, things: int, small_detector: Make, detect: Build
) -> None:
    """Of 16 sampled proposals `roi_things` meet a thing, though more could."""
    network: Any = detect(small_detector(roi_things=share, roi_samples=16)).network
    on_it_P4, beside_P4 = torch.tensor([[8.0, 8, 40, 40]] * 30), torch.tensor([[44.0, 44, 60, 60]] * 30)
    _, _, (labels_R,), _ = network.roi_heads._sampled([torch.cat([on_it_P4, beside_P4])], [target(64, (8, 8, 40, 40))])
    assert (len(labels_R), int((labels_R > 0).sum())) == (16, things)


def test_ignored_pixels_are_in_no_masks_loss(small_detector: Make, detect: Build) -> None:
    """What a mask says where nothing is known does not matter to its loss."""
    model = detect(small_detector(proposals_train=[1, 1])).train()
    image_BCHW = torch.rand(1, 3, 64, 64)
    left, whole = target(64, (8, 8, 56, 56)), target(64, (8, 8, 56, 56))
    left["masks"][:, :, 40:] = False
    found = []
    for each in (left, whole):
        each["ignored"][:, 36:] = True
        torch.manual_seed(3)
        with torch.no_grad():
            found.append(model.losses(image_BCHW, [each]))
    torch.testing.assert_close(found[0]["mask"], found[1]["mask"])
    whole["ignored"][:] = False
    torch.manual_seed(3)
    with torch.no_grad():
        assert float(model.losses(image_BCHW, [whole])["mask"]) != pytest.approx(float(found[1]["mask"]), rel=1e-3)


def test_loss_weights_weigh(small_detector: Make, detect: Build) -> None:
    """Each weight is a factor on its loss, in the order that the file names."""
    image_BCHW, targets = torch.rand(2, 3, 64, 64), [target(64, (8, 8, 40, 40))] * 2
    found = []
    for weights in ([1.0] * 5, [1.0, 2.0, 3.0, 4.0, 0.0]):
        torch.manual_seed(2)
        with torch.no_grad():
            found.append(detect(small_detector(loss_weights=weights)).train().losses(image_BCHW, targets))
    for factor, name in zip([1.0, 2.0, 3.0, 4.0, 0.0], ("objectness", "rpn_box", "class", "box", "mask"), strict=True):
        torch.testing.assert_close(found[1][name], factor * found[0][name])


def test_an_encoder_of_one_size(detect: Build) -> None:
    """Swin sees the size that it was built for, padded; another size is a sentence."""
    config = {"name": "mask_rcnn", "encoder": "tu-swin_tiny_patch4_window7_224", "image_size": [80, 80]}
    limits = check_pair(config, size=(80, 80))
    assert (limits.fixed_size, limits.dynamic_size) == ((80, 80), False)
    model = detect(config | {"options": {"pyramid_channels": 8}}).eval()
    with torch.no_grad():
        assert len(model.find(torch.rand(1, 3, 80, 80))) == 1
    with pytest.raises(ModelError, match="takes 80 x 80 pixels only; found 96 x 96"):
        model.find(torch.rand(1, 3, 96, 96))


@pytest.mark.parametrize("encoder", ["resnet18", "mobilenet_v2", "tu-convnext_atto", "mit_b0"])
def test_named_encoders_work(encoder: str) -> None:
    """Those that a message recommends pass the check."""
    check_pair({"name": "mask_rcnn", "encoder": encoder}, size=(70, 90), batch_size=2)


def test_what_cannot_be_is_a_sentence(small_detector: Make, detect: Build) -> None:
    """No pyramid, another encoder for a published model, no things, a missing target, a wrong option."""
    with pytest.raises(ConfigError, match=r"conf/model/mask_rcnn\.yaml cannot work with the encoder 'tu-vit_tiny"):
        check_pair({"name": "mask_rcnn", "encoder": "tu-vit_tiny_patch16_224", "image_size": 64})
    with pytest.raises(ConfigError, match="one published model over resnet50, found 'resnet18'"):
        check_pair({"name": "maskrcnn_resnet50_fpn", "encoder": "resnet18"})
    with pytest.raises(ConfigError, match="no label of the label set has any"):
        build_detector(small_detector(), 2, (), (0, 0, 0), (1, 1, 1))
    with pytest.raises(ModelError, match="got no targets"):
        detect(small_detector()).train()(torch.rand(2, 3, 64, 64))
    with pytest.raises(ConfigError, match=r"loss_weights is .* must be a list of 5 numbers from 0 to 100"):
        detect(small_detector(loss_weights=[1.0]))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("anchor_sizes", [8, 32, 16, 64, 128]),
        ("anchor_sizes", [0, 8, 16, 32, 64]),
        ("anchor_sizes", [-8, 8, 16, 32, 64]),
        ("anchor_ratios", [2.0, 1.0]),
        ("anchor_ratios", [0.0, 1.0]),
        ("anchor_ratios", [-1.0, 1.0]),
        ("anchor_ratios", [float("nan"), 1.0]),
        ("rpn_iou", [0.7, 0.3]),
        ("roi_iou", [0.5, 1.5]),
        ("proposals_nms", 1.0),
    ],
)
def test_sizes_ratios_and_thresholds_have_an_order_and_bounds(option: str, value: Any, small_detector: Make) -> None:
    """Falling, zero, negative or beyond an IoU: a sentence that names the option, not torchvision's assertion."""
    with pytest.raises(ConfigError, match=f"options.{option} is .* must be a (list|number)"):
        check_pair(small_detector(**{option: value}))


def test_thresholds_of_examples_are_as_configured(small_detector: Make, detect: Build) -> None:
    """From which IoU on an anchor or a proposal meets a thing, under which it is background, and what overlaps less."""

    def network(**options: Any) -> Any:
        return detect(small_detector(**options)).train().network

    thing, boxes_A4 = target(64, (0, 0, 20, 20)), torch.tensor([[0.0, 0, 20, 20], [0, 0, 20, 12], [0, 0, 20, 4]])
    for options, anchors, proposals in (
        ({}, [1, -1, 0], [1, 1, 0]),
        ({"rpn_iou": [0.1, 0.5], "roi_iou": [0.1, 0.7]}, [1, 1, -1], [1, -1, -1]),
    ):
        rpn, heads = network(**options).rpn, network(**options).roi_heads
        (labels_A,), _ = rpn.assign_targets_to_anchors([boxes_A4], [thing])
        assert labels_A.tolist() == anchors
        _, (labels_R,) = heads.assign_targets_to_proposals([boxes_A4], [thing["boxes"]], [thing["labels"]])
        assert labels_R.tolist() == proposals
    for threshold in (0.2, 0.9):
        rpn = network(proposals_nms=threshold).eval().rpn
        (kept_A4,), _ = rpn.filter_proposals(boxes_A4[None, :2], torch.tensor([[1.0, 0.5]]), [(64, 64)], [2])
        assert len(kept_A4) == (1 if threshold == 0.2 else 2)


def test_another_size_than_the_stores_is_refused(small_detector: Make) -> None:
    """`image_size` is the store's, or left out; it resizes nothing."""
    check_pair(small_detector() | {"image_size": 64}, size=(64, 64))
    with pytest.raises(ConfigError, match=r"model.image_size is 96 x 96, and the pictures of the store have 64 x 64"):
        check_pair(small_detector() | {"image_size": 96}, size=(64, 64))


def test_the_label_set_decides_what_is_built(small_detector: Make) -> None:
    """`build_for` takes things from the label set: no background, no stuff."""
    labels = LabelSet.from_dict({"labels": ["background", "eye", {"name": "sky", "stuff": True}, "hat"]})
    model = build_for(small_detector(), labels, (0, 0, 0), (1, 1, 1))
    assert isinstance(model, Detector)
    assert model.things == (1, 3)


def test_half_precision_trains_and_finds(small_detector: Make, detect: Build) -> None:
    """Under bf16 autocast the losses are finite and gradients too; boxes and scores stay numbers of 32 bits."""
    model = detect(small_detector()).train()
    image_BCHW = torch.rand(2, 3, 64, 64)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        losses = model.losses(image_BCHW, [target(64, (8, 8, 40, 40)), target(64)])
    torch.autograd.backward([loss.float() for loss in losses.values()])
    assert all(bool(each.grad.isfinite().all()) for each in model.parameters() if each.grad is not None)
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        found = model.eval().find(image_BCHW)
    assert all(each.to_numpy().problem((1, 2, 3), 64, 64) is None for each in found)
