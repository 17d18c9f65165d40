"""The gate: an exported file is kept only if it gives the trained model's answers on real validation pictures.

A graph can be valid and wrong: a pooling window that was computed for one size runs at another and gives other
labels (UPerNet: 0.991 of them equal), or does not run (PSPNet). So the written file itself is run by ONNX Runtime,
beside torch, at three sizes and two batch sizes, on pictures of the store.

Shape suffixes: B batch, H height, W width, C channels, L labels, K count columns, N pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from PIL import Image

from kirie.core.labels import IGNORE
from kirie.core.scores import miou
from kirie.errors import StoreError
from kirie.export.onnx import INPUT, Exportable, LabelGraph
from kirie.export.trial import Comparison, Trial
from kirie.models import Segmenter
from kirie.prepare.store import Split

BATCHES = (1, 3)
"""One picture, and an odd number that no example of the exporter had."""

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


def gate_sizes(model: Exportable, size: tuple[int, int], *, dynamic_size: bool) -> list[tuple[int, int]]:
    """The sizes to compare at: the store's alone, or with a smaller and a larger one that the model takes.

    Args:
        model: The model.
        size: The store's height and width.
        dynamic_size: Whether the file claims to take other sizes.
    """
    sizes = [size]
    if not dynamic_size:
        return sizes
    step = model.multiple_of
    smaller, larger = ((0.75, 0.75), (0.5, 0.75)), ((1.25, 1.0), (1.5, 1.25), (1.0, 1.5), (2.0, 1.0), (1.0, 2.0))
    # The larger one is not square, so that height and width cannot be mixed up unseen
    for choices in (smaller, larger, larger):
        for factors in choices:
            height, width = (
                max(1, round(side * factor / step)) * step for side, factor in zip(size, factors, strict=True)
            )
            if (height, width) not in sizes and model.limits.refusal(height, width) is None:
                sizes.append((height, width))
                break
        if len(sizes) == 3:
            break
    return sizes


def compare(
    model: Path,
    segmenter: Segmenter,
    split: Split,
    sizes: Sequence[tuple[int, int]],
    *,
    images: int = 16,
    batches: Sequence[int] = BATCHES,
    on_trial: Callable[[Trial], None] = lambda _: None,
) -> Comparison:
    """Runs the written file beside the trained model.

    Args:
        model: The ONNX file.
        segmenter: The trained model in eval mode, on the CPU.
        split: The pictures, usually the store's validation split.
        sizes: Heights and widths to compare at; pictures are scaled to them.
        images: At most so many pictures, evenly spread over the split.
        batches: Batch sizes to compare at.
        on_trial: Called after each comparison, for progress.

    Raises:
        StoreError: The split has no pictures.
    """
    image_NHWC, target_NHW = split.read(chosen_rows(split, images))
    session = open_session(model.read_bytes())
    trials = []
    for size in sizes:
        resized_NHWC = np.stack([resized(image_HWC, size, Image.Resampling.BILINEAR) for image_HWC in image_NHWC])
        truth_NHW = np.stack([resized(target_HW, size, Image.Resampling.NEAREST) for target_HW in target_NHW])
        for batch in batches:
            trial = _trial(session, segmenter, resized_NHWC, truth_NHW, batch)
            trials.append(trial)
            on_trial(trial)
    return Comparison(tuple(trials))


def chosen_rows(split: Split, images: int) -> NDArray[np.int64]:
    """The numbers of at most so many rows, evenly spread over a split.

    Raises:
        StoreError: The split has none.
    """
    if len(split) == 0:
        raise StoreError(
            f"The split {split.name} of the store is empty, so the exported model cannot be compared on real pictures; "
            f"prepare the data with a share for {split.name}."
        )
    return np.unique(np.linspace(0, len(split) - 1, min(images, len(split))).round().astype(np.int64))


def open_session(model: bytes) -> ort.InferenceSession | str:
    """A file's bytes as ONNX Runtime loads them, or why it does not."""
    options = ort.SessionOptions()
    options.log_severity_level = 4  # what is wrong comes as an exception
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # ONNX Runtime's exceptions have no common base but Exception
        return sentence(error)


def _trial(
    session: ort.InferenceSession | str, segmenter: Segmenter, image_NHWC: Bytes, truth_NHW: Bytes, batch: int
) -> Trial:
    images, height, width, _ = image_NHWC.shape
    if isinstance(session, str):
        return Trial(height, width, batch, images, failure=session)
    names = [output.name for output in session.get_outputs()]
    graph = LabelGraph(segmenter, probabilities=True).eval()
    n_labels = segmenter.n_labels
    counts_2LK = np.zeros((2, n_labels, 3), dtype=np.int64)
    equal, furthest = 0, 0.0
    for start in range(0, images, batch):
        # The last batch is filled up from the beginning, so that what runs is always the batch that is reported
        image_BHWC = image_NHWC[np.arange(start, start + batch) % images]
        truth_BHW = truth_NHW[start : start + batch]
        fresh = len(truth_BHW)
        with torch.inference_mode():
            wanted_BHW, probable_BLHW = (found.numpy() for found in graph(torch.from_numpy(image_BHWC)))
        try:
            answers = dict(zip(names, session.run(names, {INPUT: image_BHWC}), strict=True))
        except Exception as error:
            return Trial(height, width, batch, images, failure=sentence(error))
        if (failure := _misshapen(answers, wanted_BHW, probable_BLHW)) is not None:
            return Trial(height, width, batch, images, failure=failure)
        equal += int((answers["labels"] == wanted_BHW)[:fresh].sum())
        if "probabilities" in answers:
            furthest = max(furthest, _furthest(answers["probabilities"], probable_BLHW))
        counts_2LK += np.stack(
            [_counts(found[:fresh], truth_BHW, n_labels) for found in (wanted_BHW, answers["labels"])]
        )
    scores = [float(score) if np.isfinite(score) else None for score in miou(counts_2LK)]
    return Trial(
        height,
        width,
        batch,
        images,
        equal / truth_NHW.size,
        scores[0],
        scores[1],
        furthest if "probabilities" in names else None,
    )


def _misshapen(answers: dict[str, Any], wanted_BHW: Bytes, probable_BLHW: Floats) -> str | None:
    for name, wanted in (("labels", wanted_BHW), ("probabilities", probable_BLHW)):
        found = answers.get(name)
        if found is None and name == "labels":
            return "the file has no output 'labels'"
        if found is not None and (found.shape != wanted.shape or found.dtype != wanted.dtype):
            return f"{name} are {found.dtype} {found.shape} instead of {wanted.dtype} {wanted.shape}"
    if (highest := int(answers["labels"].max())) >= probable_BLHW.shape[1]:
        return f"there is a label {highest}, but the model has {probable_BLHW.shape[1]}, from 0"
    return None


def _furthest(found: Floats, wanted: Floats) -> float:
    """The largest difference; infinite where one of the two is not a number, because `max` would pass over it."""
    difference = float(np.abs(found - wanted).max())
    return difference if np.isfinite(difference) else float("inf")


def _counts(found_BHW: Bytes, truth_BHW: Bytes, n_labels: int) -> NDArray[np.int64]:
    """Pixels right, wrongly found and missed of each label, shape (L, 3), in the order of core.scores.COLUMNS."""
    known = truth_BHW != IGNORE
    pairs = truth_BHW[known].astype(np.int64) * n_labels + found_BHW[known]
    table_LL = np.bincount(pairs, minlength=n_labels * n_labels).reshape(n_labels, n_labels)
    right = np.diagonal(table_LL)
    return np.stack([right, table_LL.sum(axis=0) - right, table_LL.sum(axis=1) - right], axis=1)


def resized(pixels: Bytes, size: tuple[int, int], how: Image.Resampling) -> Bytes:
    """A picture or a map of ids at another height and width."""
    if pixels.shape[:2] == size:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((size[1], size[0]), how))


def sentence(error: Exception) -> str:
    """ONNX Runtime's words in one line."""
    return " ".join(str(error).split())[:300]
