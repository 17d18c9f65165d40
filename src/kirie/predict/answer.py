"""What writing asks of a model's answer, whatever the task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kirie.core.labels import LabelSet
from kirie.core.sample import Image
from kirie.formats.picture import Picture
from kirie.predict.parts import Part


class Answer(Protocol):
    """What a model says of one picture, at the picture's size."""

    def notes(self) -> Sequence[str]:
        """One sentence for each thing that the model found and that is left out of the answer."""

    def label_ids(self) -> NDArray[np.uint8]:
        """uint8 label ids of shape (H, W)."""

    def parts(self, picture: Picture, labels: LabelSet) -> Iterator[Part]:
        """The picture's parts, the lowest first, one at a time; together they are the picture."""

    def overlay(self, rgb_HWC: Image, labels: LabelSet) -> Image:
        """The answer drawn over the picture, uint8 RGB."""

    def about(self, part: Part) -> dict[str, Any]:
        """What the record says of a part beside what it says of every part."""

    def write_own(self, folder: Path, image_id: int | str, kinds: frozenset[str], labels: LabelSet) -> dict[str, Any]:
        """Writes what only this task has.

        Args:
            folder: The picture's folder.
            image_id: The picture's id among those of the run.
            kinds: What is wanted.
            labels: What the ids mean.

        Returns:
            Fields for the record.
        """
