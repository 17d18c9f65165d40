"""Transfer learning: a model starts from another run's weights, whatever its labels and its decoder were.

Every tensor with the same name and shape is taken. The last layer is taken row by row: a label that both sets have
keeps what it learned, a new one starts fresh. Which tensors have rows per label, and how many (a detector's boxes have
four), is not guessed from their names or sizes: the same network is built without contents for two and for three
labels, and what differs is the answer. A detector's first row, of no thing, is every label set's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from kirie.core.labels import LabelSet
from kirie.errors import ModelError
from kirie.models.checkpoint import Checkpoint, match, read_checkpoint
from kirie.models.coco import our_names
from kirie.models.config import ModelConfig
from kirie.models.detector import Detector
from kirie.models.positions import fitted
from kirie.models.probe import construct_on_meta
from kirie.models.segmenter import Segmenter
from kirie.models.weights import statistics_in


@dataclass(frozen=True, slots=True)
class InitReport:
    """What a model was started from.

    Attributes:
        source: The checkpoint.
        loaded: Tensors taken whole, by our names.
        adapted: Tensors taken in part: rows of the labels that both sets have.
        fresh: Tensors that keep their first, random values.
        left_out: Tensors of the checkpoint that have no place here, by its names.
        labels_kept: Labels that keep what they learned.
        labels_fresh: Labels that start from nothing.
    """

    source: str
    loaded: tuple[str, ...]
    adapted: tuple[str, ...]
    fresh: tuple[str, ...]
    left_out: tuple[str, ...]
    labels_kept: tuple[str, ...]
    labels_fresh: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For the run record: counts, and the names that are few enough to read."""
        return {
            "source": self.source,
            "loaded": len(self.loaded),
            "adapted": list(self.adapted),
            "fresh": len(self.fresh),
            "left_out": len(self.left_out),
            "labels_kept": list(self.labels_kept),
            "labels_fresh": list(self.labels_fresh),
        }

    def table(self) -> str:
        """One row per part of the network, as text."""
        counted = [_by_part(names) for names in (self.loaded, self.adapted, self.fresh)]
        parts = list(dict.fromkeys(part for counts in counted for part in counts))
        rows = [["part", "loaded", "adapted", "fresh"]]
        rows += [[part, *(str(counts[part]) for counts in counted)] for part in parts]
        width = max(len(row[0]) for row in rows)
        lines = [f"{row[0]:<{width}}  {row[1]:>6}  {row[2]:>7}  {row[3]:>5}" for row in rows]
        kept = ", ".join(self.labels_kept) or "none"
        new = ", ".join(self.labels_fresh) or "none"
        return "\n".join(
            [
                f"started from {self.source} ({len(self.left_out)} of its tensors left out)",
                *lines,
                f"labels kept: {kept}; labels from nothing: {new}",
            ]
        )


def init_from(segmenter: Segmenter | Detector, path: Path, labels: LabelSet) -> InitReport:
    """Starts a model from a checkpoint, a run folder or a plain state dict.

    The mean and standard deviation of a kirie checkpoint come along: its weights have learned on them.

    Args:
        segmenter: The model, changed in place.
        path: The checkpoint, run folder or state dict.
        labels: The model's label set.

    Raises:
        ModelError: The file cannot be read, no tensor of it fits, or the label set is not the model's.
    """
    if len(labels) != segmenter.n_labels:
        raise ModelError(f"The model has {segmenter.n_labels} labels and the label set {len(labels)}.")
    checkpoint = read_checkpoint(path)
    if isinstance(segmenter, Detector):
        checkpoint = replace(checkpoint, state=our_names(checkpoint.state))
    wanted = segmenter.network.state_dict()
    names = match(checkpoint.state, wanted).names
    rows = label_rows(ModelConfig.read(segmenter.config))
    here, there = (_row_names(segmenter, each) for each in (labels, checkpoint.labels))
    pairs = [(at, there.index(name)) for at, name in enumerate(here) if name in there]
    state: dict[str, Tensor] = {}
    adapted = []
    for ours, theirs in names.items():
        tensor = checkpoint.state[theirs]
        if ours not in rows:
            if (whole := fitted(segmenter.network, ours, tensor, wanted[ours])) is not None:
                state[ours] = whole
        elif pairs and (merged := _rows(wanted[ours], tensor, rows[ours], pairs, len(there))) is not None:
            state[ours] = merged
            adapted.append(ours)
    if set(adapted) != set(rows):
        # A bias without its weights has learned nothing that is true here
        for ours in adapted:
            del state[ours]
        adapted = []
    if not state:
        raise ModelError(
            f"No tensor of {checkpoint.path} fits a {segmenter.architecture} over '{segmenter.encoder}' by name and "
            "shape; start from a checkpoint with the same encoder."
        )
    # Not smp's own: it renames in place and warns
    nn.Module.load_state_dict(segmenter.network, state, strict=False)
    _take_statistics(segmenter, checkpoint)
    segmenter.origin = str(checkpoint.path)
    kept = [name for to, _ in pairs if (name := here[to]) is not None] if adapted else []
    used = {names[ours] for ours in state}
    return InitReport(
        source=str(checkpoint.path),
        loaded=tuple(name for name in state if name not in adapted),
        adapted=tuple(adapted),
        fresh=tuple(name for name in wanted if name not in state),
        left_out=tuple(name for name in checkpoint.state if name not in used and not _is_statistic(name)),
        labels_kept=tuple(kept),
        labels_fresh=tuple(name for name in here if name is not None and name not in kept),
    )


@dataclass(frozen=True, slots=True)
class Rows:
    """Where a tensor has rows per label: along which axis, and how many for each."""

    axis: int
    each: int


def label_rows(config: ModelConfig) -> dict[str, Rows]:
    """Tensors of an architecture with rows per label."""
    two, three = (construct_on_meta(config, count).state_dict() for count in (2, 3))
    found = {}
    for name in two:
        sides = list(zip(two[name].shape, three[name].shape, strict=True))
        axis = next((axis for axis, (a, b) in enumerate(sides) if a != b), None)
        if axis is not None:
            found[name] = Rows(axis, sides[axis][1] - sides[axis][0])
    return found


def _row_names(segmenter: Segmenter | Detector, labels: LabelSet | None) -> list[str | None]:
    """What the rows of the last layers stand for, None for no thing; a checkpoint that does not say has no rows."""
    if labels is None:
        return []
    if isinstance(segmenter, Detector):
        return [None, *(labels.names[thing] for thing in labels.things)]
    return list(labels.names)


def _rows(fresh: Tensor, tensor: Tensor, rows: Rows, pairs: Sequence[tuple[int, int]], count: int) -> Tensor | None:
    """`fresh` with the rows of shared labels taken over; None if the two layers do not fit otherwise."""
    expected = list(fresh.shape)
    expected[rows.axis] = count * rows.each
    if list(tensor.shape) != expected:
        return None
    here, there = (
        torch.tensor([at * rows.each + row for at in ids for row in range(rows.each)], device=fresh.device)
        for ids in zip(*pairs, strict=True)
    )
    moved = tensor.to(fresh).index_select(rows.axis, there)
    return fresh.clone().index_copy(rows.axis, here, moved)


def _take_statistics(segmenter: Segmenter | Detector, checkpoint: Checkpoint) -> None:
    found = statistics_in(checkpoint.state)
    if found is not None:
        for buffer, values in zip((segmenter.mean, segmenter.std), found, strict=True):
            buffer.copy_(torch.tensor(values, dtype=buffer.dtype).view_as(buffer))


def _is_statistic(name: str) -> bool:
    return name.rpartition(".")[2] in {"mean", "std"}


def _by_part(names: Sequence[str]) -> Counter[str]:
    return Counter(name.partition(".")[0] for name in names)
