"""The confusion matrix against loops, and the scores against torchmetrics' own classes.

Shapes: B batch, L labels, H, W pixels.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassConfusionMatrix,
    MulticlassF1Score,
    MulticlassJaccardIndex,
)
from torchmetrics.segmentation import DiceScore, MeanIoU

from kirie.tasks.metrics import SegmentationCounts, confusion
from kirie.tasks.metrics.confusion import tp_fp_fn


def _random(seed: int, labels: int = 5, absent: int | None = None, ignored: bool = True) -> tuple[Tensor, Tensor]:
    """Ids of 3 pictures of 17 x 23, the truth without one label, a tenth of it ignored."""
    random = np.random.default_rng(seed)
    held = [label for label in range(labels) if label != absent]
    target = random.choice(held, (3, 17, 23))
    prediction = np.where(random.random(target.shape) < 0.6, target, random.integers(0, labels, target.shape))
    if ignored:
        target = np.where(random.random(target.shape) < 0.1, 255, target)
    return torch.from_numpy(prediction), torch.from_numpy(target)


def _slow(prediction_BHW: Tensor, target_BHW: Tensor, labels: int) -> np.ndarray:
    counts = np.zeros((len(target_BHW), labels, labels), dtype=np.int64)
    for image, (found, truth) in enumerate(zip(prediction_BHW.numpy(), target_BHW.numpy(), strict=True)):
        for y in range(truth.shape[0]):
            for x in range(truth.shape[1]):
                if truth[y, x] != 255:
                    counts[image, truth[y, x], found[y, x]] += 1
    return counts


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), labels=st.integers(1, 9))
def test_confusion_equals_loops(seed: int, labels: int) -> None:
    """Every cell equals that of a loop over pixels, with any number of labels."""
    random = np.random.default_rng(seed)
    target = torch.from_numpy(random.choice([*range(labels), 255], (2, 6, 7)))
    prediction = torch.from_numpy(random.integers(0, labels, (2, 6, 7)))
    np.testing.assert_array_equal(confusion(prediction, target, labels).numpy(), _slow(prediction, target, labels))


def test_integer_types_do_not_matter() -> None:
    """uint8 as the store holds them and int64 as argmax gives them count alike, also with 200 labels."""
    random = np.random.default_rng(0)
    prediction = torch.from_numpy(random.integers(0, 200, (2, 30, 30)))
    target = torch.from_numpy(random.choice([*range(200), 255], (2, 30, 30)))
    expected = confusion(prediction, target, 200)
    assert expected.sum() == (target != 255).sum()
    np.testing.assert_array_equal(confusion(prediction.byte(), target.byte(), 200), expected)
    np.testing.assert_array_equal(confusion(prediction.int(), target.short(), 200), expected)


def test_columns_are_those_of_each_label_against_the_rest() -> None:
    """tp, fp, fn equal counts of the label's own masks."""
    prediction, target = _random(1)
    counts = tp_fp_fn(confusion(prediction, target, 5)).sum(0)
    valid = target != 255
    for label in range(5):
        found, truth = (prediction == label) & valid, target == label
        expected = [(found & truth).sum(), (found & ~truth).sum(), (~found & truth).sum()]
        assert counts[label].tolist() == [int(value) for value in expected]


def _scored(prediction: Tensor, target: Tensor, labels: int = 5) -> dict[str, object]:
    metric = SegmentationCounts([f"l{at}" for at in range(labels)])
    for found, truth in zip(prediction, target, strict=True):
        metric.update(found[None], truth[None])
    result: dict[str, object] = metric.compute()
    return result


def _per_label(found: dict[str, object], key: str) -> list[float | None]:
    rows = found["per_label"]
    assert isinstance(rows, dict)
    return [row[key] for row in rows.values()]


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_torchmetrics_classification(seed: int) -> None:
    """IoU, Dice, micro IoU and accuracy equal torchmetrics' classes, which know the ignore index."""
    prediction, target = _random(seed)
    found = _scored(prediction, target)
    jaccard = MulticlassJaccardIndex(5, average="none", ignore_index=255)(prediction, target)
    dice = MulticlassF1Score(5, average="none", ignore_index=255)(prediction, target)
    assert _per_label(found, "iou") == pytest.approx(jaccard.tolist(), abs=1e-6)
    assert _per_label(found, "dice") == pytest.approx(dice.tolist(), abs=1e-6)
    assert found["miou"] == pytest.approx(jaccard.mean().item(), abs=1e-6)
    assert found["dice"] == pytest.approx(dice.mean().item(), abs=1e-6)
    micro = MulticlassJaccardIndex(5, average="micro", ignore_index=255)(prediction, target)
    assert found["micro_iou"] == pytest.approx(micro.item(), abs=1e-6)
    accuracy = MulticlassAccuracy(5, average="micro", ignore_index=255)(prediction, target)
    assert found["accuracy"] == pytest.approx(accuracy.item(), abs=1e-6)
    matrix = MulticlassConfusionMatrix(5, ignore_index=255)(prediction, target)
    np.testing.assert_array_equal(confusion(prediction, target, 5).sum(0), matrix)


def test_agrees_with_torchmetrics_segmentation() -> None:
    """Without ignored pixels and over one picture, its segmentation classes say the same."""
    prediction, target = _random(5, ignored=False)
    found = _scored(prediction[:1], target[:1])
    mean_iou = MeanIoU(5, input_format="index", per_class=True)
    mean_iou.update(prediction[:1], target[:1])
    assert _per_label(found, "iou") == pytest.approx(mean_iou.compute().tolist(), abs=1e-6)
    dice = DiceScore(5, input_format="index", average="none")
    dice.update(prediction[:1], target[:1])
    assert _per_label(found, "dice") == pytest.approx(dice.compute().reshape(-1).tolist(), abs=1e-6)


def test_absent_label_is_absent() -> None:
    """A label that only the prediction has gets no score and does not lower the mean, but is an error of the others."""
    prediction, target = _random(2, absent=3)
    found = _scored(prediction, target)
    assert (prediction == 3).any()
    assert _per_label(found, "iou")[3] is None
    jaccard = MulticlassJaccardIndex(5, average="none", ignore_index=255)(prediction, target)
    others = [value for at, value in enumerate(jaccard.tolist()) if at != 3]
    assert found["miou"] == pytest.approx(np.mean(others), abs=1e-6)
    micro = MulticlassJaccardIndex(5, average="micro", ignore_index=255)(prediction, target)
    assert found["micro_iou"] == pytest.approx(micro.item(), abs=1e-6)


def test_batches_do_not_matter() -> None:
    """Any cut of the set into batches gives the same scores."""
    prediction, target = _random(4)
    whole = SegmentationCounts([f"l{at}" for at in range(5)])
    whole.update(prediction, target)
    assert whole.compute() == _scored(prediction, target)


def test_everything_ignored_has_no_scores() -> None:
    """A set without a valid pixel has None for every score."""
    found = _scored(torch.zeros(1, 4, 4, dtype=torch.int64), torch.full((1, 4, 4), 255))
    assert found["miou"] is found["accuracy"] is found["micro_iou"] is None
    assert _per_label(found, "iou") == [None] * 5


def test_reset_forgets() -> None:
    """After reset the next epoch starts from nothing."""
    prediction, target = _random(6)
    metric = SegmentationCounts([f"l{at}" for at in range(5)])
    metric.update(target.where(target != 255, 0), target)
    assert metric.compute()["miou"] == 1.0
    metric.reset()
    metric.update(prediction, target)
    assert metric.compute() == _scored(prediction, target)
