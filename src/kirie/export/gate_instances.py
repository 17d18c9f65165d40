"""The gate for models of instances: an exported file is kept only if it finds what the trained model finds.

The written file is run by ONNX Runtime beside torch, at up to three sizes, on pictures of the store, one at a time, as
the graph takes them. Detections are matched (`matching`), and mAP of both against the truth is compared. A recorded
graph may fail where nothing is found, because what follows then works on no box at all; so at each size nothing is
found in one of the pictures: one of the store's, or a blank one, or, where torch finds something in these too, a
picture of the store for which both are made to find nothing (`silenced`).

Shape suffixes: H height, W width, C channels, N pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from PIL import Image

from kirie.core.bundle import INSTANCE_OUTPUTS
from kirie.core.detections import Detections
from kirie.export.gate import chosen_rows, open_session, resized, sentence
from kirie.export.instance_trial import InstanceTrial
from kirie.export.instance_truth import map_of, no_truth, truth_of
from kirie.export.matching import agreement
from kirie.export.onnx import INPUT
from kirie.export.onnx_instances import Finder, ThingGraph
from kirie.export.silenced import silenced_file, silenced_graph
from kirie.prepare.store import Split
from kirie.tasks.metrics.overlap import Truth

Bytes = NDArray[np.uint8]

_GREYS = (0, 255, 128, 64, 192, 32, 96, 160, 224)


def compare_instances(
    model: Path,
    finder: Finder,
    split: Split,
    sizes: Sequence[tuple[int, int]],
    *,
    images: int = 16,
    on_trial: Callable[[InstanceTrial], None] = lambda _: None,
) -> list[InstanceTrial]:
    """Runs the written file beside the trained model.

    Args:
        model: The ONNX file.
        finder: The trained model in eval mode, on the CPU.
        split: The pictures, usually the store's validation split.
        sizes: Heights and widths to compare at, the store's first; pictures are scaled to them.
        images: At most so many pictures, evenly spread over the split, and perhaps a blank one.
        on_trial: Called after each comparison, for progress.

    Raises:
        StoreError: The split has no pictures.
    """
    chosen = chosen_rows(split, images)
    image_NHWC, _ = split.read(chosen)
    truths = truth_of(split, chosen)
    session = open_session(model.read_bytes())
    trials: list[InstanceTrial] = []
    for size in sizes:
        # Copies, because torch does not take what Pillow lends
        pictures = [np.array(resized(image_HWC, size, Image.Resampling.BILINEAR)) for image_HWC in image_NHWC]
        there = [replace(truth, ids_HW=resized(truth.ids_HW, size, Image.Resampling.NEAREST)) for truth in truths]
        trial = _trial(session, finder, pictures, there)
        if not trial.without and not trial.failure:
            trial = _with_silence(trial, model, finder, pictures[0])
        trials.append(trial)
        on_trial(trial)
    return trials


def _trial(
    session: ort.InferenceSession | str, finder: Finder, pictures: list[Bytes], truths: list[Truth]
) -> InstanceTrial:
    height, width = pictures[0].shape[:2]
    if isinstance(session, str):
        return InstanceTrial(height, width, len(pictures), failure=session)
    graph = ThingGraph(finder).eval()
    wanted = [graph.answer(torch.from_numpy(image_HWC)) for image_HWC in pictures]
    if all(len(one) for one in wanted) and (blank := _blank(graph, finder, (height, width))) is not None:
        pictures, wanted = [*pictures, blank[0]], [*wanted, blank[1]]
        truths = [*truths, no_truth(height, width)]
    found: list[Detections] = []
    for image_HWC in pictures:
        answer = _answer(session, image_HWC, finder.things)
        if isinstance(answer, str):
            return InstanceTrial(height, width, len(pictures), failure=answer)
        found.append(answer)
    least, most = float(finder.options["score_threshold"]), int(finder.options["detections"])
    agreements = [agreement(one, other, least, most) for one, other in zip(wanted, found, strict=True)]
    scores = (map_of(wanted, truths, finder.things), map_of(found, truths, finder.things))
    return InstanceTrial.of((height, width), agreements, sum(not len(one) for one in wanted), scores)


def _with_silence(trial: InstanceTrial, model: Path, finder: Finder, image_HWC: Bytes) -> InstanceTrial:
    """The trial with one more picture, for which both are made to find nothing."""
    graph, changed = silenced_graph(ThingGraph(finder).eval()), silenced_file(model)
    if graph is None or changed is None:
        unproven = (
            "there is no picture in which the trained model finds nothing, and no bias to silence it by, so that the "
            "file may fail on such a picture; a longer training finds less in a blank one"
        )
        return replace(trial, failure=unproven)
    wanted, session = graph.answer(torch.from_numpy(image_HWC)), open_session(changed)
    found = session if isinstance(session, str) else _answer(session, image_HWC, finder.things)
    if isinstance(found, str):
        return replace(trial, failure=f"made to find nothing, {found}")
    if len(wanted) or len(found):
        return replace(trial, failure=f"made to find nothing, torch finds {len(wanted)} and the file {len(found)}")
    return replace(trial, images=trial.images + 1, without=1, silenced=True)


def _answer(session: ort.InferenceSession, image_HWC: Bytes, things: Sequence[int]) -> Detections | str:
    """What the file finds, or why that cannot be used."""
    try:
        values = session.run(INSTANCE_OUTPUTS, {INPUT: image_HWC[None]})
    except Exception as error:
        # ONNX Runtime's exceptions have no common base but Exception
        return sentence(error)
    found = Detections(*values)
    return found.problem(things, *image_HWC.shape[:2]) or found


def _blank(graph: ThingGraph, finder: Finder, size: tuple[int, int]) -> tuple[Bytes, Detections] | None:
    """A picture of one colour in which torch finds nothing: the data's mean, else some grey; None if there is none.

    One in which it does find something is of no use: all its places are alike, and rounding alone would choose.
    """
    mean = (finder.mean.detach().reshape(3).clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    for color in (mean, *(np.full(3, grey, dtype=np.uint8) for grey in _GREYS)):
        image_HWC = np.broadcast_to(color, (*size, 3)).copy()
        found = graph.answer(torch.from_numpy(image_HWC))
        if not len(found):
            return image_HWC, found
    return None
