"""VOC's SegmentationObject beside SegmentationClass.

Shapes: H, W pixels.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.formats import fake

from kirie.core.instances import Instance, unpack
from kirie.core.labels import IGNORE
from kirie.errors import SourceError
from kirie.formats import Source, open_source

SIZE = (fake.HEIGHT, fake.WIDTH)
PALETTE = np.random.default_rng(9).integers(1, 256, (256, 3), dtype=np.uint8)
PALETTE[0], PALETTE[IGNORE] = (0, 0, 0), (224, 224, 192)


def pair() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Two faces side by side that touch, an eye, and void between: classes and objects."""
    classes_HW, objects_HW = np.zeros(SIZE, dtype=np.uint8), np.zeros(SIZE, dtype=np.uint8)
    classes_HW[2:10, 2:18] = 1
    objects_HW[2:10, 2:10], objects_HW[2:10, 10:18] = 1, 2
    classes_HW[14:20, 4:12], objects_HW[14:20, 4:12] = 2, 3
    classes_HW[10, 2:18] = objects_HW[10, 2:18] = IGNORE
    return classes_HW, objects_HW


def source_of(folder: Path, classes_HW: NDArray[np.uint8], objects: Image.Image, ending: str = "png") -> Source:
    """A VOC folder of one picture."""
    for name in ("JPEGImages", "SegmentationClass", "SegmentationObject"):
        (folder / name).mkdir(parents=True)
    fake.picture(0).save(folder / "JPEGImages" / "a.jpg")
    Image.fromarray(classes_HW).save(folder / "SegmentationClass" / "a.png")
    objects.save(folder / "SegmentationObject" / f"a.{ending}")
    (folder / "labels.yaml").write_text(json.dumps({"labels": ["background", "face", "eye"]}))
    return open_source(folder)


def indexed(objects_HW: NDArray[np.uint8]) -> Image.Image:
    """As VOC has it."""
    image = Image.fromarray(objects_HW).convert("L")
    image.putpalette(PALETTE.tobytes())
    return image


@pytest.mark.parametrize("form", ["indexed", "grey", "colours"])
def test_objects_that_touch_are_told_apart(tmp_path: Path, form: str) -> None:
    """Each object is an instance of the class under it, void is ignored, and the class picture stays what it was."""
    classes_HW, objects_HW = pair()
    images = {
        "indexed": indexed(objects_HW),
        "grey": Image.fromarray(objects_HW),
        "colours": Image.fromarray(PALETTE[objects_HW]),
    }
    source = source_of(tmp_path, classes_HW, images[form])
    sample = source.read(source.entries[0])
    np.testing.assert_array_equal(sample.paint(source.labels), classes_HW)
    ids_HW, instances = unpack(sample, source.labels)
    assert sorted(each.label for each in instances) == [1, 1, 2]
    assert not sample.notes
    for number in (1, 2, 3):
        (seen,) = np.unique(ids_HW[objects_HW == number])
        assert 0 < seen < IGNORE
    assert (ids_HW[classes_HW == IGNORE] == IGNORE).all()


def test_objects_that_disagree_are_counted(tmp_path: Path) -> None:
    """Most of the class picture under an object says what it is; the rest keeps its class, background stays it."""
    classes_HW, objects_HW = pair()
    classes_HW[2:4, 2:4] = 2
    objects_HW[20:23, 20:30] = 4
    source = source_of(tmp_path, classes_HW, indexed(objects_HW))
    sample = source.read(source.entries[0])
    assert sample.notes == {"objects that disagree with the class mask": 2}
    np.testing.assert_array_equal(sample.paint(source.labels), classes_HW)
    ids_HW, instances = unpack(sample, source.labels)
    assert sorted(instances, key=lambda each: each.label) == [Instance(1), Instance(1), Instance(2)]
    assert not ids_HW[20:23, 20:30].any()
    assert (ids_HW[2:4, 2:4] == IGNORE).all()


def test_void_of_the_objects_alone_is_ignored(tmp_path: Path) -> None:
    """Where only the picture of objects is void, nobody knows whose the pixel is."""
    classes_HW, objects_HW = pair()
    objects_HW[2:10, 9:11] = IGNORE
    source = source_of(tmp_path, classes_HW, indexed(objects_HW))
    target_HW = source.read(source.entries[0]).paint(source.labels)
    assert (target_HW[2:10, 9:11] == IGNORE).all()


@pytest.mark.parametrize(
    ("value", "what"), [(0, "without an object"), (IGNORE, "that are void in the objects")], ids=["none", "void"]
)
def test_things_without_an_object_are_counted(tmp_path: Path, value: int, what: str) -> None:
    """Each area of a thing that the objects' picture leaves out, or makes void, is told of; a border is not, nor what
    the class picture itself holds for background or void."""
    classes_HW, objects_HW = pair()
    classes_HW[20:23, 20:31] = IGNORE
    objects_HW[20:23, 20:31] = value
    objects_HW[14:16, 4:12] = objects_HW[2:10, 16:18] = value
    source = source_of(tmp_path / "border", classes_HW, indexed(objects_HW))
    assert not source.read(source.entries[0]).notes
    objects_HW[2:10, 2:6] = value
    objects_HW[14:20, 4:12] = value
    source = source_of(tmp_path / "areas", classes_HW, indexed(objects_HW))
    sample = source.read(source.entries[0])
    assert sample.notes == {f"areas of the class mask {what}": 2}
    assert sorted(each.label for each in unpack(sample, source.labels)[1])[:2] == [1, 1]


def test_stuff_needs_no_object(tmp_path: Path) -> None:
    """A label that is marked as stuff has none, and nothing is told."""
    classes_HW, objects_HW = pair()
    objects_HW[14:20, 4:12] = 0
    source_of(tmp_path, classes_HW, indexed(objects_HW))
    labels = ["background", "face", {"name": "eye", "stuff": True}]
    (tmp_path / "labels.yaml").write_text(json.dumps({"labels": labels}))
    source = open_source(tmp_path)
    assert not source.read(source.entries[0]).notes


def test_a_missing_picture_of_objects_is_told(tmp_path: Path) -> None:
    """Where one picture has its objects and another has not; where none has, nothing is missing."""
    classes_HW, objects_HW = pair()
    source_of(tmp_path, classes_HW, indexed(objects_HW))
    fake.picture(1).save(tmp_path / "JPEGImages" / "b.jpg")
    Image.fromarray(classes_HW).save(tmp_path / "SegmentationClass" / "b.png")
    (remark,) = open_source(tmp_path).remarks
    assert remark == "1 mask(s) have no picture of objects, though others do: SegmentationClass/b.png."
    (tmp_path / "SegmentationObject" / "a.png").unlink()
    assert not open_source(tmp_path).remarks


@pytest.mark.parametrize(
    ("image", "ending", "words"),
    [
        (Image.new("L", (9, 9)), "png", "have 9 x 9 pixels and their class picture 32 x 24"),
        (Image.new("L", (32, 24)), "jpg", "is a JPEG"),
        (Image.new("LA", (32, 24)), "png", None),
        (Image.new("RGBA", (32, 24)), "png", None),
    ],
)
def test_other_pictures_are_refused(tmp_path: Path, image: Image.Image, ending: str, words: str | None) -> None:
    """Another size and lossy files are refused by name; an empty picture of any kind holds no object."""
    source = source_of(tmp_path, pair()[0], image, ending)
    if words is None:
        assert all(region.instance is None for region in source.read(source.entries[0]).regions)
        return
    with pytest.raises(SourceError, match=words):
        source.read(source.entries[0])


def test_objects_survive_an_import(tmp_path: Path) -> None:
    """`kirie import` writes objects as labelme's group ids, and reading these gives the same instances."""
    from kirie.cli import main

    classes_HW, objects_HW = pair()
    source = source_of(tmp_path / "voc", classes_HW, indexed(objects_HW))
    assert main(["import", str(tmp_path / "voc"), "--out", str(tmp_path / "data")]) == 0
    again = open_source(tmp_path / "data")
    before, after = (unpack(each.read(each.entries[0]), source.labels) for each in (source, again))
    np.testing.assert_array_equal(before[0], after[0])
    assert before[1] == after[1]
