"""VOC's second picture of a sample, SegmentationObject: which object each pixel belongs to.

Source: Everingham et al., "The PASCAL visual object classes challenge", IJCV 2010, and its development kit. Each object
has a number (or colour) of its own, 0 is none, 255 the void between them. What an object is, the class picture says.

Shapes: H, W mask size in pixels; K objects, counted from 0.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from kirie.core.labels import IGNORE, LabelSet
from kirie.core.sample import Mask, Region
from kirie.errors import SourceError
from kirie.formats import masks_values, raster

_WIDE = 3
"""Side in pixels of the square that an area must hold to be counted: borders are drawn one or two pixels off."""

_VOID_COLOR = masks_values.VOID[0] << 16 | masks_values.VOID[1] << 8 | masks_values.VOID[2]


def regions_of(
    objects: Image.Image, ids_HW: NDArray[np.uint8], labels: LabelSet, path: Path
) -> tuple[NDArray[np.uint8], tuple[Region, ...], dict[str, int]]:
    """The objects that the class picture knows.

    Args:
        objects: The picture of objects, decoded.
        ids_HW: The class picture: label ids, IGNORE where it is void.
        labels: The label set.
        path: The picture's file, for messages.

    Returns:
        The class picture without the objects' pixels, IGNORE where the objects' picture is void; a region for each
        object, labelled by most of the class picture under it, where both agree; and notes for the sample: how many
        objects disagree, with pixels of several labels or of none, and how many areas of things, wider than a border,
        have no object or are void in the objects' picture.

    Raises:
        SourceError: The picture has another size, or another kind of values.
    """
    numbers_HW, void = _numbers(objects, path)
    if numbers_HW.shape != ids_HW.shape:
        raise SourceError(
            f"The objects {path} have {numbers_HW.shape[1]} x {numbers_HW.shape[0]} pixels and their class picture "
            f"{ids_HW.shape[1]} x {ids_HW.shape[0]}; both must have the same size."
        )
    rest_HW = np.where(numbers_HW == void, IGNORE, ids_HW).astype(np.uint8)
    found_K, place = np.unique(numbers_HW, return_inverse=True)
    place_HW = place.reshape(ids_HW.shape).astype(np.int32)
    regions, odd = [], 0
    for number, box in zip(found_K.tolist(), ndimage.find_objects(place_HW + 1), strict=True):
        if number in (0, void) or box is None:
            continue
        inside_hw, under_hw = numbers_HW[box] == number, ids_HW[box]
        pixels_256 = np.bincount(under_hw[inside_hw], minlength=IGNORE + 1)
        # The void along the edge belongs to nobody
        pixels_256[IGNORE] = 0
        label = int(pixels_256.argmax())
        odd += int(np.count_nonzero(pixels_256) > 1 or label == labels.unlabelled)
        if pixels_256[label] and label != labels.unlabelled:
            agrees_hw = inside_hw & (under_hw == label)
            rest_HW[box][agrees_hw] = labels.unlabelled
            # Cropped to the object: masks at image size of many objects would take as long as there are pixels
            found = raster.crop_of(agrees_hw, box[1].start, box[0].start)
            regions.append(Region(labels.names[label], *found, instance=number))
    things_HW = np.isin(ids_HW, labels.things)
    return (
        rest_HW,
        tuple(regions),
        {
            "objects_that_disagree_with_the_class_mask": odd,
            "areas_of_the_class_mask_without_an_object": _areas(things_HW & (numbers_HW == 0)),
            "areas_of_the_class_mask_that_are_void_in_the_objects": _areas(things_HW & (numbers_HW == void)),
        },
    )


def _areas(mask_HW: Mask) -> int:
    """How many connected areas are wider than a border."""
    wide_HW = ndimage.binary_erosion(mask_HW, np.ones((_WIDE, _WIDE)))
    if not wide_HW.any():
        return 0
    area_HW, _ = ndimage.label(mask_HW)
    return len(np.unique(area_HW[wide_HW]))


def _numbers(image: Image.Image, path: Path) -> tuple[NDArray[np.int32], int]:
    """A number for each pixel, and that of the void."""
    if image.mode == "P" or masks_values.is_grey(image):
        return masks_values.grey_values(image), IGNORE
    if image.mode in ("RGB", "RGBA"):
        red_HW, green_HW, blue_HW = np.moveaxis(np.asarray(image.convert("RGB")).astype(np.int32), -1, 0)
        return red_HW << 16 | green_HW << 8 | blue_HW, _VOID_COLOR
    raise SourceError(f"The objects {path} have the colour mode {image.mode}; they are grey, indexed or RGB PNG files.")
