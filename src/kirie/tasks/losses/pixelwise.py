"""Terms that are a mean over pixels: cross entropy, focal, and cross entropy that counts boundaries more.

Shapes: B batch, L labels, H, W picture size in pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kirie.core.labels import IGNORE
from kirie.tasks.losses.prediction import Prediction, per_weight
from kirie.tasks.processes import summed
from kirie.tasks.window import highest, lowest

_LEAST = 1e-12
"""Keeps the focal factor's gradient finite at probability 1 with gamma under 1."""


class CrossEntropy(nn.Module):
    """Cross entropy over the valid pixels, averaged by the weights of their labels as torch does.

    Args:
        label_smoothing: Share of the target that is spread evenly over all labels (Szegedy et al., "Rethinking the
            Inception architecture for computer vision", CVPR 2016).
    """

    def __init__(self, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing

    def forward(self, prediction: Prediction) -> Tensor:
        """The term's value."""
        return self.average(prediction, prediction.valid_BHW.float())

    def average(self, prediction: Prediction, factor_BHW: Tensor) -> Tensor:
        """The mean when each pixel counts `factor_BHW` times (0 where it is not valid)."""
        weight_BHW = factor_BHW * prediction.weight_L[prediction.target_BHW]
        value_BHW = weight_BHW * _negative_log(prediction)
        if self.label_smoothing:
            # In torch's definition each label's share of the spread carries that label's weight
            share_L = prediction.weight_L / len(prediction.weight_L)
            spread_BHW = -torch.einsum("blhw,l->bhw", prediction.log_p_BLHW, share_L)
            value_BHW = torch.lerp(value_BHW, factor_BHW * spread_BHW, self.label_smoothing)
        return per_weight(*summed(value_BHW.sum(), weight_BHW.sum()))


class Focal(nn.Module):
    """Focal loss over a softmax: cross entropy times (1 - p) ** gamma.

    Source: Lin et al., "Focal loss for dense object detection", ICCV 2017. The paper's alpha is the label's weight.

    Args:
        gamma: How strongly pixels that are right already are passed over; 0 is cross entropy.
    """

    def __init__(self, gamma: float = 2.0) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, prediction: Prediction) -> Tensor:
        """The term's value."""
        nll_BHW = _negative_log(prediction)
        # expm1 keeps 1 - p exact where p is nearly 1
        wrong_BHW = -torch.expm1(-nll_BHW)
        weight_BHW = prediction.valid_BHW * prediction.weight_L[prediction.target_BHW]
        value_BHW = weight_BHW * wrong_BHW.clamp_min(_LEAST) ** self.gamma * nll_BHW
        return per_weight(*summed(value_BHW.sum(), weight_BHW.sum()))


class Boundary(nn.Module):
    """Cross entropy in which pixels near another label count more.

    After the weight map of Ronneberger et al., "U-Net: convolutional networks for biomedical image segmentation",
    MICCAI 2015, with a step in place of the Gaussian, so that it is found on the device. The edge of an ignored area is
    no boundary: what lies behind it is not known.

    Args:
        radius: Pixels whose window of 2 * radius + 1 holds another label are near.
        factor: How often a near pixel counts; a far one counts once.
        label_smoothing: As in cross entropy.
    """

    def __init__(self, radius: int = 3, factor: float = 5.0, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.radius = radius
        self.factor = factor
        self.cross_entropy = CrossEntropy(label_smoothing)

    def forward(self, prediction: Prediction) -> Tensor:
        """The term's value."""
        near_BHW = near_boundary(prediction.target_BHW, prediction.valid_BHW, self.radius)
        factor_BHW = torch.where(near_BHW, self.factor, 1.0) * prediction.valid_BHW
        return self.cross_entropy.average(prediction, factor_BHW)


def near_boundary(target_BHW: Tensor, valid_BHW: Tensor, radius: int) -> Tensor:
    """Whether a window of 2 * radius + 1 pixels holds two labels, ignored pixels aside."""
    # An ignored pixel is too high to be the lowest and too low to be the highest
    id_BHW = target_BHW.to(torch.int16)
    lowest_BHW = lowest(torch.where(valid_BHW, id_BHW, IGNORE), radius, IGNORE)
    highest_BHW = highest(torch.where(valid_BHW, id_BHW, -1), radius, -1)
    return highest_BHW > lowest_BHW


def _negative_log(prediction: Prediction) -> Tensor:
    """Minus the log-probability of the truth, shape (B, H, W); of label 0 where the pixel is not valid."""
    return -prediction.log_p_BLHW.gather(1, prediction.target_BHW.unsqueeze(1)).squeeze(1)
