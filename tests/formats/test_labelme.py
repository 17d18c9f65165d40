"""labelme sources as annotators leave them: versions, paths, turned pictures, damage."""

from __future__ import annotations

import base64
import io
import json
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.formats import fake
from tests.formats.reference import LabelFile, img_b64_to_arr, img_data_to_arr, shapes_to_label

from kirie.core.sample import Sample
from kirie.errors import SourceError
from kirie.formats import open_source


def read(folder: Path, at: int = 0) -> Sample:
    """One sample of a folder."""
    source = open_source(folder, "labelme")
    return source.read(source.entries[at])


def one(folder: Path, shapes: list[Any] | None = None, image: str | None = None, **more: Any) -> Path:
    """A folder with a picture `a.png` and its annotation."""
    folder.mkdir(parents=True, exist_ok=True)
    fake.picture(0).save(folder / "a.png")
    fake.annotation(folder / "a.json", fake.every_shape() if shapes is None else shapes, image, **more)
    return folder


def turned_jpeg(orientation: int, width: int = fake.WIDTH, height: int = fake.HEIGHT) -> bytes:
    """A JPEG whose EXIF asks viewers to turn it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    fake.picture(7, height, width).save(stream, format="JPEG", exif=exif, quality=95)
    return stream.getvalue()


def test_target_is_what_labelme_draws(tmp_path: Path) -> None:
    """Every shape type on one canvas, in file order, equals labelme's shapes_to_label."""
    one(tmp_path)
    ids = {"face": 1, "cheek": 1, "eye": 2, "unsure": 255, "__ignore__": 255}
    (tmp_path / "labels.yaml").write_text(json.dumps(fake.LABELS))
    theirs = LabelFile(str(tmp_path / "a.json"))
    expected, _ = shapes_to_label((fake.HEIGHT, fake.WIDTH), theirs.shapes, ids)
    source = open_source(tmp_path)
    np.testing.assert_array_equal(source.read(source.entries[0]).paint(source.labels), expected)


def test_raw_records_are_kept(tmp_path: Path) -> None:
    """Flags, descriptions, group numbers and unknown keys of a shape are kept with its region."""
    record = fake.shape("eye", "polygon", [[1, 1], [9, 1], [5, 7]], group_id=4, flags={"left": True}, score=0.5)
    region = read(one(tmp_path, [record])).regions[0]
    assert region.outline is not None
    assert region.outline.raw == record
    assert region.instance == 4


def test_old_versions(tmp_path: Path) -> None:
    """Version 3 files have no shape type and carry colours; everything is a polygon."""
    shapes = [{"label": "eye", "line_color": None, "fill_color": [0, 255, 0, 128], "points": [[1, 1], [9, 1], [5, 7]]}]
    folder = one(tmp_path, shapes, version="3.16.7", lineColor=[0, 255, 0, 128], imageHeight=None, imageWidth=None)
    sample = read(folder)
    assert sample.regions[0].outline is not None
    assert sample.regions[0].outline.shape == "polygon"
    assert sample.regions[0].area > 20


def test_label_set_is_made_of_the_names_found(tmp_path: Path) -> None:
    """Without a label file, background comes first and the names follow sorted; `__ignore__` is none."""
    source = open_source(one(tmp_path))
    assert source.generated_labels
    assert source.labels.names == ("background", "cheek", "eye", "face", "unsure")


def test_labels_txt(tmp_path: Path) -> None:
    """labelme's own list of labels gives the order of the ids."""
    (tmp_path / "labels.txt").write_text("__ignore__\n_background_\nface\neye\n")
    source = open_source(one(tmp_path))
    assert source.labels.names == ("background", "face", "eye")
    assert not source.generated_labels


@pytest.mark.parametrize(
    "path",
    [
        "..\\img\\絵.png",
        "../img/絵.png",
        "C:\\Users\\me\\絵.png",
        "/home/me/絵.png",
        "絵.png",
        "\\\\server\\share\\絵.png",
    ],
)
def test_paths(tmp_path: Path, path: str) -> None:
    """Relative, Windows and foreign absolute paths lead to the picture beside or around the annotation."""
    place = tmp_path / ("img" if path.startswith("..") else "json")
    place.mkdir(parents=True)
    fake.picture(0).save(place / "絵.png")
    fake.annotation(tmp_path / "json" / "絵.json", [], path)
    sample = read(tmp_path)
    np.testing.assert_array_equal(sample.image_HWC, np.asarray(fake.picture(0)))


def test_unicode_forms(tmp_path: Path) -> None:
    """A name that macOS decomposed is found by its composed form, and the sample's name is composed."""
    name = "がぞう"
    fake.picture(0).save(tmp_path / f"{unicodedata.normalize('NFD', name)}.PNG")
    fake.annotation(tmp_path / f"{unicodedata.normalize('NFD', name)}.json", [], f"{name}.png")
    source = open_source(tmp_path)
    assert [entry.name for entry in source] == [name]
    assert len(source.entries[0].files) == 2
    source.read(source.entries[0])


def test_outside_the_source_is_refused(tmp_path: Path) -> None:
    """An annotation cannot make us read a picture outside the source; the message says what to pass."""
    fake.picture(0).save(tmp_path / "secret.png")
    fake.annotation(tmp_path / "source" / "a.json", [], "../secret.png")
    with pytest.raises(SourceError, match=r"lies outside.*as the source"):
        read(tmp_path / "source")


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../../../../etc/passwd", "..\\..\\etc\\passwd", "C:\\..\\..\\etc\\passwd"]
)
def test_foreign_files_are_never_opened(tmp_path: Path, path: str) -> None:
    """Paths to system files are refused, relative or not."""
    fake.annotation(tmp_path / "source" / "a.json", [], path)
    with pytest.raises(SourceError, match=r"outside|not there"):
        read(tmp_path / "source")


def test_relative_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`kirie import .` keeps inside the source as well, and reads what lies in it."""
    fake.picture(0).save(tmp_path / "secret.png")
    fake.picture(0).save(one(tmp_path / "source") / "b.png")
    fake.annotation(tmp_path / "source" / "sub" / "b.json", [], "../b.png")
    monkeypatch.chdir(tmp_path / "source")
    assert read(Path(), 1).name == "sub/b"
    fake.annotation(Path("a.json"), [], "../secret.png")
    with pytest.raises(SourceError, match="lies outside"):
        read(Path(), 0)


def test_large_json_of_others_is_not_parsed(tmp_path: Path) -> None:
    """A dataset's big JSON beside the annotations is left out from its first and last bytes."""
    (one(tmp_path) / "instances.json").write_text('{"images": [' + "1, " * 2_000_000 + "1]}")
    assert [entry.name for entry in open_source(tmp_path)] == ["a"]
    (tmp_path / "a.json").unlink()
    with pytest.raises(SourceError, match="fits no known format"):
        open_source(tmp_path)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_exif_orientation(tmp_path: Path, orientation: int) -> None:
    """Points are in the frame that labelme shows: the picture turned upright, for every orientation."""
    (tmp_path / "a.jpg").write_bytes(turned_jpeg(orientation))
    shown = img_data_to_arr(LabelFile.load_image_file(str(tmp_path / "a.jpg")))
    height, width = shown.shape[:2]
    fake.annotation(tmp_path / "a.json", [], "a.jpg", imageHeight=height, imageWidth=width)
    ours = read(tmp_path).image_HWC
    assert ours.shape == shown.shape
    # labelme encodes the turned picture as JPEG again, so values differ a little and places do not
    assert np.abs(ours.astype(int) - shown).mean() < 8


def test_exif_of_an_unturned_annotation_is_refused(tmp_path: Path) -> None:
    """An annotation made in the unturned frame does not fit, and the message names the orientation."""
    (tmp_path / "a.jpg").write_bytes(turned_jpeg(6))
    fake.annotation(tmp_path / "a.json", [], "a.jpg")
    with pytest.raises(SourceError, match="EXIF orientation"):
        read(tmp_path)


@pytest.mark.parametrize("turned", [False, True])
def test_exif_of_embedded_pictures(tmp_path: Path, turned: bool) -> None:
    """Embedded bytes are shown as they are, unless only the turned picture has the declared size."""
    text = base64.b64encode(turned_jpeg(6)).decode()
    height, width = (fake.WIDTH, fake.HEIGHT) if turned else (fake.HEIGHT, fake.WIDTH)
    fake.annotation(tmp_path / "a.json", [], imageData=text, imageHeight=height, imageWidth=width)
    sample = read(tmp_path)
    raw = img_b64_to_arr(text)
    np.testing.assert_array_equal(sample.image_HWC, np.rot90(raw, -1) if turned else raw)


def test_points_outside_are_clipped_and_counted(tmp_path: Path) -> None:
    """Points beyond the picture are drawn as labelme draws them, and counted."""
    points = [[-50, -50], [16, 500], [500, -50]]
    sample = read(one(tmp_path, [fake.shape("eye", "polygon", points), fake.shape("eye", "point", [[900, 900]])]))
    assert sample.notes == {"points outside clipped": 4, "empty regions": 1}
    assert sample.regions[0].box[:2] == (0, 0)


def test_mask_shapes_are_clipped(tmp_path: Path) -> None:
    """A mask that hangs over the edge is cut there."""
    sample = read(one(tmp_path, [fake.mask_shape("eye", fake.WIDTH - 3, -2, np.ones((6, 6), dtype=bool))]))
    assert sample.regions[0].box == (fake.WIDTH - 3, 0, fake.WIDTH, 4)
    assert sample.notes["points outside clipped"] == 2


@pytest.mark.parametrize("points", [[[5, 4], [9, 9]], [[5, 4], [8, 6]], [[7, 6], [5, 4]], [[5.9, 4], [900, 4]]])
def test_masks_that_disagree_with_their_points_are_mended(tmp_path: Path, points: list[Any]) -> None:
    """A mask of another size than its points say lies at the upper left one, as large as it was painted."""
    crop = np.array([[True, False, True], [False, True, True], [True, True, False]])
    sample = read(one(tmp_path, [fake.mask_shape("eye", 5, 4, crop) | {"points": points}]))
    assert sample.regions[0].box == (5, 4, 8, 7)
    np.testing.assert_array_equal(sample.regions[0].crop, crop)
    assert sample.notes["masks that disagree with their points"] == 1
    assert "masks that disagree with their points" not in read(one(tmp_path / "b")).notes


def test_crowds_and_odd_ids(tmp_path: Path) -> None:
    """A flag tells a crowd; an id that is no number is none, and counted; rectangles may be drawn backwards."""
    rectangle = fake.shape("eye", "rectangle", [[1, 1], [9, 7]])
    shapes = [
        rectangle | {"flags": {"crowd": True, "left": False}, "group_id": -3},
        rectangle | {"flags": {"crowd": False}, "group_id": "3"},
        rectangle | {"flags": {"crowd": 1}, "group_id": 2.5},
        rectangle | {"flags": None, "points": [[9, 1], [1, 7]]},
    ]
    sample = read(one(tmp_path, shapes))
    assert [region.crowd for region in sample.regions] == [True, False, False, False]
    assert [region.instance for region in sample.regions] == [-3, None, None, None]
    assert sample.notes == {"instance ids that are no whole numbers": 2, "rectangles drawn backwards": 1}
    assert len({region.box for region in sample.regions}) == 1


def test_other_files_are_left_out_and_named(tmp_path: Path) -> None:
    """Pictures without annotation and other JSON do no harm, and are counted."""
    fake.picture(3).save(one(tmp_path) / "alone.png")
    (tmp_path / "package.json").write_text('{"name": "x"}')
    (tmp_path / ".hidden.json").write_text("{")
    source = open_source(tmp_path)
    assert [entry.name for entry in source] == ["a"]
    assert "1 picture(s) have no annotation" in source.remarks[0]
    assert "1 JSON file(s)" in source.remarks[1]


def test_byte_order_marks(tmp_path: Path) -> None:
    """UTF-8 with a mark and UTF-16, as Windows tools write them, are read."""
    path = one(tmp_path) / "a.json"
    text = path.read_text(encoding="utf-8")
    for encoding in ("utf-8-sig", "utf-16"):
        path.write_text(text, encoding=encoding)
        assert len(read(tmp_path).regions) == len(fake.every_shape())


TRIANGLE = [[1, 1], [9, 1], [5, 7]]

BAD_SHAPES: dict[str, tuple[Any, str]] = {
    "two points": (fake.shape("eye", "polygon", [[1, 1], [5, 5]]), r"shape 1 \('eye'\) is a polygon of 2 point"),
    "circle": (fake.shape("eye", "circle", [[1, 1]]), "exactly 2"),
    "kind": (fake.shape("eye", "star", TRIANGLE), "shape type 'star'; known are polygon"),
    "kind no text": (fake.shape("eye", "polygon", TRIANGLE) | {"shape_type": 3}, "number as `shape_type`"),
    "nan": (fake.shape("eye", "polygon", [[1, 1], [9, float("nan")], [5, 7]]), "NaN"),
    "huge": (fake.shape("eye", "polygon", [[1, 1], [1e300, 1], [5, 7]]), "beyond"),
    "huge integer": (fake.shape("eye", "polygon", [[1, 1], [10**400, 1], [5, 7]]), "too many digits"),
    "text point": (fake.shape("eye", "polygon", [[1, 1], ["9", 1], [5, 7]]), "point 2 is not a pair"),
    "truth point": (fake.shape("eye", "polygon", [[True, 1], [9, 1], [5, 7]]), "point 1 is not a pair"),
    "triple": (fake.shape("eye", "polygon", [[1, 1, 1], [9, 1], [5, 7]]), "not a pair"),
    "no points": (fake.shape("eye", "polygon", []), "no points"),
    "points null": (fake.shape("eye", "polygon", TRIANGLE) | {"points": None}, "no points"),
    "no label": ({"points": TRIANGLE}, "has no label"),
    "label number": (fake.shape("eye", "polygon", TRIANGLE) | {"label": 3}, "has no label"),
    "label empty": (fake.shape("", "polygon", TRIANGLE), r"a.json: shape 1 has no label \(found ''\)"),
    "label broken": (fake.shape("a\nb", "polygon", TRIANGLE), "cannot be written"),
    "not an object": ([1, 2], "shape 1 is a list"),
    "deep": (fake.shape("eye", "polygon", TRIANGLE, extra=json.loads("[" * 90 + "]" * 90)), "levels deep"),
    "mask without": (fake.shape("eye", "mask", [[1, 1], [2, 2]]), "null, not base64"),
    "mask no base64": (fake.shape("eye", "mask", [[1, 1], [2, 2]], mask="abcde"), "not base64"),
    "mask no picture": (fake.shape("eye", "mask", [[1, 1], [2, 2]], mask="aGVsbG8="), "not a picture"),
    "mask points": (fake.mask_shape("eye", 1, 1, np.ones((3, 3))) | {"points": [[1, 1]]}, "exactly 2 points"),
}


@pytest.mark.parametrize("name", BAD_SHAPES)
def test_bad_shapes(tmp_path: Path, name: str) -> None:
    """A shape that cannot be drawn is named by file, number and label, with what to do."""
    record, words = BAD_SHAPES[name]
    with pytest.raises(SourceError, match=words) as caught:
        read(one(tmp_path, [record]))
    assert "a.json" in str(caught.value)


BAD_FILES: dict[str, tuple[str, str]] = {
    "empty": ("", "is empty"),
    "blank": (" \n", "is empty"),
    "truncated": ('{"shapes": [{"label": "eye", "poi', "broken or truncated JSON"),
    "no json": ("hello", "broken or truncated JSON"),
    "list": ("[1, 2]", "holds a list"),
    "no shapes": ('{"imagePath": "a.png"}', "has no `shapes`"),
    "shapes null": ('{"shapes": null, "imagePath": "a.png"}', "null as `shapes`"),
    "nested": ('{"shapes": ' + "[" * 100_000, "nested too deeply|broken"),
    "long integer": ('{"shapes": [], "imagePath": "a.png", "x": ' + "1" * 10_000 + "}", "broken"),
    "no picture": ('{"shapes": []}', "has no picture"),
    "path null": ('{"shapes": [], "imagePath": null}', "has no picture"),
    "path nul byte": ('{"shapes": [], "imagePath": "a\\u0000.png"}', "has no picture"),
    "picture missing": ('{"shapes": [], "imagePath": "gone.png"}', "'gone.png', which is not there"),
    "picture name long": ('{"shapes": [], "imagePath": "' + "x" * 5000 + '.png"}', "not there"),
    "data no base64": ('{"shapes": [], "imageData": "abcde"}', "not base64"),
    "data no text": ('{"shapes": [], "imageData": 7}', "number, not base64"),
    "data no picture": ('{"shapes": [], "imageData": "aGVsbG8="}', "not a picture"),
    "size": ('{"shapes": [], "imagePath": "a.png", "imageHeight": 9, "imageWidth": 9}', "made for a picture of 9 x 9"),
    "size text": ('{"shapes": [], "imagePath": "a.png", "imageHeight": "big"}', "made for a picture"),
    "split": ('{"shapes": [], "imagePath": "a.png", "split": "tran"}', "write train, val or test"),
    "group": ('{"shapes": [], "imagePath": "a.png", "group": [1]}', "gives the group"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files(tmp_path: Path, name: str) -> None:
    """A broken annotation is one sentence that names the file."""
    content, words = BAD_FILES[name]
    one(tmp_path)
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(SourceError, match=words) as caught:
        read(tmp_path)
    assert "a.json" in str(caught.value)
    assert str(caught.value).count("\n") == 0


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    """Another encoding is told as such."""
    one(tmp_path)
    (tmp_path / "a.json").write_bytes('{"shapes": [], "imagePath": "é"}'.encode("latin-1"))
    with pytest.raises(SourceError, match="not UTF-8"):
        read(tmp_path)


def test_a_picture_named_through_another_folder_is_annotated(tmp_path: Path) -> None:
    """`../b/x0.jpg` uses b/x0.jpg; only the picture that nobody names is told as left out."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for name in ("x0", "x1"):
        Image.new("RGB", (8, 6)).save(tmp_path / "b" / f"{name}.png")
    record: dict[str, object] = {"version": "5.0.0", "shapes": [], "imagePath": "../b/x0.png", "imageData": None}
    (tmp_path / "a" / "x0.json").write_text(json.dumps(record), encoding="utf-8")
    (remark,) = open_source(tmp_path, "labelme").remarks
    assert remark.startswith("1 picture(s)")
    assert "b/x1.png" in remark
