"""Losses of semantic segmentation: terms, their weighted sum, and class weights from the store.

All terms are kirie's own, because those of segmentation_models_pytorch 0.6 and torch differ where it matters here:
torch's cross entropy is NaN when every pixel of a batch is ignored; smp's Lovász returns an empty tensor then, and its
Dice, Jaccard and Tversky count a label that the batch does not hold as a perfect one (0, but still in the mean).
Where the definitions coincide, tests hold them equal to smp's and torch's.

Every term holds to four rules. Pixels of the ignore index take no part. A label that the batch's truth does not hold
is left out of an average over labels. Nothing to learn from (all ignored) is 0 with a gradient of 0. The computation
is in float32 whatever the network computes in.
"""

from kirie.tasks.losses.build import build_loss, check_loss
from kirie.tasks.losses.weighted_sum import WeightedSum

__all__ = ["WeightedSum", "build_loss", "check_loss"]
