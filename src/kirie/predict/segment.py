"""A picture to its label map, at the picture's own size.

Shapes: H, W the picture; C RGB; L labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from kirie.core.labels import LabelSet
from kirie.core.sample import Image
from kirie.formats.picture import Picture
from kirie.predict.bands import bands
from kirie.predict.folder import file_name, save_png
from kirie.predict.parts import Part, cut_out
from kirie.predict.render import overlay
from kirie.predict.session import Session

PROBABILITY_ONE = 65535
"""Probabilities are kept and written as 16-bit fractions of this."""


@dataclass(frozen=True, slots=True)
class Segmentation:
    """What the model says of a picture.

    Attributes:
        labels_HW: uint8 label ids.
        probabilities_LHW: uint16 fractions of PROBABILITY_ONE, or None if nobody asked.
    """

    labels_HW: NDArray[np.uint8]
    probabilities_LHW: NDArray[np.uint16] | None

    def notes(self) -> tuple[str, ...]:
        """None: each pixel has its label."""
        return ()

    def label_ids(self) -> NDArray[np.uint8]:
        """The label map."""
        return self.labels_HW

    def parts(self, picture: Picture, labels: LabelSet) -> Iterator[Part]:
        """One for each label present."""
        return cut_out(picture.rgb_HWC, picture.alpha_HW, self.labels_HW, labels)

    def overlay(self, rgb_HWC: Image, labels: LabelSet) -> Image:
        """The labels' colours."""
        return overlay(rgb_HWC, self.labels_HW, labels)

    def about(self, part: Part) -> dict[str, Any]:
        """Nothing more than is said of every part."""
        return {}

    def write_own(self, folder: Path, image_id: int | str, kinds: frozenset[str], labels: LabelSet) -> dict[str, Any]:
        """The probabilities, if they were asked for."""
        if self.probabilities_LHW is not None:
            place = folder / "probabilities"
            place.mkdir()
            for label, values_HW in zip(labels, self.probabilities_LHW, strict=True):
                save_png(PIL.Image.fromarray(values_HW), place / file_name(label, ".png"))
        return {}


def segment(session: Session, image_HWC: Image, *, probabilities: bool = False) -> Segmentation:
    """Runs the model on a picture of any size.

    Args:
        session: The model.
        image_HWC: uint8 RGB.
        probabilities: Whether to keep them, too: two bytes a pixel and label.

    Raises:
        BundleError: The model fails.
        DeviceError: The device's memory does not suffice.
    """
    height, width = image_HWC.shape[:2]
    labels_HW = np.empty((height, width), dtype=np.uint8)
    kept_LHW = np.empty((len(session.labels), height, width), dtype=np.uint16) if probabilities else None
    for top, band_LhW in bands(session, image_HWC):
        rows = slice(top, top + band_LhW.shape[1])
        labels_HW[rows] = band_LhW.argmax(axis=0)
        if kept_LHW is not None:
            kept_LHW[:, rows] = np.rint(band_LhW.clip(0, 1) * PROBABILITY_ONE)
    return Segmentation(labels_HW, kept_LHW)
