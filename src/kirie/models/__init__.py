"""Models: one factory over smp's, torchvision's and our own architectures, and ways to start from other weights."""

from kirie.models.build import build_model, check_pair
from kirie.models.segmenter import Segmenter, parameters_count

__all__ = ["Segmenter", "build_model", "check_pair", "parameters_count"]
