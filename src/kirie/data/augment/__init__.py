"""Augmentation on the device; every draw is a function of (seed, epoch, sample)."""

from kirie.data.augment.pipeline import Augmentation, as_float, build_augmentation

__all__ = ["Augmentation", "as_float", "build_augmentation"]
