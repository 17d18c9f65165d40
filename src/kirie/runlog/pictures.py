"""The same few validation pictures over time, with true and predicted masks.

Masks are logged as lossless class-id PNGs beside the picture; an offline folder holds them too (pictures inside a
`wandb.Table` would not reach it).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kirie.core.labels import LabelSet
from kirie.runlog.logged import OnceLogger

_KEY = "val/pictures"


def log_pictures(
    logger: Any,
    names: Sequence[str],
    images_BHWC: NDArray[np.uint8],
    targets_BHW: NDArray[np.uint8],
    predictions_BHW: NDArray[np.uint8],
    labels: LabelSet,
    step: int,
) -> None:
    """Logs pictures under `val/pictures`; does nothing without W&B, or if that step was logged before.

    Args:
        logger: Lightning's logger.
        names: The samples' names, used as captions.
        images_BHWC: uint8 RGB.
        targets_BHW: True ids, 255 where ignored.
        predictions_BHW: Predicted ids.
        labels: The label set, for names in the page.
        step: The global step.
    """
    if not isinstance(logger, OnceLogger) or not logger.is_new(_KEY, step):
        return
    import wandb

    words = {label.id: label.name for label in labels} | {255: "(ignored)"}
    pictures = [
        wandb.Image(
            image,
            caption=name,
            masks={
                "truth": {"mask_data": target, "class_labels": words},
                "prediction": {"mask_data": prediction, "class_labels": words},
            },
        )
        for name, image, target, prediction in zip(names, images_BHWC, targets_BHW, predictions_BHW, strict=True)
    ]
    logger.log_media(_KEY, pictures, step)
