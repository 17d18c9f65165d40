"""Things as COCO's results JSON, which `pycocotools` and its kin load beside a COCO ground truth.

COCO (Lin et al., 2014) codes a mask as the lengths of its runs down the columns, without and with by turns, and writes
these numbers as text: each as the difference to the one two before it, in groups of five bits, lowest first, with a
sixth bit that says whether more follow, as the character 48 places above.

Shapes: h, w a mask's tight box; R runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kirie.core.detections import Box
from kirie.core.sample import Mask
from kirie.predict.thing import Thing

_NUMBER = re.compile(r"[0-9]{12}|[1-9][0-9]{0,14}|0")
"""A number as COCO names its pictures, or without zeros in front."""


def image_ids(names: Sequence[str]) -> Sequence[int | str]:
    """COCO's ids of the pictures of a run: no two the same, and all of one kind, because pycocotools sorts them.

    Args:
        names: Where the results of all of them lie, relative to the output folder, with `/`: of pictures of one name
            in two folders each has its own.

    Returns:
        The numbers that the names are, as COCO's own pictures are named, if all are and no two are the same number;
        else the names.
    """
    if not all(map(_NUMBER.fullmatch, names)):
        return names
    numbers = [int(name) for name in names]
    return numbers if len(set(numbers)) == len(numbers) else names


def results(things: Iterable[Thing], picture: int | str, height: int, width: int) -> list[dict[str, Any]]:
    """One entry for each thing, in their order.

    The model's box is `box`, with two corners as everywhere in kirie. Under COCO's `bbox`, pycocotools would take the
    box's area for the thing's, and find other things small, medium and large than the masks say.

    Args:
        things: The things of one picture.
        picture: Its id.
        height: Of the picture, in pixels.
        width: Likewise.
    """
    return [_result(thing, picture, height, width) for thing in things]


def _result(thing: Thing, picture: int | str, height: int, width: int) -> dict[str, Any]:
    counts = rle_text(rle_counts(thing.place, thing.crop(), height, width))
    return {
        "image_id": picture,
        "category_id": thing.label,
        "box": [round(value, 3) for value in thing.box],
        "score": round(thing.score, 6),
        "segmentation": {"size": [height, width], "counts": counts},
    }


def rle_counts(place: Box, crop_hw: Mask, height: int, width: int) -> NDArray[np.int64]:
    """Lengths of a mask's runs down the columns of the picture, the first of them without.

    Args:
        place: Where the crop lies; it has at least one column.
        crop_hw: The mask there.
        height: Of the picture, in pixels.
        width: Likewise.
    """
    x0, y0, _, _ = place
    edged = np.zeros((crop_hw.shape[1], crop_hw.shape[0] + 2), dtype=np.int8)
    edged[:, 1:-1] = crop_hw.T
    step = np.diff(edged, axis=1)
    begins, ends = ((x0 + column) * height + y0 + row for column, row in (np.nonzero(step == by) for by in (1, -1)))
    # A run that ends with its column and one that begins the next are one run
    apart = np.ones(len(begins) + 1, dtype=np.bool_)
    apart[1:-1] = begins[1:] != ends[:-1]
    edges = np.stack([begins[apart[:-1]], ends[apart[1:]]], axis=1).ravel()
    counts = np.diff(edges, prepend=0, append=height * width)
    return counts[:-1] if counts[-1] == 0 else counts


def rle_text(counts_R: NDArray[np.int64]) -> str:
    """Runs as COCO writes them."""
    difference_R = counts_R.copy()
    difference_R[3:] -= counts_R[1:-2]
    text = bytearray()
    for value in difference_R.tolist():
        more = True
        while more:
            group, value = value & 31, value >> 5
            # Done when what is left repeats the group's highest bit, the sign
            more = value != (-1 if group & 16 else 0)
            text.append(48 + group + (32 if more else 0))
    return text.decode("ascii")
