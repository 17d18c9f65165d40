"""torchvision's proposals and heads, with what they lack: pixels of which nothing is known, and batches without things.

An anchor or a proposal of which more than half lies on ignored pixels (crowds, `__ignore__` regions, what a warp brings
in from outside) is neither an example of a thing nor of the background, and ignored pixels are in no mask's loss. A
batch in which nothing can be learnt gives zeros and not NaN, and its gradients reach every weight all the same, which
distributed training waits for.

Shape suffixes: B batch, A anchors or proposals, C classes, H height, W width, M side of a small mask, N things, P
proposals whose mask is learnt, R sampled proposals.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.ops import roi_align

IGNORED_SHARE = 0.5
"""An anchor or a proposal with a larger share of ignored pixels is no example of anything."""


def ignored_share(boxes_A4: Tensor, ignored_HW: Tensor) -> Tensor:
    """The share of each box's own area that lies on ignored pixels.

    Args:
        boxes_A4: x0, y0, x1, y1 in pixels; they may leave the picture.
        ignored_HW: Whether a pixel is ignored.

    Returns:
        float32 (A,).
    """
    height, width = ignored_HW.shape
    # Sums of all above and left of a corner: four of them make a box
    sums_HW = functional.pad(ignored_HW.float().cumsum(0).cumsum(1), (1, 0, 1, 0))
    x0, y0, x1, y1 = boxes_A4.detach().float().round().long().unbind(dim=1)
    across, down = torch.stack([x0, x1]).clamp(0, width), torch.stack([y0, y1]).clamp(0, height)
    inside_A = sums_HW[down[1], across[1]] - sums_HW[down[0], across[1]]
    inside_A = inside_A - sums_HW[down[1], across[0]] + sums_HW[down[0], across[0]]
    return inside_A / ((x1 - x0) * (y1 - y0)).clamp_min(1)


class Proposer(RegionProposalNetwork):
    """torchvision's region proposal network; see the module."""

    def assign_targets_to_anchors(
        self, anchors: list[Tensor], targets: list[dict[str, Tensor]]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """1 thing, 0 background, -1 neither, per anchor; and the box that each is to find."""
        labels, boxes = super().assign_targets_to_anchors(anchors, targets)
        for labels_A, anchors_A4, target in zip(labels, anchors, targets, strict=True):
            labels_A[ignored_share(anchors_A4, target["ignored"]) > IGNORED_SHARE] = -1.0
        return labels, boxes

    def compute_loss(
        self, objectness: Tensor, pred_bbox_deltas: Tensor, labels: list[Tensor], regression_targets: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """torchvision's losses, which are NaN where no anchor could be sampled; here 0."""
        positive, negative = (torch.where(torch.cat(found))[0] for found in self.fg_bg_sampler(labels))
        sampled = torch.cat([positive, negative])
        count = max(1, len(sampled))
        boxes = functional.smooth_l1_loss(
            pred_bbox_deltas[positive], torch.cat(regression_targets)[positive], beta=1 / 9, reduction="sum"
        )
        things = functional.binary_cross_entropy_with_logits(
            objectness.flatten()[sampled], torch.cat(labels)[sampled], reduction="sum"
        )
        return things / count, boxes / count


class Heads(RoIHeads):
    """torchvision's heads; see the module."""

    def forward(
        self,
        features: dict[str, Tensor],
        proposals: list[Tensor],
        image_shapes: list[tuple[int, int]],
        targets: Any = None,
    ) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:
        """Detections, or the losses of a training step."""
        if self.training:
            return [], self._losses(features, proposals, image_shapes, targets)
        found: tuple[list[dict[str, Tensor]], dict[str, Tensor]] = super().forward(features, proposals, image_shapes)
        return found

    def _losses(
        self,
        features: dict[str, Tensor],
        proposals: list[Tensor],
        image_shapes: Sequence[tuple[int, int]],
        targets: Sequence[dict[str, Tensor]],
    ) -> dict[str, Tensor]:
        boxes, matches, labels, deltas = self._sampled(proposals, targets)
        known_R = torch.cat(labels) >= 0
        found_RD = self.box_head(self.box_roi_pool(features, boxes, image_shapes))
        logits_RC, moves_RK = self.box_predictor(found_RD)
        labels_R = torch.cat(labels).clamp(min=0)
        count = max(1, len(labels_R))
        classes_R = functional.cross_entropy(logits_RC, labels_R, reduction="none")
        positive = torch.where(labels_R > 0)[0]
        moves_RC4 = moves_RK.reshape(len(labels_R), -1, 4)
        moved = functional.smooth_l1_loss(
            moves_RC4[positive, labels_R[positive]], torch.cat(deltas)[positive], beta=1 / 9, reduction="sum"
        )
        return {
            "loss_classifier": (classes_R * known_R).sum() / count,
            "loss_box_reg": moved / count,
            "loss_mask": self._mask_loss(features, boxes, matches, labels, image_shapes, targets),
        }

    def _sampled(
        self, proposals: list[Tensor], targets: Sequence[dict[str, Tensor]]
    ) -> tuple[list[Tensor], list[Tensor], list[Tensor], list[Tensor]]:
        """The proposals to learn from, per picture: boxes, the thing that each meets, its class, the move to its box.

        A class of -1 is a stand-in: batch normalisation and the gradients need at least one proposal a batch.
        """
        truths = [target["boxes"].to(proposals[0].dtype) for target in targets]
        boxes = self.add_gt_proposals(proposals, truths)
        matches, labels = self.assign_targets_to_proposals(boxes, truths, [target["labels"] for target in targets])
        for labels_A, boxes_A4, target in zip(labels, boxes, targets, strict=True):
            labels_A[ignored_share(boxes_A4, target["ignored"]) > IGNORED_SHARE] = -1
        chosen = self.subsample(labels)
        if not sum(len(indices) for indices in chosen):
            height, width = targets[0]["ignored"].shape
            boxes[0] = boxes[0].new_tensor([[0, 0, width, height]])
            matches[0], labels[0] = matches[0].new_zeros(1), labels[0].new_full((1,), -1)
            chosen[0] = chosen[0].new_zeros(1)
        boxes, matches, labels = (
            [values[indices] for values, indices in zip(each, chosen, strict=True)] for each in (boxes, matches, labels)
        )
        aims = [truth[match] if len(truth) else own for truth, match, own in zip(truths, matches, boxes, strict=True)]
        return boxes, matches, labels, list(self.box_coder.encode(aims, boxes))

    def _mask_loss(
        self,
        features: dict[str, Tensor],
        boxes: Sequence[Tensor],
        matches: Sequence[Tensor],
        labels: Sequence[Tensor],
        image_shapes: Sequence[tuple[int, int]],
        targets: Sequence[dict[str, Tensor]],
    ) -> Tensor:
        """Binary cross entropy over the known pixels of the masks of all proposals that meet a thing."""
        chosen = [torch.where(each > 0)[0] for each in labels]
        stand_in = not sum(len(indices) for indices in chosen)
        if stand_in:
            at = next(place for place, each in enumerate(boxes) if len(each))
            chosen[at] = chosen[at].new_zeros(1)
        boxes, matches, labels = (
            [values[indices] for values, indices in zip(each, chosen, strict=True)] for each in (boxes, matches, labels)
        )
        logits_PCMM = self.mask_predictor(self.mask_head(self.mask_roi_pool(features, boxes, image_shapes)))
        if stand_in:
            nothing: Tensor = logits_PCMM.sum() * 0.0
            return nothing
        side, labels_P = logits_PCMM.shape[-1], torch.cat(list(labels))
        truth, known = zip(
            *(
                _projected(target, boxes_P4, match_P, side)
                for target, boxes_P4, match_P in zip(targets, boxes, matches, strict=True)
            ),
            strict=True,
        )
        known_PMM = torch.cat(known)
        logits_PMM = logits_PCMM[torch.arange(len(labels_P), device=labels_P.device), labels_P]
        wrong = functional.binary_cross_entropy_with_logits(
            logits_PMM, torch.cat(truth).to(logits_PMM.dtype), weight=known_PMM.to(logits_PMM.dtype), reduction="sum"
        )
        loss: Tensor = wrong / known_PMM.sum().clamp_min(1)
        return loss


def _projected(target: dict[str, Tensor], boxes_P4: Tensor, match_P: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Masks and known pixels as each box sees them, (P, M, M) each, as torchvision projects its masks."""
    masks_N1HW = target["masks"][:, None].to(boxes_P4.dtype)
    known_11HW = target["ignored"].logical_not()[None, None].to(boxes_P4.dtype)
    if not len(boxes_P4):
        nothing_0MM = boxes_P4.new_zeros(0, side, side)
        return nothing_0MM, nothing_0MM
    rois_P5 = torch.cat([match_P[:, None].to(boxes_P4.dtype), boxes_P4], dim=1)
    there_P5 = torch.cat([torch.zeros_like(rois_P5[:, :1]), boxes_P4], dim=1)
    masks_PMM = roi_align(masks_N1HW, rois_P5, (side, side), 1.0)[:, 0]
    known_PMM = roi_align(known_11HW, there_P5, (side, side), 1.0)[:, 0] > 0.5
    return masks_PMM, known_PMM.to(masks_PMM.dtype)
