"""The things of a picture laid over each other: which pixels each one keeps, its number and its name.

Of two labels the smaller thing lies on top, of one label the surer, so that no pixel belongs to two, as in training's
scores (`core.detections.lay`). Things get their numbers by label and then from left to right, so that `eye.1` is the
eye on the left whatever the model was surest of.

Shapes: H, W the picture; C RGB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from scipy import ndimage

from kirie.core import files
from kirie.core.detections import LEAST_SCORE, MOST_DETECTIONS, Box, lay
from kirie.core.labels import LabelSet
from kirie.core.sample import Image
from kirie.formats.picture import Picture
from kirie.predict.coco import results
from kirie.predict.detect import detect
from kirie.predict.folder import save_png
from kirie.predict.parts import Part, cut_out_things
from kirie.predict.render_things import Tag, overlay_things
from kirie.predict.session import Session
from kirie.predict.thing import Thing

RESULTS = "instances.json"
IDS = "instances.png"


@dataclass(frozen=True, slots=True)
class Shown:
    """A thing that is not left out for what lies over it.

    Attributes:
        thing: The thing.
        found: Its place among all that was found, from 0.
        number: Its number among those of its label, from 1, from left to right.
        box: Tight box of the pixels that it keeps.
    """

    thing: Thing
    found: int
    number: int
    box: Box


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What a model of instances says of a picture.

    Attributes:
        labels_HW: uint8 label ids, the background's where no thing is.
        instances_HW: uint16: 0 none, k the k-th of `shown`.
        shown: By label, then from left to right.
        things: What was found, best score first, unsure and hidden ones too; at most MOST_DETECTIONS.
        left_out: How many more were found, less sure ones.
    """

    labels_HW: NDArray[np.uint8]
    instances_HW: NDArray[np.uint16]
    shown: tuple[Shown, ...]
    things: tuple[Thing, ...]
    left_out: int = 0

    def notes(self) -> tuple[str, ...]:
        """One, if more was found than is kept."""
        if not self.left_out:
            return ()
        return (
            f"{len(self.things) + self.left_out} things were found, and the {len(self.things)} surest are kept, in "
            f"{RESULTS} too; cut the picture into smaller ones to get all.",
        )

    def label_ids(self) -> NDArray[np.uint8]:
        """The label map."""
        return self.labels_HW

    def parts(self, picture: Picture, labels: LabelSet) -> Iterator[Part]:
        """What lies behind all things, then the things."""
        things = [(one.thing.label, one.number, one.box) for one in self.shown]
        return cut_out_things(picture.rgb_HWC, picture.alpha_HW, self.instances_HW, things, labels)

    def overlay(self, rgb_HWC: Image, labels: LabelSet) -> Image:
        """Colours, an outline for each thing, and its score beside it."""
        tags = [Tag(one.thing.label, one.number, one.thing.score, one.box) for one in self.shown]
        return overlay_things(rgb_HWC, self.labels_HW, self.instances_HW, tags, labels)

    def about(self, part: Part) -> dict[str, Any]:
        """Which thing a part is, and what was found of it."""
        if part.region.instance is None:
            return {}
        at = next(
            at
            for at, one in enumerate(self.shown)
            if (one.thing.label, one.number) == (part.label.id, part.region.instance)
        )
        one = self.shown[at]
        return {
            "name": part.name,
            "instance": at + 1,
            "score": round(one.thing.score, 6),
            "area": one.thing.area,
            "result": one.found,
        }

    def write_own(self, folder: Path, image_id: int | str, kinds: frozenset[str], labels: LabelSet) -> dict[str, Any]:
        """`instances.png` with the label map, and always `instances.json`; what its ids mean goes into the record."""
        if "labelmap" in kinds:
            save_png(PIL.Image.fromarray(self.instances_HW), folder / IDS)
        height, width = self.labels_HW.shape
        files.write_json(folder / RESULTS, results(self.things, image_id, height, width))
        return {
            "coco": {
                "results": RESULTS,
                "image_id": image_id,
                "categories": [{"id": label, "name": labels.labels[label].name} for label in labels.things],
            }
        }


def arrange(
    things: Sequence[Thing], size: tuple[int, int], labels: LabelSet, least_score: float = LEAST_SCORE
) -> Arrangement:
    """Lays things over each other.

    Args:
        things: What was found, best score first; the first MOST_DETECTIONS are taken.
        size: Height and width of the picture.
        labels: What the ids mean.
        least_score: Things below it are not shown.
    """
    left_out = len(things[MOST_DETECTIONS:])
    things = things[:MOST_DETECTIONS]
    labels_HW, found_HW = lay(
        lambda at: (things[at].place, things[at].crop()),
        np.array([thing.label for thing in things], dtype=np.uint8),
        np.array([thing.score for thing in things]),
        size,
        labels.unlabelled,
        least_score,
    )
    boxes = ndimage.find_objects(found_HW, max_label=len(things))
    visible = [
        (things[at].label, (columns.start, rows.start, columns.stop, rows.stop), at)
        for at, (rows, columns) in ((at, where) for at, where in enumerate(boxes) if where is not None)
    ]
    visible.sort(key=lambda one: (one[0], one[1][0] + one[1][2], one[1][1], one[2]))
    numbers: dict[int, int] = {}
    shown: list[Shown] = []
    order = np.zeros(len(things) + 1, dtype=np.uint16)
    for label, box, at in visible:
        numbers[label] = numbers.get(label, 0) + 1
        shown.append(Shown(things[at], at, numbers[label], box))
        order[at + 1] = len(shown)
    return Arrangement(labels_HW, order[found_HW], tuple(shown), tuple(things), left_out)


def find_and_arrange(session: Session, image_HWC: Image, least_score: float = LEAST_SCORE) -> Arrangement:
    """Runs a model of instances on a picture, and lays what it finds over each other.

    Args:
        session: The model.
        image_HWC: uint8 RGB of any size.
        least_score: Things below it are not shown.

    Raises:
        BundleError: The model fails, or answers with what cannot be used.
        DeviceError: The device's memory does not suffice.
    """
    things = detect(session, image_HWC)
    return arrange(things, (image_HWC.shape[0], image_HWC.shape[1]), session.labels, least_score)
