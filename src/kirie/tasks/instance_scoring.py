"""Scoring a detector on a split, image by image; what `tasks.scoring` is to the semantic task.

Shapes: B batch, I instance ids, H, W pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kirie.core.detections import Detections
from kirie.core.labels import LabelSet
from kirie.core.scores import CountTable
from kirie.tasks.metrics import InstanceScores


class Instance(Protocol):
    """What a split says of a true instance."""

    @property
    def label(self) -> int: ...
    @property
    def crowd(self) -> bool: ...


class InstanceSplit(Protocol):
    """What scoring asks of a split."""

    @property
    def names(self) -> Sequence[str]: ...
    def __len__(self) -> int: ...
    def read_targets(self, indices: Sequence[int], /) -> NDArray[np.uint8]: ...
    def read_instances(
        self, indices: Sequence[int], /
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Sequence[Sequence[Instance]]]: ...


class Found(Protocol):
    """What a detector says of one picture, wherever its tensors lie."""

    def to_numpy(self) -> Detections: ...


class Finder(Protocol):
    """What scoring asks of a detector."""

    @property
    def things(self) -> tuple[int, ...]: ...
    @property
    def options(self) -> Mapping[str, Any]: ...
    def find(self, image_BCHW: Tensor, /) -> Sequence[Found]: ...
    def to(self, device: torch.device, /) -> Any: ...
    def eval(self) -> Any: ...


def score_instances(
    model: Finder,
    split: InstanceSplit,
    labels: LabelSet,
    *,
    batch_size: int,
    device: torch.device,
    rank: int = 0,
    world: int = 1,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[CountTable, dict[str, Any]]:
    """Scores every image of a split once, in float32.

    Args:
        model: A detector; its option `paint_score` says which detections are painted.
        split: The split of a store.
        labels: The label set of both.
        batch_size: Images at a time.
        device: Where to compute.
        rank: Number of this process, which scores every `world`-th batch.
        world: How many processes share the split; all call this, and all get the scores of the whole.
        advance: Called with the number of images done.

    Returns:
        The per-image table of the painted label maps, in the split's order, and what it does not hold: `map` and
        `pq`, see InstanceScores.
    """
    model.to(device)
    model.eval()
    paint_score = float(model.options["paint_score"])
    scores = InstanceScores(labels.names, model.things, labels.unlabelled, paint_score, split.names).to(device)
    with torch.inference_mode():
        for start in range(rank * batch_size, len(split), world * batch_size):
            indices = list(range(start, min(start + batch_size, len(split))))
            images, ids, instances = split.read_instances(indices)
            image_BCHW = torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float() / 255
            scores.update(
                [found.to_numpy() for found in model.find(image_BCHW)],
                torch.from_numpy(ids),
                _things(instances),
                torch.from_numpy(split.read_targets(indices)).to(device),
                torch.tensor(indices),
            )
            advance(len(indices))
    return scores.table(), scores.instances()


def _things(pictures: Sequence[Sequence[Instance]]) -> Tensor:
    """Label and crowd by instance id from 1, shape (B, I, 2); label -1 where a picture has fewer."""
    most = max(map(len, pictures), default=0)
    things_BI2 = torch.tensor([-1, 0]).repeat(len(pictures), most, 1)
    for things_I2, instances in zip(things_BI2, pictures, strict=True):
        for at, one in enumerate(instances):
            things_I2[at, 0], things_I2[at, 1] = one.label, one.crowd
    return things_BI2
