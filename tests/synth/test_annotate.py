"""Annotations against the exact truth."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageDraw

from kirie.synth.annotate import areas, labelme_record
from kirie.synth.draw import Drawing, draw
from kirie.synth.starter import starter_labels


@pytest.fixture(scope="module")
def drawings() -> list[Drawing]:
    """Five pictures at the starter set's size."""
    return [draw(7, k, k % 3, 256) for k in range(5)]


def test_painted_polygons_agree_with_the_exact_truth(drawings: list[Drawing]) -> None:
    """In file order by Pillow's rule: at least 99.2 % of each picture's pixels, and eyes and mouths by IoU 0.85."""
    labels = starter_labels()
    for drawing in drawings:
        truth, painted = drawing.target(labels), np.zeros(drawing.size, np.uint8)
        for shape in labelme_record(drawing, "x.jpg")["shapes"]:
            image = Image.new("L", drawing.size[::-1], 0)
            ImageDraw.Draw(image).polygon([tuple(p) for p in shape["points"]], outline=1, fill=1)
            value = labels.id_of(shape["label"])
            assert value is not None
            painted[np.asarray(image) > 0] = value
        assert (painted == truth).mean() > 0.992
        for name in ("eye", "mouth"):
            a, b = painted == labels.id_of(name), truth == labels.id_of(name)
            assert (a & b).sum() >= 0.85 * (a | b).sum()


def test_record_is_labelmes_and_names_the_group(drawings: list[Drawing]) -> None:
    """Its keys are labelme's, every point lies in the picture, and every polygon has three points or more."""
    record = json.loads(json.dumps(labelme_record(drawings[3], "003-0.png")))
    assert record["imagePath"] == "003-0.png"
    assert record["imageData"] is None
    assert (record["imageHeight"], record["imageWidth"]) == (256, 256)
    assert record["group"] == "character-003"
    assert len(record["shapes"]) > 3
    for shape in record["shapes"]:
        assert shape["shape_type"] == "polygon"
        assert len(shape["points"]) >= 3
        assert all(0 <= v <= 255 for point in shape["points"] for v in point)


def test_annotations_use_fine_names_that_the_label_file_merges(drawings: list[Drawing]) -> None:
    """Irises, pupils, lashes and collars are annotated under their own names, all known to the label set."""
    labels = starter_labels()
    names = {label for drawing in drawings for label, _ in areas(drawing)}
    assert {"iris", "pupil", "eyelash", "collar"} <= names
    assert all(labels.knows(name) for name in names)
    assert labels.id_of("pupil") == labels.id_of("eye")
    assert labels.id_of("collar") == labels.id_of("clothes")


def test_few_points_as_annotators_use(drawings: list[Drawing]) -> None:
    """Under 1,200 points a picture."""
    for drawing in drawings:
        assert sum(len(s["points"]) for s in labelme_record(drawing, "x.jpg")["shapes"]) < 1200


def test_neighbouring_layers_of_one_label_are_one_area(drawings: list[Drawing]) -> None:
    """No two areas in a row have one label, and the backdrop has none."""
    for drawing in drawings:
        found = [label for label, _ in areas(drawing)]
        assert all(a != b for a, b in pairwise(found))
        assert found[0] != "background"
