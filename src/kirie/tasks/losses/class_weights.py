"""Weights of labels from their pixel counts over the train split.

Every scheme is scaled so that the mean over the labels that occur is 1, which keeps the loss, and with it the fitting
learning rate, at one scale. A label that never occurs gets 1: training never meets it, and should validation hold it,
its pixels count like those of an average label instead of vanishing from the loss.

Shapes: L labels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kirie.errors import ConfigError

Weights = NDArray[np.float64]


def _none(share: Weights) -> Weights:
    return np.ones_like(share)


def _inverse(share: Weights) -> Weights:
    return 1 / share


def _sqrt_inverse(share: Weights) -> Weights:
    """A softer inverse, as for word frequencies in Mikolov et al., NeurIPS 2013."""
    found: Weights = 1 / np.sqrt(share)
    return found


def _log_inverse(share: Weights) -> Weights:
    """Bounded inverse: 1 / ln(1.02 + share), Paszke et al., "ENet", 2016."""
    found: Weights = 1 / np.log(1.02 + share)
    return found


def _effective(share: Weights) -> Weights:
    """Inverse effective number of samples: Cui et al., "Class-balanced loss", CVPR 2019.

    With beta = (N - 1) / N and N the mean pixel count of a label: labels rarer than the mean are weighted by nearly
    their inverse, commoner ones saturate. In shares, (1 - beta ** n) / (1 - beta) is close to N * (1 - exp(-n / N)).
    """
    found: Weights = 1 / -np.expm1(-share * len(share))
    return found


SCHEMES: dict[str, Callable[[Weights], Weights]] = {
    "none": _none,
    "inverse": _inverse,
    "sqrt_inverse": _sqrt_inverse,
    "log_inverse": _log_inverse,
    "effective": _effective,
}
"""From the shares of pixels of the labels that occur to weights. Scaled to a mean of 1, `inverse` is also the
median-frequency balancing of Eigen and Fergus (ICCV 2015) taken over pixels of the whole set."""


def class_weights(setting: object, pixel_counts: Sequence[int]) -> Weights:
    """Weights by a scheme's name, or as given.

    Args:
        setting: A name of SCHEMES, None for `none`, or L numbers that are used as they are.
        pixel_counts: Pixels of each label in the train split, L of them.

    Returns:
        L weights, at least 0.

    Raises:
        ConfigError: There is no such scheme, or the numbers are not L finite weights, one of them above 0.
    """
    if setting is None:
        setting = "none"
    if isinstance(setting, str):
        if setting not in SCHEMES:
            raise ConfigError(
                f"loss.class_weights is '{setting}'; write one of {', '.join(SCHEMES)}, or a list of one weight per "
                "label."
            )
        return _scaled(SCHEMES[setting], np.asarray(pixel_counts, dtype=np.float64))
    if not isinstance(setting, Sequence) or not all(_is_weight(value) for value in setting) or not any(setting):
        raise ConfigError(
            f"loss.class_weights is {setting!r}; write one of {', '.join(SCHEMES)}, or a list of finite numbers, none "
            "below 0 and at least one above."
        )
    if len(setting) != len(pixel_counts):
        raise ConfigError(
            f"loss.class_weights has {len(setting)} weights, and the store has {len(pixel_counts)} labels; "
            "write one weight per label, in the order of the labels."
        )
    return np.asarray(setting, dtype=np.float64)


def _scaled(scheme: Callable[[Weights], Weights], count_L: Weights) -> Weights:
    weight_L = np.ones_like(count_L)
    held_L = count_L > 0
    if held_L.any():
        found = scheme(count_L[held_L] / count_L.sum())
        weight_L[held_L] = found / found.mean()
    return weight_L


def _is_weight(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
