"""From a loss configuration (`conf/loss/*.yaml`) to a module."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from kirie.errors import ConfigError
from kirie.tasks.losses.class_weights import class_weights
from kirie.tasks.losses.overlap import Lovasz, Tversky
from kirie.tasks.losses.pixelwise import Boundary, CrossEntropy, Focal
from kirie.tasks.losses.weighted_sum import WeightedSum


@dataclass(frozen=True, slots=True)
class _Option:
    """A number that a term takes."""

    low: float
    high: float
    whole: bool = False

    def allows(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            return False
        return math.isfinite(value) and self.low <= value <= self.high

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.low:g}" + (f" to {self.high:g}" if math.isfinite(self.high) else "")


_POSITIVE = _Option(0.0, math.inf)
_SHARE = _Option(0.0, 1.0)


def _dice(smooth: float = 0.0) -> nn.Module:
    return Tversky(0.5, 0.5, smooth)


def _jaccard(smooth: float = 0.0) -> nn.Module:
    return Tversky(1.0, 1.0, smooth)


TERMS: dict[str, tuple[Callable[..., nn.Module], dict[str, _Option]]] = {
    "cross_entropy": (CrossEntropy, {"label_smoothing": _SHARE}),
    "focal": (Focal, {"gamma": _POSITIVE}),
    "boundary": (
        Boundary,
        {"radius": _Option(1, 64, whole=True), "factor": _POSITIVE, "label_smoothing": _SHARE},
    ),
    "dice": (_dice, {"smooth": _POSITIVE}),
    "jaccard": (_jaccard, {"smooth": _POSITIVE}),
    "tversky": (Tversky, {"alpha": _POSITIVE, "beta": _POSITIVE, "smooth": _POSITIVE}),
    "lovasz": (Lovasz, {}),
}
"""Every term by name: what makes it, and its options."""


def build_loss(config: Mapping[str, Any], pixel_counts: Sequence[int]) -> WeightedSum:
    """Builds the loss.

    Args:
        config: `terms`: from a term's name to its options and its `weight` (1 unless given), and `class_weights`: see
            `class_weights.class_weights`.
        pixel_counts: Pixels of each label in the train split, L of them.

    Raises:
        ConfigError: A name, an option or a value is not allowed.
    """
    parts, factors = _terms(config)
    return WeightedSum(parts, factors, torch.from_numpy(class_weights(config.get("class_weights"), pixel_counts)))


def check_loss(config: Mapping[str, Any]) -> None:
    """Checks all of a loss but how many class weights there must be, which the store knows.

    Raises:
        ConfigError: See `build_loss`.
    """
    _terms(config)
    weights = config.get("class_weights")
    class_weights(weights, [1] * len(weights) if isinstance(weights, list) else [1])


def _terms(config: Mapping[str, Any]) -> tuple[dict[str, nn.Module], dict[str, float]]:
    """The terms by name, and the factor of each."""
    if strange := set(config) - {"terms", "class_weights"}:
        raise ConfigError(f"The loss has unknown settings {_listed(strange)}; allowed are `class_weights`, `terms`.")
    entries = config.get("terms")
    if not isinstance(entries, Mapping) or not entries:
        raise ConfigError(
            "The loss has no terms; write under `loss.terms` at least one of "
            f"{_listed(TERMS)}, such as `dice: {{weight: 1.0}}`."
        )
    parts: dict[str, nn.Module] = {}
    factors: dict[str, float] = {}
    for name, options in entries.items():
        # A recipe takes a term out by setting it to null
        if options is not None:
            parts[name], factors[name] = _term(str(name), options)
    if not any(factors.values()):
        raise ConfigError(f"All terms of the loss ({_listed(entries)}) have the weight 0; give one of them a weight.")
    return parts, factors


def _term(name: str, raw: object) -> tuple[nn.Module, float]:
    if name not in TERMS:
        near = difflib.get_close_matches(name, TERMS, n=1)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        raise ConfigError(f"There is no loss term '{name}'.{hint} Terms are {_listed(TERMS)}.")
    if not isinstance(raw, Mapping):
        raise ConfigError(f"loss.terms.{name} is {raw!r}; write a mapping such as `{{weight: 1.0}}`.")
    make, allowed = TERMS[name]
    allowed = {"weight": _POSITIVE} | allowed
    for key, value in raw.items():
        if key not in allowed:
            raise ConfigError(f"loss.terms.{name} has no option '{key}'; it takes {_listed(allowed)}.")
        if not allowed[key].allows(value):
            raise ConfigError(f"loss.terms.{name}.{key} is {value!r}; write {allowed[key]}.")
    options = {key: value for key, value in raw.items() if key != "weight"}
    return make(**options), float(raw.get("weight", 1.0))


def _listed(names: Iterable[object]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(map(str, names)))
