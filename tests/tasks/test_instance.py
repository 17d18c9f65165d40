"""The instance task learns, paints, and counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kirie.core.detections import pasted
from kirie.core.labels import LabelSet
from kirie.tasks.base import DataFacts
from kirie.tasks.instance import InstanceTask

LABELS = LabelSet.from_dict({"labels": ["background", "disc", "box"]})
SIDE = 64


class _Plain(nn.Module):
    """No augmentation."""

    def forward(self, image_BHWC: Tensor, target_BHW: Tensor, index_B: Tensor, **_: int) -> tuple[Tensor, Tensor]:
        return image_BHWC.permute(0, 3, 1, 2) / 255.0, target_BHW.long()


def _task(**options: Any) -> InstanceTask:
    few = {"proposals_train": [100, 50], "proposals_test": [100, 50], "rpn_samples": 64, "roi_samples": 32}
    narrow = {"pyramid_channels": 32, "box_head_width": 64, "mask_head_channels": 16}
    config = {
        "model": {"name": "mask_rcnn", "encoder": "tu-mobilenetv3_small_050", "options": few | narrow | options},
        "optimizer": {"name": "adam", "lr": 1e-3, "weight_decay": 0.0, "betas": [0.9, 0.99], "encoder_lr_factor": 1.0},
        "schedule": {"name": "constant", "warmup": 0.0},
        "trainer": {"channels_last": False},
        "train": {"freeze_batch_norm": False},
        "seed": 1,
    }
    return InstanceTask(config, DataFacts(LABELS, (0.5,) * 3, (0.2,) * 3, (1, 1, 1), "data"), _Plain(), _Plain())


def _batch(count: int = 4) -> dict[str, Tensor]:
    """A disc over a box in each picture but the last, which has nothing."""
    rng = np.random.default_rng(0)
    image_BHWC = rng.integers(90, 160, (count, SIDE, SIDE, 3), dtype=np.uint8)
    ids_BHW = np.zeros((count, SIDE, SIDE), dtype=np.uint8)
    things_BI2 = torch.tensor([-1, 0]).repeat(count, 254, 1)
    y_HW, x_HW = np.mgrid[:SIDE, :SIDE]
    for at in range(count - 1):
        a, b = rng.integers(2, 30, 2)
        box_HW = (x_HW >= a) & (x_HW < a + 22) & (y_HW >= b) & (y_HW < b + 22)
        x, y, r = *rng.integers(18, 46, 2), rng.integers(8, 14)
        disc_HW = (x_HW - x) ** 2 + (y_HW - y) ** 2 <= r * r
        for number, mask_HW, colour in ((1, box_HW, (40, 60, 220)), (2, disc_HW, (220, 40, 40))):
            image_BHWC[at][mask_HW] = colour
            ids_BHW[at][mask_HW] = number
        things_BI2[at, :2] = torch.tensor([[2, 0], [1, 0]])
    return {
        "image": torch.from_numpy(image_BHWC),
        "target": torch.from_numpy(ids_BHW),
        "semantic": torch.from_numpy(np.array([0, 2, 1], dtype=np.uint8)[ids_BHW]),
        "things": things_BI2,
        "index": torch.arange(count),
    }


@pytest.fixture(scope="module")
def learnt() -> InstanceTask:
    """Trained on four pictures until it knows them."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        task = _task(heads="v1").train()
        batch, steps = _batch(), 80
        image_BCHW, target_BHW = task.plain(batch["image"], batch["target"], batch["index"])
        optimizer = torch.optim.AdamW(task.parameters(), lr=3e-3)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for _ in range(steps):
            optimizer.zero_grad()
            torch.autograd.backward(list(task.losses(image_BCHW, target_BHW, batch).values()))
            nn.utils.clip_grad_norm_(task.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return task.eval()


def test_a_few_drawn_shapes_are_learnt(learnt: InstanceTask) -> None:
    """Every shape is found with its label and a mask of high IoU, the visible part of the covered one too."""
    batch = _batch()
    with torch.no_grad():
        found = [each.to_numpy() for each in learnt(batch["image"].permute(0, 3, 1, 2) / 255)]
    overlaps = []
    for each, ids_HW in zip(found, batch["target"].numpy()[:-1], strict=False):
        masks = [np.zeros((SIDE, SIDE), dtype=np.bool_) for _ in range(len(each))]
        for mask_HW, ((x0, y0, x1, y1), crop) in zip(masks, pasted(each, SIDE, SIDE), strict=True):
            mask_HW[y0:y1, x0:x1] = crop
        for number, label in ((1, 2), (2, 1)):
            truth_HW = ids_HW == number
            same = [mask for mask, other in zip(masks, each.labels_N, strict=True) if other == label]
            overlaps.append(max((np.sum(m & truth_HW) / np.sum(m | truth_HW) for m in same), default=0.0))
    assert min(overlaps) > 0.6
    assert np.mean(overlaps) > 0.8


def test_painted_maps_show_what_was_learnt(learnt: InstanceTask) -> None:
    """The label map is nearly the semantic target, and background where there is nothing."""
    batch = _batch()
    with torch.no_grad():
        labels_BHW = learnt.painted(batch["image"].permute(0, 3, 1, 2) / 255)
    assert labels_BHW.dtype == np.uint8
    assert (labels_BHW == batch["semantic"].numpy()).mean() > 0.93
    assert (labels_BHW[-1] == 0).mean() > 0.9


def test_validation_counts(learnt: InstanceTask) -> None:
    """A batch's scores are those of the set, flat, and forgotten afterwards."""
    batch = _batch()
    image_BCHW, target_BHW = learnt.plain(batch["image"], batch["target"], batch["index"])
    with torch.no_grad():
        learnt.validate(image_BCHW, target_BHW, batch)
    first = learnt.scores()
    assert first["miou"] > 0.75
    with torch.no_grad():
        learnt.validate(image_BCHW, target_BHW, batch)
    assert learnt.scores() == first


def test_step_takes_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shared step sums the weighted losses and logs each; a mask's loss of weight 0 is left out of the sum."""
    task, logged = _task(loss_weights=[1.0, 1.0, 1.0, 1.0, 0.0]).train(), {}
    monkeypatch.setattr(task, "log_dict", lambda values, **_: logged.update(values))
    monkeypatch.setattr(InstanceTask, "current_epoch", 0)
    monkeypatch.setattr(InstanceTask, "global_rank", 0)
    monkeypatch.setattr(InstanceTask, "global_step", 0)
    loss = task.training_step(_batch(), 0)
    parts = {name.removeprefix("train/loss_"): value for name, value in logged.items() if "loss_" in name}
    assert set(parts) == {"objectness", "rpn_box", "class", "box", "mask"}
    assert float(parts["mask"]) == 0
    torch.testing.assert_close(logged["train/loss"], torch.stack(list(parts.values())).sum())
    assert loss.requires_grad
