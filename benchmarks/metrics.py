"""Time to count a validation batch: kirie's one confusion matrix against torchmetrics' objects for the same scores.

Scores: IoU, Dice and accuracy by label and over all pixels, with the ignore index. torchmetrics is timed as separate
objects (as most trainers hold them) and as one MetricCollection, whose compute groups share what states they can.
All sides are held to the same scores first. The sides take turns, so that other work on the machine disturbs all of
them. Also told: the per-image table's counting (boundaries and small parts too), which only evaluation does.

Run: python benchmarks/metrics.py [--batch 16] [--size 256] [--labels 7] [--rounds 15] [--threads 1] [--device cpu]
Prints one JSON object; `ratio` is the separate objects' time over ours.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torchmetrics import Metric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score, MulticlassJaccardIndex

from kirie.tasks.metrics import PerImageCounts, SegmentationCounts


def theirs(labels: int) -> dict[str, Metric]:
    """torchmetrics' objects for what our confusion matrix gives."""
    return {
        "iou": MulticlassJaccardIndex(labels, average="none", ignore_index=255),
        "dice": MulticlassF1Score(labels, average="none", ignore_index=255),
        "micro_iou": MulticlassJaccardIndex(labels, average="micro", ignore_index=255),
        "accuracy": MulticlassAccuracy(labels, average="micro", ignore_index=255),
    }


def agree(ours: SegmentationCounts, objects: dict[str, Metric]) -> bool:
    """Whether both sides say the same of what they were given."""
    found = ours.compute()
    pairs: list[tuple[Tensor, list[float]]] = [
        (objects[key].compute(), [row[key] for row in found["per_label"].values()]) for key in ("iou", "dice")
    ]
    pairs += [(objects[key].compute(), found[key]) for key in ("micro_iou", "accuracy")]
    return all(torch.allclose(their.cpu(), torch.tensor(our), atol=1e-5) for their, our in pairs)


def main() -> None:
    """Times and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--labels", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)

    # Blocks with noise: areas and boundaries like those of pictures, all labels present, a tenth ignored
    random = torch.Generator().manual_seed(0)
    shape = (options.batch, options.size, options.size)
    cells = torch.randint(0, options.labels, (options.batch, 1, 16, 16), generator=random)
    target = torch.nn.functional.interpolate(cells.float(), shape[1:]).squeeze(1).long()
    wrong = torch.rand(shape, generator=random) < 0.1
    prediction = torch.where(wrong, torch.randint(0, options.labels, shape, generator=random), target)
    target[torch.rand(shape, generator=random) < 0.1] = 255
    prediction, target = prediction.to(device), target.to(device)
    index = torch.arange(options.batch, device=device)

    names = [f"label{at}" for at in range(options.labels)]
    ours = SegmentationCounts(names).to(device)
    objects = {key: metric.to(device) for key, metric in theirs(options.labels).items()}
    collection = MetricCollection({**theirs(options.labels)}).to(device)
    per_image = PerImageCounts([str(at) for at in range(options.batch)], names).to(device)

    def separate() -> None:
        for metric in objects.values():
            metric.update(prediction, target)

    sides: dict[str, Callable[[], None]] = {
        "kirie": lambda: ours.update(prediction, target),
        "torchmetrics_objects": separate,
        "torchmetrics_collection": lambda: collection.update(prediction, target),
        "per_image_table": lambda: per_image.update(prediction, target, index),
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(options.rounds + 2):
        for name, update in sides.items():
            start = time.perf_counter()
            update()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            seconds[name].append(time.perf_counter() - start)
    if not agree(ours, objects):
        raise SystemExit("The sides do not say the same; their times mean nothing.")
    median = {name: statistics.median(values[2:]) for name, values in seconds.items()}
    found = {
        "benchmark": "metrics",
        **{key: getattr(options, key) for key in ("batch", "size", "labels", "threads", "device")},
        "milliseconds": {name: round(value * 1000, 3) for name, value in median.items()},
        "ratio": round(median["torchmetrics_objects"] / median["kirie"], 1),
        "ratio_collection": round(median["torchmetrics_collection"] / median["kirie"], 1),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
