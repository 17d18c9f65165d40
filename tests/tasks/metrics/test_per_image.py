"""The per-image table, on one process and on two.

Shapes: N images, B batch, L labels, H, W pixels, K columns.
"""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
from torch import Tensor

from kirie.core.scores import CountTable
from kirie.errors import RunError
from kirie.tasks.metrics import PerImageCounts, SegmentationCounts
from kirie.tasks.metrics.boundary import boundary_tp_fp_fn
from kirie.tasks.metrics.small_parts import small_found_total

LABELS = ("a", "b", "c")
IMAGES = ("x/1", "x/2", "y/3")


def _images() -> tuple[Tensor, Tensor]:
    random = np.random.default_rng(11)
    target = random.choice([0, 1, 2, 255], (3, 24, 30))
    prediction = np.where(random.random(target.shape) < 0.7, target, random.integers(0, 3, target.shape))
    return torch.from_numpy(np.where(prediction == 255, 0, prediction)), torch.from_numpy(target)


def _table(order: list[list[int]]) -> CountTable:
    prediction, target = _images()
    metric = PerImageCounts(IMAGES, LABELS)
    for batch in order:
        metric.update(prediction[batch], target[batch], torch.tensor(batch))
    return metric.table()


def test_rows_are_each_image_counted_alone() -> None:
    """Every row holds the pixels, bands and small parts of its own image."""
    prediction, target = _images()
    table = _table([[0, 1, 2]])
    for at in range(3):
        for label in range(3):
            found, truth = prediction[at] == label, target[at] == label
            found = found & (target[at] != 255)
            pixels = [int((found & truth).sum()), int((found & ~truth).sum()), int((~found & truth).sum())]
            assert table.counts_NLK[at, label, :3].tolist() == pixels
        bands = boundary_tp_fp_fn(prediction[at : at + 1], target[at : at + 1], 3)[0].numpy()
        np.testing.assert_array_equal(table.counts_NLK[at, :, 3:6], bands)
        small = small_found_total(prediction[at].numpy(), target[at].numpy(), 3)
        np.testing.assert_array_equal(table.counts_NLK[at, :, 6:], small)
    assert (table.images, table.labels) == (IMAGES, LABELS)


def test_order_and_batches_do_not_matter() -> None:
    """Images counted in any order and batch land in the rows of the split's order."""
    np.testing.assert_array_equal(_table([[2, 0], [1]]).counts_NLK, _table([[0, 1, 2]]).counts_NLK)


def test_sums_agree_with_the_set() -> None:
    """Rows added up give the same IoU and Dice as the one confusion matrix of the set."""
    prediction, target = _images()
    whole = SegmentationCounts(LABELS)
    whole.update(prediction, target)
    table, scores = _table([[0], [1], [2]]).scores(), whole.compute()
    for key in ("miou", "dice", "micro_iou", "micro_dice", "accuracy"):
        assert table[key] == scores[key]


@pytest.mark.parametrize(
    ("order", "said"), [([[0, 1, 2], [1]], "1 of 3 images were evaluated more"), ([[2]], "2 of 3 .* not at all")]
)
def test_doubled_or_missing_images_are_refused(order: list[list[int]], said: str) -> None:
    """A table with an image counted twice, or one left out, is not made."""
    with pytest.raises(RunError, match=said):
        _table(order)


def test_a_split_of_one_image() -> None:
    """One image is a table of one row."""
    prediction, target = _images()
    metric = PerImageCounts(IMAGES[:1], LABELS)
    metric.update(prediction[:1], target[:1], torch.tensor([0]))
    np.testing.assert_array_equal(metric.table().counts_NLK[0], _table([[0, 1, 2]]).counts_NLK[0])


def _counted(rank: int, folder: Path) -> list[list[object]]:
    """What one of two processes finds: rank 0 counts 3 images of one set and 2 of another, rank 1 none and 1."""
    meet = f"file://{folder}/meet"
    dist.init_process_group("gloo", init_method=meet, rank=rank, world_size=2, timeout=timedelta(seconds=120))
    try:
        prediction, target = _images()
        found: list[list[object]] = []
        for shares in ([[0, 1, 2], []], [[0, 2], [1]]):
            table, whole = PerImageCounts(IMAGES, LABELS), SegmentationCounts(LABELS)
            for at in shares[rank]:
                table.update(prediction[at : at + 1], target[at : at + 1], torch.tensor([at]))
                whole.update(prediction[at : at + 1], target[at : at + 1])
            found.append([table.table().counts_NLK.tolist(), whole.compute()])
        return found
    finally:
        dist.destroy_process_group()


def test_two_processes_with_uneven_shares(tmp_path: Path) -> None:
    """With 3 images and none, and with 2 and 1, both processes get the counts of the whole set."""
    # Started as a script: pytest's importlib mode leaves this module without a name that a spawned child could import
    with subprocess.Popen(
        [sys.executable, __file__, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as other:
        here = _counted(0, tmp_path)
        there, said = other.communicate(timeout=120)
    assert other.returncode == 0, said
    prediction, target = _images()
    whole = SegmentationCounts(LABELS)
    whole.update(prediction, target)
    expected = [_table([[0, 1, 2]]).counts_NLK.tolist(), whole.compute()]
    assert here == [expected, expected]
    assert json.loads(there) == [expected, expected]


if __name__ == "__main__":
    print(json.dumps(_counted(1, Path(sys.argv[1]))))
