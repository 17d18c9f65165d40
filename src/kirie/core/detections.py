"""What a detector says of one picture, and how its small masks become masks of the picture.

A detector gives each thing's mask as a small square of probabilities inside the thing's box. Pasting brings it to the
picture's size exactly as torchvision's `paste_masks_in_image` does (He et al., Mask R-CNN, 2017, section 3.1: resized
to the box and cut at 0.5), so that training's evaluation, the export gate and prediction without torch mean the same
pixels.

Shapes: N detections, best score first; M side of a small mask; H, W the picture; h, w a pasted mask's box.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kirie.core.sample import Mask

LEAST_SCORE = 0.5
"""Detections surer than this are painted, unless it is said otherwise; scores over all thresholds take them all."""

MOST_SHARED = 0.5
"""A thing of whose pixels this share or more lies in surer ones of its own label was seen before, and is left out."""

LEAST_SEEN = 0.1
"""A thing of whose pixels a smaller share stays uncovered is left out."""

_NOWHERE = np.iinfo(np.int64).max
"""Depth of what is not there."""

MOST_DETECTIONS = 4096
"""More things of one picture are not kept: ids in pictures have 16 bits."""

MOST_AT_ONCE = 1000
"""More in one answer are refused; detectors stop at a hundred by default, and their option goes no further."""

MOST_COVER = 128
"""Boxes of one answer that together cover the picture more often are refused: pasting costs what they cover."""

LARGEST_MASK = 256
"""Largest side of a small mask; detectors use 14 to 56."""

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels, x1 and y1 exclusive."""

_PADDING = 1
"""Zeros around a small mask before it is resized, so that it fades out at the box instead of ending there."""

_BAND_VALUES = 1 << 20
"""Probabilities resized at once: a box may be as large as the picture."""


@dataclass(frozen=True, slots=True)
class Detections:
    """The things that a detector finds in one picture.

    Attributes:
        boxes_N4: float32 x0, y0, x1, y1 in pixels.
        labels_N: uint8 label ids.
        scores_N: float32 in [0, 1], falling.
        masks_NMM: float32 probabilities in [0, 1] inside each box.
    """

    boxes_N4: NDArray[np.float32]
    labels_N: NDArray[np.uint8]
    scores_N: NDArray[np.float32]
    masks_NMM: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.scores_N)

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Detections:
        """Some of them, in the order that is asked for."""
        return Detections(self.boxes_N4[chosen], self.labels_N[chosen], self.scores_N[chosen], self.masks_NMM[chosen])

    def problem(self, things: Sequence[int], height: int, width: int) -> str | None:
        """What is wrong with them, in words, or None: a file from a stranger may answer anything.

        Args:
            things: Ids of the labels that have instances; the background and labels of stuff cannot be found.
            height: Of the picture that was asked about, in pixels.
            width: Likewise.
        """
        count = self.scores_N.shape[0] if self.scores_N.ndim else 0
        side = self.masks_NMM.shape[-1] if self.masks_NMM.ndim == 3 else 0
        wanted: dict[str, tuple[NDArray[Any], type[np.generic], tuple[int, ...]]] = {
            "boxes": (self.boxes_N4, np.float32, (count, 4)),
            "labels": (self.labels_N, np.uint8, (count,)),
            "scores": (self.scores_N, np.float32, (count,)),
            "masks": (self.masks_NMM, np.float32, (count, side, side)),
        }
        for name, (values, dtype, shape) in wanted.items():
            if values.dtype != dtype or values.shape != shape:
                return f"{name} are {values.dtype} {values.shape} instead of {np.dtype(dtype)} {shape}"
        if count > MOST_AT_ONCE or side > LARGEST_MASK or (count and not side):
            return (
                f"{count} detections with masks of {side} pixels a side; at most {MOST_AT_ONCE} are allowed, with 1 "
                f"to {LARGEST_MASK} pixels"
            )
        if not count:
            return None
        return self._wrong_values(things, np.array([width, height] * 2, dtype=np.float32))

    def _wrong_values(self, things: Sequence[int], limit_4: NDArray[np.float32]) -> str | None:
        # Written so that NaN is wrong. Boxes and masks may be off by the rounding of a resize and a sigmoid
        if not ((self.boxes_N4 >= -1) & (self.boxes_N4 <= limit_4 + 1)).all():
            return "a box is no number or lies outside the picture"
        if not (self.boxes_N4[:, 2:] >= self.boxes_N4[:, :2]).all():
            return "a box ends before it begins"
        if not ((self.scores_N >= 0) & (self.scores_N <= 1 + 1e-6)).all():
            return "a score is no number from 0 to 1"
        if (np.diff(self.scores_N) > 0).any():
            return "the scores are not in falling order"
        if not ((self.masks_NMM >= -1e-6) & (self.masks_NMM <= 1 + 1e-6)).all():
            return "a mask holds something else than numbers from 0 to 1"
        if len(strange := self.labels_N[~np.isin(self.labels_N, things)]):
            return f"there is a label {strange[0]}, but those that have instances are {', '.join(map(str, things))}"
        sides_N2 = (self.boxes_N4[:, 2:] - self.boxes_N4[:, :2]).astype(np.float64)
        if (cover := float(sides_N2.prod(axis=1).sum() / limit_4[:2].prod(dtype=np.float64))) > MOST_COVER:
            return (
                f"the {len(self)} boxes together cover the picture {cover:.0f} times; at most {MOST_COVER} times is "
                "allowed"
            )
        return None


def pasted(detections: Detections, height: int, width: int, threshold: float = 0.5) -> Iterator[tuple[Box, Mask]]:
    """The detections' masks at picture size, one at a time, each as its box's crop.

    Args:
        detections: What was found; boxes in pixels of this picture, which they may leave.
        height: Of the picture, in pixels.
        width: Likewise.
        threshold: Probabilities above it belong to the mask.

    Yields:
        Box and bool mask of shape (h, w); the box is where the small mask reaches inside the picture, not the tight
        box of the mask's pixels, and is empty where it does not reach inside at all.
    """
    side = detections.masks_NMM.shape[-1]
    for box_4, small_MM in zip(_reach(detections.boxes_N4, side), detections.masks_NMM, strict=True):
        yield _paste(np.pad(small_MM, _PADDING), box_4, height, width, threshold)


def paint(
    detections: Detections, height: int, width: int, background: int, least_score: float = LEAST_SCORE
) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """Label and instance maps of a picture, see `lay`.

    Args:
        detections: What was found.
        height: Of the picture, in pixels.
        width: Likewise.
        background: Label id of pixels that nothing covers.
        least_score: Detections below it are left out.

    Returns:
        uint8 label ids of shape (H, W), and uint16 instance ids: 0 none, k the k-th detection.
    """
    chosen = detections.take(detections.scores_N >= least_score)
    masks = list(pasted(chosen, height, width))
    # Scores fall, so that those that are left out come last and the numbers stay
    return lay(masks.__getitem__, chosen.labels_N, chosen.scores_N, (height, width), background, least_score)


def lay(
    mask_of: Callable[[int], tuple[Box, Mask]],
    labels_N: NDArray[np.uint8],
    scores_N: NDArray[np.floating[Any]],
    size: tuple[int, int],
    background: int,
    least_score: float,
) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """Lays things over each other: of one label the surer on top, of two labels the smaller, of equal sizes the surer.

    A mask from a detector knows nothing of the others: that of a face goes on under the eyes, and the face is the
    surer one. With the surest on top it would hide them. Two masks of one label are another matter: where they share
    much, one thing was seen twice, and the smaller on top would tear the surer one (docs/decisions/0007). So what lies
    for MOST_SHARED in surer ones of its label is left out, others lose to them what they share; and what then keeps
    less than LEAST_SEEN of its pixels is left out, too.

    Args:
        mask_of: Box and crop of a thing, by its place; asked for up to twice.
        labels_N: Label ids.
        scores_N: How sure each is.
        size: Height and width of the picture.
        background: Label id of pixels that nothing covers.
        least_score: What is below it is left out.

    Returns:
        uint8 label ids of shape (H, W), and uint16 instance ids: 0 none, k the k-th thing.
    """
    # Stable: the first of equal scores counts as the surer
    surest_N = np.argsort(-scores_N, kind="stable")
    rank_N = np.argsort(surest_N)
    surest_N = surest_N[scores_N[surest_N] >= least_score]
    by_label = [surest_N[labels_N[surest_N] == label] for label in np.unique(labels_N[surest_N]).tolist()]
    areas_N = np.zeros(len(scores_N), dtype=np.int64)
    # By instance id: the less the higher it lies; what has no depth is not there
    depths_I = np.full(len(scores_N) + 1, _NOWHERE, dtype=np.int64)
    instances_HW = np.zeros(size, dtype=np.uint16)
    for things_K in by_label:
        own_HW, areas_N[things_K] = _of_one_label(mask_of, things_K, size)
        depths_I[things_K + 1] = areas_N[things_K] * len(scores_N) + rank_N[things_K]
        _put_over(instances_HW, own_HW, depths_I)
    seen_N = np.bincount(instances_HW.ravel(), minlength=len(scores_N) + 1)[1:]
    # Once is enough: where these go, what lies below gains pixels and loses none
    if (slivers_N := (seen_N > 0) & (seen_N < LEAST_SEEN * areas_N)).any():
        depths_I[1:][slivers_N] = _NOWHERE
        instances_HW[:] = 0
        for things_K in by_label:
            _put_over(instances_HW, _of_one_label(mask_of, things_K, size)[0], depths_I)
    return np.concatenate([np.array([background], dtype=np.uint8), labels_N])[instances_HW], instances_HW


def _of_one_label(
    mask_of: Callable[[int], tuple[Box, Mask]], surest_K: NDArray[np.intp], size: tuple[int, int]
) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    """Instance map of things of one label, given the surest first, which keep what they have; and each one's pixels,
    those of its whole mask. What was seen before is not in the map."""
    own_HW, areas_K = np.zeros(size, dtype=np.uint16), np.zeros(len(surest_K), dtype=np.int64)
    for place, at in enumerate(surest_K.tolist()):
        (x0, y0, x1, y1), crop_hw = mask_of(at)
        own_hw = own_HW[y0:y1, x0:x1]
        left_hw = crop_hw & (own_hw == 0)
        areas_K[place] = area = np.count_nonzero(crop_hw)
        if area - np.count_nonzero(left_hw) < MOST_SHARED * area:
            own_hw[left_hw] = at + 1
    return own_HW, areas_K


def _put_over(instances_HW: NDArray[np.uint16], own_HW: NDArray[np.uint16], depths_I: NDArray[np.int64]) -> None:
    """Puts one instance map over another, pixel by pixel where its instance lies higher."""
    np.copyto(instances_HW, own_HW, where=depths_I[own_HW] < depths_I[instances_HW])


def _reach(boxes_N4: NDArray[np.float32], side: int) -> NDArray[np.int64]:
    """Where the padded masks lie: boxes grown by the padding's share about their middle, then cut to whole numbers."""
    scale = (side + 2 * _PADDING) / max(side, 1)
    # In torchvision's order of operations and in 32 bits: whole numbers are near
    half_N2 = (boxes_N4[:, 2:] - boxes_N4[:, :2]) * np.float32(0.5) * np.float32(scale)
    middle_N2 = (boxes_N4[:, 2:] + boxes_N4[:, :2]) * np.float32(0.5)
    return np.concatenate([middle_N2 - half_N2, middle_N2 + half_N2], axis=1).astype(np.int64)


def _paste(
    padded_PP: NDArray[np.float32], box_4: NDArray[np.int64], height: int, width: int, threshold: float
) -> tuple[Box, Mask]:
    """One padded mask, stretched over its box, both ends of which it covers, and cut at the picture's edge."""
    left, top, right, bottom = (int(value) for value in box_4)
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = max(x0, min(right + 1, width)), max(y0, min(bottom + 1, height))
    if x0 >= x1 or y0 >= y1:
        return (0, 0, 0, 0), np.zeros((0, 0), dtype=np.bool_)
    side = len(padded_PP)
    at_w, next_w, share_w = _sampled(side, max(right - left + 1, 1), x0 - left, x1 - left)
    at_h, next_h, share_h = _sampled(side, max(bottom - top + 1, 1), y0 - top, y1 - top)
    one = np.float32(1)
    # Along x first and from the left, as torch adds them: a sum in another order may fall on the other side of 0.5
    wide_Pw = (one - share_w) * padded_PP[:, at_w] + share_w * padded_PP[:, next_w]
    crop_hw = np.empty((y1 - y0, x1 - x0), dtype=np.bool_)
    step = max(1, _BAND_VALUES // crop_hw.shape[1])
    for start in range(0, len(crop_hw), step):
        rows = slice(start, start + step)
        share_h1 = share_h[rows, None]
        crop_hw[rows] = (one - share_h1) * wide_Pw[at_h[rows]] + share_h1 * wide_Pw[next_h[rows]] > threshold
    return (x0, y0, x1, y1), crop_hw


def _sampled(
    side: int, length: int, start: int, stop: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Bilinear sampling of `side` values at `length` pixel centres, from `start` to `stop` of them.

    Returns:
        The lower neighbour of each, the upper one, and the upper one's share.
    """
    scale = np.float32(side) / np.float32(length)
    half = np.float32(0.5)
    place_m = np.maximum(scale * (np.arange(start, stop).astype(np.float32) + half) - half, np.float32(0))
    low_m = np.minimum(place_m.astype(np.intp), side - 1)
    share_m = np.clip(place_m - low_m.astype(np.float32), np.float32(0), np.float32(1))
    return low_m, np.minimum(low_m + 1, side - 1), share_m
