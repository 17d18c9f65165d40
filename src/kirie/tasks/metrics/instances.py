"""All scores of a detector: average precision, panoptic quality, and those of a label map, painted from what it found.

Shapes: B batch, N detections, I instance ids, L labels, H, W picture size in pixels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import Metric

from kirie.core.detections import Detections, lay, pasted
from kirie.core.labels import IGNORE
from kirie.core.scores import CountTable, panoptic
from kirie.errors import RunError
from kirie.tasks.metrics.average_precision import average_precision
from kirie.tasks.metrics.confusion import SegmentationCounts
from kirie.tasks.metrics.overlap import Overlaps, Truth
from kirie.tasks.metrics.panoptic import panoptic_counts
from kirie.tasks.metrics.per_image import PerImageCounts
from kirie.tasks.processes import world


@dataclass(frozen=True, slots=True)
class _Picture:
    """What is kept of one picture: its place in the split, and numbers of its instances; no pixels."""

    index: int
    overlaps: Overlaps
    panoptic_L4: NDArray[np.float64]


class InstanceScores(Metric):
    """Counts a set of pictures, of which each process may have had others.

    Args:
        names: The labels' names, L of them.
        things: The label ids that have instances.
        background: The label id where nothing is found, or 255 if no label stands for that.
        paint_score: Detections of at least this score are painted into the label map; average precision takes all.
        images: Names of the split's samples, if a per-image table is wanted, too.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False

    def __init__(
        self,
        names: Sequence[str],
        things: Sequence[int],
        background: int,
        paint_score: float,
        images: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        self.names, self.things, self.paint_score = tuple(names), tuple(things), paint_score
        nothing = background == IGNORE
        self.background = len(self.names) if nothing else background
        self.painted: SegmentationCounts | PerImageCounts
        if images is None:
            self.painted = SegmentationCounts(names, nothing=nothing)
        else:
            self.painted = PerImageCounts(images, names, nothing=nothing)
        self.pictures: list[_Picture] = []

    def update(
        self,
        detections: Sequence[Detections],
        ids_BHW: Tensor,
        things_BI2: Tensor,
        semantic_BHW: Tensor,
        index_B: Tensor,
    ) -> None:
        """Counts a batch.

        Args:
            detections: What was found in each picture.
            ids_BHW: uint8 true instance ids: 0 none, 255 ignored.
            things_BI2: Label and crowd (0 or 1) of the ids from 1; label -1 where there is none.
            semantic_BHW: True label ids, 255 where a pixel is ignored.
            index_B: Place of each image in the split, int64; -1 is a filler, which is no picture.
        """
        kept = [at for at, index in enumerate(index_B.tolist()) if index >= 0]
        ids, things, semantic = (value.cpu().numpy() for value in (ids_BHW, things_BI2, semantic_BHW))
        painted = np.empty((len(kept), *semantic.shape[1:]), dtype=np.uint8)
        for row, at in enumerate(kept):
            painted[row] = self._picture(int(index_B[at]), detections[at], Truth.of(ids[at], things[at]), semantic[at])
        prediction_BHW, target_BHW = torch.from_numpy(painted).to(semantic_BHW.device), semantic_BHW[kept]
        if isinstance(self.painted, SegmentationCounts):
            self.painted.update(prediction_BHW, target_BHW)
        elif kept:
            self.painted.update(prediction_BHW, target_BHW, index_B[kept].to(semantic_BHW.device))

    def _picture(
        self, index: int, found: Detections, truth: Truth, semantic_HW: NDArray[np.uint8]
    ) -> NDArray[np.uint8]:
        """Keeps the numbers of one picture, and gives its painted label map."""
        height, width = semantic_HW.shape
        masks = list(pasted(found, height, width))
        labels_HW, instances_HW = lay(
            masks.__getitem__, found.labels_N, found.scores_N, (height, width), self.background, self.paint_score
        )
        counts_L4 = panoptic_counts(labels_HW, instances_HW, truth, semantic_HW, self.things, len(self.names))
        self.pictures.append(_Picture(index, Overlaps.of(found, masks, truth), counts_L4))
        return labels_HW

    def compute(self) -> dict[str, Any]:
        """The scores of the set over all processes.

        Returns:
            Those of the painted label map as `core.scores.scores` gives them (with a table, all of `CountTable`), and
            beside them those of `instances`.

        Raises:
            RunError: An image was counted twice, or, with a table, not at all.
        """
        pixels = self.painted.compute() if isinstance(self.painted, SegmentationCounts) else self.table().scores()
        return pixels | self.instances()

    def instances(self) -> dict[str, Any]:
        """What a label map has not.

        Returns:
            `map`: `mask` and `box` (the keys of `average_precision`) and `per_label`: name -> `mask` and `box`, for
            the labels that have instances. `pq`: as `core.scores.panoptic` gives it, for all labels.

        Raises:
            RunError: An image was counted twice.
        """
        pictures = sorted(_gathered(self.pictures), key=lambda one: one.index)
        _check(pictures)
        overlaps = [one.overlaps for one in pictures]
        mask, masks = average_precision(overlaps, self.things, "mask")
        box, boxes = average_precision(overlaps, self.things, "box")
        each = zip(self.things, masks, boxes, strict=True)
        per_label = {self.names[label]: {"mask": of_mask, "box": of_box} for label, of_mask, of_box in each}
        none_L4 = np.zeros((len(self.names), 4))
        return {
            "map": {"mask": mask, "box": box, "per_label": per_label},
            "pq": panoptic(sum((one.panoptic_L4 for one in pictures), none_L4), self.names),
        }

    def table(self) -> CountTable:
        """The per-image table of the painted label maps, in the split's order.

        Raises:
            RunError: An image was counted twice, or not at all.
            ValueError: The names of the images were not given.
        """
        if not isinstance(self.painted, PerImageCounts):
            raise ValueError("a table needs the images' names")
        return self.painted.table()

    def reset(self) -> None:
        """Forgets all pictures."""
        super().reset()
        self.painted.reset()
        self.pictures = []


def _gathered(pictures: list[_Picture]) -> list[_Picture]:
    """The pictures of all processes; they may have different numbers of them, or none."""
    if world() == 1:
        return pictures
    parts: list[Any] = [None] * world()
    dist.all_gather_object(parts, pictures)
    return [one for part in parts for one in part]


def _check(pictures: Sequence[_Picture]) -> None:
    doubled = [index for index, times in Counter(one.index for one in pictures).items() if times > 1]
    if doubled:
        raise RunError(
            f"{len(doubled)} images were evaluated more than once, the first being number {doubled[0] + 1} of the "
            "split; scores would be false. Evaluate again, on one device."
        )
