"""What goes back to labelme: untouched shapes as they were, anything else as a mask, all to the bit."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.formats import fake
from tests.formats.reference import LabelFile, shapes_to_label

from kirie.core.sample import Outline, Region, Sample
from kirie.formats import open_source
from kirie.formats.labelme_write import document, write_sample

MASKS = arrays(np.bool_, (fake.HEIGHT, fake.WIDTH), elements=st.booleans(), fill=st.just(False))


def drawn(tmp_path: Path) -> Sample:
    """A sample with every type of shape."""
    fake.labelme(tmp_path / "source")
    source = open_source(tmp_path / "source")
    return source.read(source.entries[0])


def sample_of(*regions: Region) -> Sample:
    """A sample of some regions."""
    return Sample("a", np.asarray(fake.picture(0)), regions)


def test_untouched_shapes_go_back_unchanged(tmp_path: Path) -> None:
    """Every record that labelme wrote is written as it was."""
    assert document(drawn(tmp_path), "one.png")["shapes"] == fake.every_shape()


def test_touched_regions_become_masks(tmp_path: Path) -> None:
    """A region whose mask is not what its outline draws is written as the mask that it has."""
    sample = drawn(tmp_path)
    changed = replace(sample.regions[0], crop=~sample.regions[0].crop)
    shape = document(replace(sample, regions=(changed,)), "one.png")["shapes"][0]
    assert shape["shape_type"] == "mask"


def test_renamed_regions_keep_their_outline(tmp_path: Path) -> None:
    """A new label replaces the old one in the annotator's record."""
    sample = drawn(tmp_path)
    renamed = tuple(replace(region, label="hair") for region in sample.regions)
    shapes = document(replace(sample, regions=renamed), "one.png")["shapes"]
    assert shapes == [record | {"label": "hair"} for record in fake.every_shape()]


def test_crowds_go_back(tmp_path: Path) -> None:
    """A crowd is flagged in the annotator's record and in a new mask; other flags stay, and one that went is unset."""
    region = drawn(tmp_path).regions[0]
    assert region.outline is not None
    flagged = replace(region.outline, raw={**region.outline.raw, "flags": {"crowd": True, "left": True}})
    found = {
        "told": replace(region, crowd=True),
        "kept": replace(region, outline=flagged, crowd=True),
        "taken back": replace(region, outline=flagged),
        "mask": replace(region, outline=None, crowd=True),
    }
    shapes = document(sample_of(*found.values()), "a.png")["shapes"]
    assert [shape["flags"] for shape in shapes] == [
        {"crowd": True},
        {"crowd": True, "left": True},
        {"crowd": False, "left": True},
        {"crowd": True},
    ]


def test_a_mended_mask_is_written_mended(tmp_path: Path) -> None:
    """A mask whose points disagree goes back with points that fit, which labelme can draw."""
    record = fake.mask_shape("eye", 5, 4, np.ones((3, 4), dtype=bool)) | {"points": [[5, 4], [20, 20]]}
    fake.picture(0).save(tmp_path / "a.png")
    fake.annotation(tmp_path / "a.json", [record])
    source = open_source(tmp_path)
    (shape,) = document(source.read(source.entries[0]), "a.png")["shapes"]
    assert shape["points"] == [[5, 4], [8, 6]]


def test_outlines_of_other_formats(tmp_path: Path) -> None:
    """An outline without labelme's record is written as a shape only if labelme draws the same mask from it."""
    region = drawn(tmp_path).regions[0]
    assert region.outline is not None
    foreign = replace(region, outline=Outline("polygon", region.outline.points, {"points": "1,2;3,4"}))
    assert document(sample_of(foreign), "a.png")["shapes"][0]["shape_type"] == "polygon"
    other = replace(foreign, outline=Outline("cuboid", region.outline.points))
    assert document(sample_of(other), "a.png")["shapes"][0]["shape_type"] == "mask"


def test_odd_values_are_made_writable(tmp_path: Path) -> None:
    """NaN and half letters in an annotator's record do not stop the writing."""
    region = drawn(tmp_path).regions[0]
    assert region.outline is not None
    odd = {**region.outline.raw, "score": float("nan"), "note": "\ud800", "flags": {"a": 3}}
    path = tmp_path / "odd.json"
    write_sample(path, sample_of(replace(region, outline=replace(region.outline, raw=odd))), "a.png")
    shape = json.loads(path.read_text(encoding="utf-8"))["shapes"][0]
    assert (shape["score"], shape["note"], shape["flags"]) == (None, "?", {})


@settings(max_examples=40)
@given(masks=st.lists(MASKS, max_size=4), instance=st.one_of(st.none(), st.integers(0, 9)))
def test_masks_come_back_to_the_bit(masks: list[np.ndarray], instance: int | None) -> None:
    """labelme opens what is written and draws the target that we paint; reading gives the same regions."""
    sample = sample_of(*(Region.from_mask("eye", mask, instance=instance) for mask in masks))
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        fake.picture(0).save(folder / "a.png")
        write_sample(folder / "a.json", replace(sample, group="g", split="val"), "a.png")
        theirs = LabelFile(str(folder / "a.json"))
        target, _ = shapes_to_label((fake.HEIGHT, fake.WIDTH), theirs.shapes, {"eye": 1})
        source = open_source(folder)
        ours = source.read(source.entries[0])
    assert theirs.other_data == {"group": "g", "split": "val"}
    assert (ours.group, ours.split) == ("g", "val")
    kept = [region for region in sample.regions if region.area]
    assert [(region.box, region.instance) for region in ours.regions] == [(one.box, instance) for one in kept]
    union = np.logical_or.reduce([*masks, np.zeros((fake.HEIGHT, fake.WIDTH), dtype=bool)])
    np.testing.assert_array_equal(target, union)
    for region, one in zip(ours.regions, kept, strict=True):
        np.testing.assert_array_equal(region.crop, one.crop)
