"""Models: one factory over smp's, torchvision's and our own architectures, and ways to start from other weights."""

from kirie.core.task import is_detector
from kirie.models.build import build_detector, build_for, build_model, check_pair
from kirie.models.checkpoint import Checkpoint, load_plain, read_checkpoint, require_labels
from kirie.models.detector import Detector, Found
from kirie.models.init_from import InitReport, init_from
from kirie.models.model import parameters_count
from kirie.models.probe import Limits
from kirie.models.reach import freeze_unreached
from kirie.models.segmenter import Segmenter

__all__ = [
    "Checkpoint",
    "Detector",
    "Found",
    "InitReport",
    "Limits",
    "Segmenter",
    "build_detector",
    "build_for",
    "build_model",
    "check_pair",
    "freeze_unreached",
    "init_from",
    "is_detector",
    "load_plain",
    "parameters_count",
    "read_checkpoint",
    "require_labels",
]
