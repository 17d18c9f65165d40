"""Terms that compare areas label by label: Dice, Jaccard, Tversky, Lovász.

Areas are taken over the whole batch, on however many processes it lies, and averages run over the labels that the
batch's truth holds, by their weights.

Shapes: B batch, L labels, H, W picture size in pixels, P = B * H * W pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kirie.core.labels import IGNORE
from kirie.tasks.losses.prediction import Prediction, per_weight
from kirie.tasks.processes import gathered, summed


class Tversky(nn.Module):
    """1 - TP / (TP + alpha * FP + beta * FN) with probabilities for areas, by label.

    Source: Salehi et al., "Tversky loss function for image segmentation using 3D fully convolutional deep networks",
    MLMI 2017. alpha = beta = 1/2 is Dice (Milletari et al., "V-Net", 3DV 2016), alpha = beta = 1 is Jaccard (Rahman
    and Wang, "Optimizing intersection-over-union in deep neural networks for image segmentation", ISVC 2016).

    Args:
        alpha: Weight of false positives.
        beta: Weight of false negatives.
        smooth: Pixels added above and below the fraction, to calm labels of few pixels.
    """

    def __init__(self, alpha: float = 0.3, beta: float = 0.7, smooth: float = 0.0) -> None:
        super().__init__()
        self.alpha = alpha
        self.beta = beta
        self.smooth = smooth

    def forward(self, prediction: Prediction) -> Tensor:
        """The term's value."""
        p_BLHW = prediction.log_p_BLHW.exp()
        truth_BLHW = prediction.truth()
        tp_L = (p_BLHW * truth_BLHW).sum(dim=(0, 2, 3))
        # Summed where it is wrong, not by subtraction, which would lose a small label in rounding
        fp_L = (p_BLHW * (prediction.valid_BHW.unsqueeze(1) & ~truth_BLHW)).sum(dim=(0, 2, 3))
        tp_L, fp_L, held_L = summed(tp_L, fp_L, truth_BLHW.sum(dim=(0, 2, 3)))
        fn_L = held_L - tp_L
        bottom_L = tp_L + self.alpha * fp_L + self.beta * fn_L + self.smooth
        score_L = per_weight(tp_L + self.smooth, bottom_L)
        weight_L = prediction.weight_L * (held_L > 0)
        return per_weight((weight_L * (1 - score_L)).sum(), weight_L.sum())


class Lovasz(nn.Module):
    """Lovász-Softmax: the convex extension of the Jaccard loss, exact where predictions are 0 or 1.

    Source: Berman, Rannen Triki and Blaschko, "The Lovász-Softmax loss", CVPR 2018. The gradient of the extension is
    written as the step of the Jaccard loss that each pixel makes, in whole numbers, because differences of a running
    Jaccard index lose small steps in float32.
    """

    def forward(self, prediction: Prediction) -> Tensor:
        """The term's value."""
        p_LP = prediction.log_p_BLHW.exp().movedim(1, 0).flatten(1)
        target_P = torch.where(prediction.valid_BHW, prediction.target_BHW, IGNORE).flatten().to(torch.uint8)
        # An error's weight depends on how many others are larger, on all processes
        all_P, first = gathered(target_P, IGNORE)
        # One label at a time: sorting all together would hold L times the indices
        loss_L = torch.stack([_lovasz(p_P, label, target_P, all_P, first) for label, p_P in enumerate(p_LP)])
        (loss_L,) = summed(loss_L)
        weight_L = prediction.weight_L * torch.stack([(all_P == label).any() for label in range(len(p_LP))])
        return per_weight((weight_L * loss_L).sum(), weight_L.sum())


def _lovasz(p_P: Tensor, label: int, target_P: Tensor, all_P: Tensor, first: int) -> Tensor:
    """This process's part of a label's loss; `all_P` are the targets of all processes, this one's from `first` on."""
    # An ignored pixel has error 0: it is sorted behind all that has any, and adds nothing
    error_P = torch.where(target_P != IGNORE, ((target_P == label).float() - p_P).abs(), 0.0)
    order_P = gathered(error_P, 0.0)[0].argsort(descending=True)
    truth_P = (all_P == label)[order_P]
    seen_P = truth_P.long().cumsum(0)
    held = seen_P[-1]
    shared_P = held - seen_P
    union_P = held + torch.arange(1, len(all_P) + 1, device=p_P.device) - seen_P
    step_P = torch.where(truth_P, 1 / union_P, shared_P / (union_P * (union_P - 1).clamp_min(1)))
    # Back into the order of the pixels, of which this process has a part
    weight_P = torch.empty_like(step_P).scatter_(0, order_P, step_P)[first : first + len(p_P)]
    return (error_P * weight_P).sum()
