"""Folders and names that pair pictures with masks."""

from __future__ import annotations

from pathlib import Path

import pytest

from kirie.errors import SourceError
from kirie.formats.masks_layout import arrange, subject

LAYOUTS = {
    "two folders": ("images/a.jpg", "masks/a.png", None),
    "VOC": ("JPEGImages/a.jpg", "SegmentationClass/a.png", None),
    "splits below": ("images/train/x/a.jpg", "annotations/train/x/a.png", "train"),
    "splits above": ("valid/img/a.jpg", "valid/label/a.png", "val"),
    "ADE": ("images/validation/a.jpg", "annotations/validation/a.png", "val"),
    "prepped": ("images_prepped_test/a.png", "annotations_prepped_test/a.png", "test"),
    "CamVid": ("train/a.png", "trainannot/a.png", "train"),
    "CamVid 2": ("val/a.png", "val_labels/a_L.png", "val"),
    "Carvana": ("train/a.jpg", "train_masks/a_mask.gif", "train"),
    "Cityscapes": ("leftImg8bit/val/b/a_leftImg8bit.png", "gtFine/val/b/a_gtFine_labelIds.png", "val"),
    "one folder": ("x/a.jpg", "x/a_mask.png", None),
    "pictures above": ("a.jpg", "masks/a.png", None),
    "deeper": ("set/one/images/a.jpg", "set/one/masks/a.png", None),
    "upper case": ("Images/A.JPG", "Masks/a.PNG", None),
    "Unicode forms": ("images/が.jpg", "masks/が.png", None),
    "spaces": ("train/input images/a.jpg", "train/ground truth/a.png", "train"),
}


def touch(folder: Path, *names: str) -> None:
    """Makes empty files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(tmp_path: Path, name: str) -> None:
    """Each layout in use gives the pair and its split."""
    picture, mask, split = LAYOUTS[name]
    touch(tmp_path, picture, mask)
    (pair,) = arrange(tmp_path).pairs
    assert (pair.picture, pair.mask, pair.split) == (tmp_path / picture, tmp_path / mask, split)


def test_same_names_in_different_splits(tmp_path: Path) -> None:
    """A mask never joins the picture of another split or sub-folder."""
    touch(tmp_path, "images/train/a.png", "masks/test/a.png", "images/x/b.png", "masks/y/b.png")
    layout = arrange(tmp_path)
    assert not layout.pairs
    assert len(layout.bare) == len(layout.orphans) == 2


def test_drawings_for_people_are_left_out(tmp_path: Path) -> None:
    """Visualizations are no label masks."""
    touch(tmp_path, "JPEGImages/a.jpg", "SegmentationClass/a.png")
    touch(tmp_path, "SegmentationClassVisualization/a.jpg")
    layout = arrange(tmp_path)
    assert [pair.mask.parent.name for pair in layout.pairs] == ["SegmentationClass"]
    assert not layout.orphans


def test_objects_belong_to_their_mask(tmp_path: Path) -> None:
    """VOC's picture of objects goes with the mask of its name; one without such a mask is told."""
    touch(tmp_path, "JPEGImages/a.jpg", "SegmentationClass/a.png", "SegmentationObject/a.png")
    touch(tmp_path, "JPEGImages/b.jpg", "SegmentationClass/b.png", "SegmentationObject/c.png")
    layout = arrange(tmp_path)
    assert [pair.objects for pair in layout.pairs] == [tmp_path / "SegmentationObject" / "a.png", None]
    assert layout.lost == (tmp_path / "SegmentationObject" / "c.png",)
    assert not layout.orphans


def test_two_masks(tmp_path: Path) -> None:
    """Of a PNG and a JPEG of one name the PNG counts; two PNG files are refused."""
    touch(tmp_path, "images/a.jpg", "masks/a.png", "masks/a.jpg")
    assert arrange(tmp_path).pairs[0].mask.name == "a.png"
    touch(tmp_path, "masks/a_mask.png")
    with pytest.raises(SourceError, match="has two masks"):
        arrange(tmp_path)


def test_plain_pictures_are_no_pairs(tmp_path: Path) -> None:
    """A folder of pictures, even with YOLO's text labels, has no masks."""
    touch(tmp_path, "images/a.jpg", "images/b.jpg", "labels/a.txt", "b.jpg")
    assert not arrange(tmp_path).pairs


def test_subject(tmp_path: Path) -> None:
    """A folder named after what it marks tells the label."""
    assert subject(tmp_path / "long-hair_masks" / "a.png", tmp_path) == "long-hair"
    assert subject(tmp_path / "train_masks" / "a.png", tmp_path) is None
