"""Counting on the device; what the counts mean is decided in `kirie.core.scores`, and told in docs/metrics.md.

`SegmentationCounts` is for every validation epoch: one confusion matrix. `PerImageCounts` is for evaluation: all
columns of the per-image table. Both are torchmetrics metrics, so that devices and processes are the library's matter,
and both only add whole numbers, so that no result depends on batches, their order, or the number of processes.
`InstanceScores` has one of them for the label map that is painted from detections; beside it, it keeps what each
picture's detections overlap with, and evaluates that in the split's order.

The rules, once: pixels of the ignore index are in no count. A label that the truth does not hold has no score, and
averages leave it out. Ratios are taken of counts added over the whole set, never averaged over batches.
"""

from kirie.tasks.metrics.confusion import SegmentationCounts, confusion
from kirie.tasks.metrics.instances import InstanceScores
from kirie.tasks.metrics.per_image import PerImageCounts

__all__ = ["InstanceScores", "PerImageCounts", "SegmentationCounts", "confusion"]
