"""One picture from source to rows, whatever an annotator wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.prepare.conftest import LABELS, draw_picture, edit, mask_record

from kirie.core.labels import IGNORE
from kirie.formats import open_source
from kirie.prepare.layout import Frame
from kirie.prepare.plan import Planned
from kirie.prepare.work import Done, Failed, prepare_one

COORDINATES = st.integers(-20, 70) | st.floats(-1e7, 1e7) | st.sampled_from([0, 40, 48, -1, 39.999, 47.5])
POINTS = st.lists(st.lists(COORDINATES, min_size=2, max_size=2), min_size=1, max_size=5)
IDS = st.none() | st.integers(-2, 3) | st.sampled_from([10**30, 2.0, "a", True, [1]])
FLAGS = st.sampled_from([None, {}, {"crowd": True}, {"crowd": False}, {"crowd": "yes"}, [1], 3])


@st.composite
def shapes(draw: st.DrawFn) -> dict[str, Any]:
    """A labelme record with any mixture of mistakes."""
    kind = draw(st.sampled_from(["polygon", "rectangle", "circle", "line", "point", "oriented_rectangle", "mask"]))
    record: dict[str, Any] = {"shape_type": kind, "points": draw(POINTS)}
    if kind == "mask":
        mask = np.random.default_rng(draw(st.integers(0, 99))).random(draw(st.tuples(*[st.integers(1, 50)] * 2))) < 0.7
        corners = st.lists(st.integers(-20, 70), min_size=2, max_size=2)
        record = mask_record(draw(corners), draw(corners), mask)
    label = draw(st.sampled_from(["hair", "eye", "background", "_background_", "__ignore__"]))
    return record | {"label": label, "group_id": draw(IDS), "flags": draw(FLAGS)}


@pytest.fixture(scope="module")
def annotation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One picture's annotation, written anew for each example."""
    folder = tmp_path_factory.mktemp("work") / "data"
    path = draw_picture(folder, "a")
    (folder / "labels.yaml").write_text(LABELS)
    return path


@settings(max_examples=100)
@given(
    found=st.lists(shapes(), max_size=8),
    mode=st.sampled_from(["fit", "tile"]),
    how=st.sampled_from(["given", "components"]),
    most=st.sampled_from([1, 254]),
)
def test_any_annotation_is_rows_or_a_sentence(
    annotation: Path, found: list[dict[str, Any]], mode: Any, how: Any, most: int
) -> None:
    """Rows whose instances have pixels and a label, or one sentence about what is wrong; never anything else."""
    edit(annotation, shapes=found)
    source, frame = open_source(annotation.parent), Frame((32, 32), mode, 0.0, how, most)
    outcome = prepare_one(source, frame, Planned(source.entries[0], "key"))
    if isinstance(outcome, Failed):
        assert outcome.problem
        return
    assert isinstance(outcome, Done)
    json.dumps(outcome.record.to_dict())
    for ids_HW, target_HW, instances in zip(
        outcome.pixels.instances_BHW, outcome.pixels.targets_BHW, outcome.record.instances, strict=True
    ):
        assert set(np.unique(ids_HW)) - {0, IGNORE} == set(range(1, len(instances) + 1))
        for number, each in enumerate(instances, 1):
            assert each.label in source.labels.things
            assert (target_HW[ids_HW == number] == each.label).all()
