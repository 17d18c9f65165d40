"""A sample as rows: picture, target and instance map in one frame, or in tiles.

The instance map is unpacked at the picture's own size, where connected parts are connected, and then framed just as
the target is, so that both agree pixel by pixel.

Shapes: H, W the frame; B rows of one picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kirie.core.instances import CRUMB, chosen, find_instances
from kirie.core.labels import IGNORE, LabelSet
from kirie.core.sample import Sample
from kirie.prepare.layout import Frame
from kirie.prepare.record import RowInstances
from kirie.prepare.resize import PADDING, Placement, cut, fit, fit_target, placement, tiles
from kirie.prepare.rows import Pixels

BEYOND = "instances beyond the limit, ignored"


@dataclass(frozen=True, slots=True)
class Framed:
    """The rows of one sample.

    Attributes:
        pixels: The rows.
        inside_BHW: Where they are not padding.
        instances: Of each row.
        notes: What reading mended, and what is odd about instances, counted.
    """

    pixels: Pixels
    inside_BHW: NDArray[np.bool_]
    instances: RowInstances
    notes: Mapping[str, int]


def framed(sample: Sample, labels: LabelSet, frame: Frame) -> Framed:
    """Paints, unpacks and frames a sample.

    Args:
        sample: The sample.
        labels: What its regions' names mean.
        frame: How samples become rows.

    Raises:
        SourceError: A region's label is not in the set.
    """
    target_HW = sample.paint(labels)
    place = placement(sample.size, frame.size) if frame.mode == "fit" else None
    found = find_instances(target_HW, sample.regions, labels, frame.instances, _crumb(place))
    if place is not None:
        images_BHWC = fit(sample.image_HWC, frame.size)[0][None]
        targets_BHW = fit_target(target_HW, place)[None]
        maps = [fit_target(found.ids_HW, place, found.ignored)]
        inside_BHW = np.zeros(targets_BHW.shape, dtype=np.bool_)
        inside_BHW[(0, *place.window)] = True
    else:
        boxes = tiles(sample.size, frame.size, frame.overlap)
        images_BHWC = np.stack([cut(sample.image_HWC, box, PADDING) for box in boxes])
        targets_BHW = np.stack([cut(target_HW, box, IGNORE) for box in boxes])
        maps = [cut(found.ids_HW, box, found.ignored) for box in boxes]
        inside_HW = np.ones(sample.size, dtype=np.uint8)
        inside_BHW = np.stack([cut(inside_HW, box, 0) for box in boxes]).astype(np.bool_)
    # What a tile's edge cuts off is as little an instance as a crumb; what scaling leaves of one still is one
    least = 0 if place is not None else CRUMB
    rows = [chosen(ids_HW, found, frame.max_instances, least) for ids_HW in maps]
    notes = dict(sample.notes) | found.notes
    if beyond := sum(row[2] for row in rows):
        notes[BEYOND] = beyond
    pixels = Pixels(images_BHWC, targets_BHW, np.stack([row[0] for row in rows]))
    return Framed(pixels, inside_BHW, tuple(row[1] for row in rows), notes)


def _crumb(place: Placement | None) -> int:
    """Pixels of the picture that are CRUMB pixels of its rows."""
    return CRUMB if place is None else max(1, round(CRUMB / (place.scale[0] * place.scale[1])))
