"""All scores of a detector, on one process and on two.

Shapes: B batch, N detections, I instance ids, H, W pixels.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist

from kirie.core.detections import Detections, paint
from kirie.core.scores import panoptic
from kirie.errors import RunError
from kirie.tasks.metrics import InstanceScores, PerImageCounts, SegmentationCounts

NAMES = ("back", "eye", "hair", "sky")
THINGS = (1, 2)
SIZE = 40, 48

Picture = tuple[Detections, np.ndarray, np.ndarray, np.ndarray]


def _found(random: np.random.Generator, count: int, size: tuple[int, int]) -> Detections:
    """Soft blobs in boxes, some of which leave the picture."""
    height, width = size
    low_N2 = random.uniform(-4, (width * 0.8, height * 0.8), (count, 2))
    boxes_N4 = np.concatenate([low_N2, low_N2 + random.uniform(3, 18, (count, 2)) * width / 48], axis=1)
    y_MM, x_MM = np.mgrid[-1:1:14j, -1:1:14j]
    masks_NMM = np.exp(-(y_MM**2 + x_MM**2) * random.uniform(0.3, 1, (count, 1, 1)))
    scores_N = np.sort(random.random(count))[::-1]
    labels_N = random.choice(THINGS, count)
    return Detections(
        boxes_N4.astype(np.float32),
        labels_N.astype(np.uint8),
        scores_N.astype(np.float32),
        masks_NMM.astype(np.float32),
    )


def _picture(seed: int, size: tuple[int, int] = SIZE) -> Picture:
    """The truth is what other detections would paint, so that masks have the shapes that they have in life."""
    random = np.random.default_rng(seed)
    true = _found(random, int(random.integers(1, 6)), size)
    semantic_HW, instances_HW = paint(true, *size, 0, 0.0)
    ids_HW = instances_HW.astype(np.uint8)
    ids_HW[:, :3] = semantic_HW[:, :3] = 255
    things_I2 = np.full((254, 2), (-1, 0), dtype=np.int64)
    things_I2[: len(true.labels_N), 0] = true.labels_N
    things_I2[0, 1] = random.random() < 0.3
    moved = Detections(
        true.boxes_N4 + random.normal(0, 1, true.boxes_N4.shape).astype(np.float32),
        true.labels_N,
        np.sort(random.random(len(true.labels_N)).astype(np.float32))[::-1].copy(),
        true.masks_NMM,
    )
    return moved, ids_HW, things_I2, semantic_HW


def _metric(background: int = 0, images: Sequence[str] | None = None) -> InstanceScores:
    return InstanceScores(NAMES, THINGS, background, 0.3, images)


def _update(metric: InstanceScores, pictures: Sequence[Picture], index: Sequence[int]) -> InstanceScores:
    found, *arrays = zip(*pictures, strict=True)
    ids_BHW, things_BI2, semantic_BHW = (torch.from_numpy(np.stack(values)) for values in arrays)
    metric.update(found, ids_BHW, things_BI2, semantic_BHW, torch.tensor(index))
    return metric


PICTURES = [_picture(seed) for seed in range(5)]
IMAGES = tuple("abcde")


def test_what_is_found_as_it_is_has_full_marks() -> None:
    """Detections that paint the truth itself reach 1 in every score; a label that nothing has keeps None."""
    found = _found(np.random.default_rng(4), 4, SIZE)
    # Apart from one another, so that visible masks are whole masks
    found.boxes_N4[:] = [[2, 2, 14, 16], [20, 3, 30, 12], [4, 22, 18, 36], [25, 20, 45, 38]]
    found.masks_NMM[:] = 1
    semantic_HW, instances_HW = paint(found, *SIZE, 0, 0.0)
    things_I2 = np.stack([found.labels_N, np.zeros(4)], axis=1).astype(np.int64)
    metric = InstanceScores(NAMES, THINGS, 0, 0.0)
    scores = _update(metric, [(found, instances_HW.astype(np.uint8), things_I2, semantic_HW)], [0]).compute()
    assert scores["miou"] == scores["pq"]["pq"] == pytest.approx(1)
    assert scores["map"]["mask"]["map"] == pytest.approx(1)
    # Blobs are narrower than their boxes
    assert scores["map"]["box"]["map_50"] == pytest.approx(1)
    assert set(scores["map"]["per_label"]) == {"eye", "hair"}
    assert scores["per_label"]["sky"]["iou"] is None


def test_pixels_are_counted_as_in_the_semantic_task() -> None:
    """The painted label map has the scores that the semantic counts give it, and the same per-image table."""
    scores = _update(_metric(), PICTURES, range(5)).compute()
    painted = torch.from_numpy(np.stack([paint(found, *SIZE, 0, 0.3)[0] for found, *_ in PICTURES]))
    target = torch.from_numpy(np.stack([semantic_HW for *_, semantic_HW in PICTURES]))
    counts, table = SegmentationCounts(NAMES), PerImageCounts(IMAGES, NAMES)
    counts.update(painted, target)
    table.update(painted, target, torch.arange(5))
    expected = counts.compute()
    assert {key: scores[key] for key in expected} == expected
    with_table = _update(_metric(images=IMAGES), PICTURES, range(5))
    np.testing.assert_array_equal(with_table.table().counts_NLK, table.table().counts_NLK)
    assert with_table.compute() == table.table().scores() | {key: scores[key] for key in ("map", "pq")}


def test_exactly_the_paint_score_is_painted() -> None:
    """As in prediction, the limit belongs to what is shown."""
    found, *truth = PICTURES[0]
    sure = Detections(found.boxes_N4, found.labels_N, np.full_like(found.scores_N, 0.5), found.masks_NMM)
    at, above = InstanceScores(NAMES, THINGS, 0, 0.5), InstanceScores(NAMES, THINGS, 0, 0.5001)
    for metric in (at, above):
        _update(metric, [(sure, truth[0], truth[1], truth[2])], [0])
    assert at.compute()["miou"] != above.compute()["miou"]


def test_order_and_batches_do_not_matter() -> None:
    """Pictures in another order and other batches give the same numbers to the bit."""
    whole, parts = _update(_metric(), PICTURES, range(5)), _metric()
    for at in ([4, 1], [0], [3, 2]):
        _update(parts, [PICTURES[place] for place in at], at)
    assert parts.compute() == whole.compute()
    assert 0.05 < whole.compute()["map"]["mask"]["map"] < 0.95


def test_fillers_are_no_pictures() -> None:
    """A row of index -1 is in no score, and a batch of nothing else is none."""
    metric = _update(_metric(), [*PICTURES, PICTURES[0]], [*range(5), -1])
    _update(metric, PICTURES[:1], [-1])
    assert metric.compute() == _update(_metric(), PICTURES, range(5)).compute()


def test_doubled_or_missing_images_are_refused() -> None:
    """An image counted twice is told in words, with a table also one that was left out."""
    with pytest.raises(RunError, match="2 images were evaluated more than once, the first being number 1"):
        _update(_update(_metric(), PICTURES, range(5)), PICTURES[:2], [0, 1]).compute()
    with pytest.raises(RunError, match="1 of 5 images were evaluated not at all"):
        _update(_metric(images=IMAGES), PICTURES[:4], range(4)).compute()


def test_reset_forgets() -> None:
    """After a reset the same pictures may come again, and the old ones are in no score."""
    metric = _update(_metric(), PICTURES[:3], range(3))
    metric.compute()
    metric.reset()
    assert _update(metric, PICTURES[3:], [0, 1]).compute() == _update(_metric(), PICTURES[3:], [0, 1]).compute()


def test_nothing_may_have_no_label() -> None:
    """With background 255 what is not found is missed, counts as no label, and gives no score of its own."""
    scores = _update(_metric(255), PICTURES, range(5)).compute()
    plain = _update(_metric(), PICTURES, range(5)).compute()
    assert list(scores["per_label"]) == list(NAMES)
    assert scores["per_label"]["back"]["iou"] == 0.0
    assert scores["per_label"]["eye"] == plain["per_label"]["eye"]
    assert scores["map"] == plain["map"]
    assert scores["pq"]["per_label"]["hair"] == plain["pq"]["per_label"]["hair"]
    table = _update(_metric(255, IMAGES), PICTURES, range(5)).table().scores()
    assert {key: table[key] for key in ("miou", "micro_iou", "accuracy")} == {
        key: scores[key] for key in ("miou", "micro_iou", "accuracy")
    }


def test_pictures_without_anything() -> None:
    """No detections and no instances: the background is right, precision is not defined, and nothing warns."""
    none = Detections(
        np.zeros((0, 4), np.float32), np.zeros(0, np.uint8), np.zeros(0, np.float32), np.zeros((0, 14, 14), np.float32)
    )
    empty = np.zeros(SIZE, dtype=np.uint8)
    scores = _update(_metric(), [(none, empty, np.full((254, 2), -1), empty)], [0]).compute()
    assert (scores["miou"], scores["pq"]["pq"], scores["map"]["mask"]["map"]) == (1.0, 1.0, None)


def test_memory_does_not_grow_with_pixels() -> None:
    """What is kept of pictures of sixteen times the pixels is as large, and small."""

    def kept(size: tuple[int, int]) -> int:
        return len(pickle.dumps(_update(_metric(), [_picture(seed, size) for seed in range(5)], range(5)).pictures))

    assert abs(kept((160, 192)) - kept(SIZE)) < 200
    assert kept(SIZE) < 5 * 4000


def test_no_pictures_at_all() -> None:
    """A set of fillers has no score, and panoptic quality of nothing is None."""
    scores = _update(_metric(), PICTURES[:1], [-1]).compute()
    assert scores["miou"] is scores["map"]["box"]["map"] is scores["pq"]["pq"] is None
    assert panoptic(np.zeros((0, 4)), ())["pq"] is None


def _counted(rank: int, folder: Path) -> list[Any]:
    """What one of two processes finds: rank 0 counts 5 pictures of one set and 2 of another, rank 1 none and 3."""
    meet = f"file://{folder}/meet"
    dist.init_process_group("gloo", init_method=meet, rank=rank, world_size=2, timeout=timedelta(seconds=120))
    try:
        found: list[Any] = []
        for shares in ([[0, 1, 2, 3, 4], []], [[3, 0], [1, 4, 2]]):
            metric = _metric(images=IMAGES)
            for at in shares[rank]:
                _update(metric, [PICTURES[at]], [at])
            found.append([metric.table().counts_NLK.tolist(), metric.instances()])
        return found
    finally:
        dist.destroy_process_group()


def test_two_processes_with_uneven_shares(tmp_path: Path) -> None:
    """With 5 pictures and none, and with 2 and 3, both processes get the scores of the whole set."""
    # Started as a script: pytest's importlib mode leaves this module without a name that a spawned child could import
    with subprocess.Popen(
        [sys.executable, __file__, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as other:
        here = _counted(0, tmp_path)
        there, said = other.communicate(timeout=120)
    assert other.returncode == 0, said
    whole = _update(_metric(images=IMAGES), PICTURES, range(5))
    expected = [whole.table().counts_NLK.tolist(), whole.instances()]
    assert here == [expected, expected]
    assert json.loads(there) == [expected, expected]


if __name__ == "__main__":
    print(json.dumps(_counted(1, Path(sys.argv[1]))))
