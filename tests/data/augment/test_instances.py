"""An instance map is warped as the semantic target is: nothing of the augmentation knows the difference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from tests.data.augment.conftest import shipped
from tests.data.augment.test_geometry import WARPS

from kirie.core.instances import Instance
from kirie.core.labels import LabelSet
from kirie.data.augment import build_augmentation
from kirie.data.loader import TrainLoader
from kirie.data.order import TrainOrder
from kirie.prepare.store import Split
from kirie.prepare.writer import write_store

LABELS = LabelSet.from_dict({"labels": ["background", "eye", {"name": "sky", "stuff": True}, "hand"]})


@pytest.fixture
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    """Six pictures of 48 x 40 with blocks of things, stuff and ignored pixels."""
    random = np.random.default_rng(5)
    samples = []
    for at in range(6):
        target_HW = random.choice([0, 0, 1, 2, 3, 255], (8, 8)).astype(np.uint8).repeat(6, axis=0).repeat(5, axis=1)
        samples.append((f"s{at}", "train", random.integers(0, 256, (48, 40, 3)).astype(np.uint8), target_HW))
    return write_store(tmp_path_factory.mktemp("augment") / "store", LABELS, samples).split("train")


@pytest.mark.parametrize(
    "config", [shipped("none"), shipped("light"), shipped("strong"), WARPS, WARPS | {"crop": [64, 24]}]
)
def test_warped_maps_agree_with_warped_targets(split: Split, config: dict[str, Any]) -> None:
    """The label of each warped number is the warped target, in the same draws, pixel by pixel."""
    augment = build_augmentation(config)
    semantic, instances = (
        next(iter(TrainLoader(split, TrainOrder(6, 6, seed=0), 0, targets))) for targets in ("semantic", "instances")
    )
    seen: set[Instance] = set()
    for epoch in range(4):
        image_BCHW, target_BHW = augment(semantic["image"], semantic["target"], semantic["index"], seed=2, epoch=epoch)
        same_BCHW, ids_BHW = augment(instances["image"], instances["target"], instances["index"], seed=2, epoch=epoch)
        assert torch.equal(image_BCHW, same_BCHW)
        assert torch.equal(target_BHW == 255, ids_BHW == 255)
        for at, i in enumerate(semantic["index"].tolist()):
            label = torch.full((256,), -1)
            label[1 : len(split.instances(i)) + 1] = instances["things"][at, : len(split.instances(i)), 0]
            is_thing = (ids_BHW[at] > 0) & (ids_BHW[at] < 255)
            assert torch.equal(label[ids_BHW[at]][is_thing], target_BHW[at][is_thing])
            assert not torch.isin(target_BHW[at][ids_BHW[at] == 0], torch.tensor(LABELS.things)).any()
            seen |= {split.instances(i)[k - 1] for k in ids_BHW[at][is_thing].unique().tolist()}
    assert seen == {Instance(1), Instance(3)}
