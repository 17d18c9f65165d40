"""From a batch of instance maps to what a detector learns from, on the device.

The maps have gone through the augmentation, so boxes are taken anew from what is left of each instance; one that has
left the picture is dropped, and of one of which only a crumb is left the pixels are ignored, because the crumb says
neither what it was nor that there is nothing.

Shapes: B batch, H, W pixels, I ids, N instances of a picture.
"""

from __future__ import annotations

import torch
from torch import Tensor

from kirie.core.labels import IGNORE

IDS = IGNORE + 1
"""Values of an instance map: 0 none, 1 to 254 an instance, 255 ignored."""


def targets_of(ids_BHW: Tensor, things_BI2: Tensor, min_area: int) -> list[dict[str, Tensor]]:
    """The targets of a batch; see models.Detector.losses.

    Args:
        ids_BHW: int64 instance maps.
        things_BI2: int64 (B, 254, 2): the label id (-1 for none) and whether it is a crowd, of the ids from 1.
        min_area: Instances with fewer pixels than this are ignored.

    Returns:
        Per picture `boxes` float32 (N, 4) x0, y0, x1, y1 with x1 and y1 exclusive, `labels` int64 (N,), `masks` bool
        (N, H, W), `ignored` bool (H, W).
    """
    batch = len(ids_BHW)
    areas_BI = _areas(ids_BHW)[:, 1:IGNORE]
    known_BI = (things_BI2[..., 0] >= 0) & (things_BI2[..., 1] == 0) & (areas_BI >= min_area)
    # By id: nothing is known of 255, of crowds, of crumbs, and of ids that nobody explains
    ignored_BI = torch.cat([known_BI.new_zeros(batch, 1), ~known_BI, known_BI.new_ones(batch, 1)], dim=1)
    ignored_BHW = ignored_BI.gather(1, ids_BHW.flatten(1)).view_as(ids_BHW)
    # The one place that waits for the device: how many there are
    counts = known_BI.sum(dim=1).tolist()
    picture_N, id_N = known_BI.nonzero(as_tuple=True)
    labels_N = things_BI2[picture_N, id_N, 0]
    found = []
    each = zip(ids_BHW, ignored_BHW, torch.split(id_N + 1, counts), torch.split(labels_N, counts), strict=True)
    for ids_HW, ignored_HW, own_N, labels in each:
        masks_NHW = ids_HW == own_N[:, None, None]
        found.append({"boxes": boxes_of(masks_NHW), "labels": labels, "masks": masks_NHW, "ignored": ignored_HW})
    return found


def boxes_of(masks_NHW: Tensor) -> Tensor:
    """Tight boxes of bool masks, none of them empty: float32 (N, 4), x0, y0, x1, y1 with x1 and y1 exclusive."""
    columns_NW, rows_NH = masks_NHW.any(dim=1), masks_NHW.any(dim=2)
    x0, x1 = _ends(columns_NW)
    y0, y1 = _ends(rows_NH)
    return torch.stack([x0, y0, x1, y1], dim=1).float()


def _ends(hit_NX: Tensor) -> tuple[Tensor, Tensor]:
    """Where each row's first hit is, and the place after its last one."""
    # No flip: arg-max takes the first of equal ones, on every device
    place_X = torch.arange(1, hit_NX.shape[1] + 1, device=hit_NX.device)
    length = hit_NX.shape[1]
    if not len(hit_NX):
        none = place_X.new_zeros(0)
        return none, none
    return (hit_NX * (length + 1 - place_X)).amax(dim=1).neg() + length, (hit_NX * place_X).amax(dim=1)


def _areas(ids_BHW: Tensor) -> Tensor:
    """Pixels of each id in each picture, int64 (B, 256); ids of other pictures are kept apart by adding to them."""
    batch = len(ids_BHW)
    apart_BP = ids_BHW.flatten(1) + torch.arange(batch, device=ids_BHW.device)[:, None] * IDS
    # Not bincount, which waits for the device and is not deterministic there
    counts = torch.zeros(batch * IDS, dtype=torch.int64, device=ids_BHW.device)
    return counts.index_add_(0, apart_BP.flatten(), torch.ones_like(apart_BP).flatten()).view(batch, IDS)
