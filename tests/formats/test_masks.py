"""Picture and mask folders: what the values mean, and which sets of values are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.formats import fake

from kirie.core.labels import IGNORE
from kirie.errors import SourceError
from kirie.formats import Source, open_source

COLORS = np.array([[0, 0, 0], [200, 30, 30], [30, 60, 200]], dtype=np.uint8)
LABELS: dict[str, Any] = {
    "labels": [
        {"name": "background", "color": "#000000"},
        {"name": "face", "color": "#c81e1e"},
        {"name": "eye", "color": "#1e3cc8"},
    ]
}
IDS = np.random.default_rng(5).integers(0, 3, (fake.HEIGHT, fake.WIDTH), dtype=np.uint8)


def source_of(
    folder: Path,
    mask: Image.Image | NDArray[Any],
    labels: object = LABELS,
    layout: tuple[str, str] = ("images", "masks"),
) -> Source:
    """A source of one picture and one mask."""
    for kind in layout:
        (folder / kind).mkdir(parents=True, exist_ok=True)
    fake.picture(0).save(folder / layout[0] / "絵.jpg")
    image = mask if isinstance(mask, Image.Image) else Image.fromarray(mask)
    image.save(folder / layout[1] / "絵.png")
    if labels is not None:
        (folder / "labels.yaml").write_text(json.dumps(labels))
    return open_source(folder)


def target(source: Source, at: int = 0) -> NDArray[np.uint8]:
    """The painted target of a sample."""
    return source.read(source.entries[at]).paint(source.labels)


def indexed(values: NDArray[np.uint8], palette: NDArray[np.uint8]) -> Image.Image:
    """An indexed image."""
    image = Image.fromarray(values, mode=None).convert("L")
    image.putpalette(palette.tobytes())
    return image


VOC = np.random.default_rng(9).integers(1, 256, (256, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "mask",
    [
        pytest.param(IDS, id="grey"),
        pytest.param(IDS.astype(np.uint16), id="16-bit"),
        pytest.param(indexed(IDS, VOC), id="any palette"),
        pytest.param(indexed(IDS, COLORS), id="its palette"),
        pytest.param(indexed((2 - IDS).astype(np.uint8), COLORS[::-1]), id="renumbered palette"),
        pytest.param(COLORS[IDS], id="colours"),
        pytest.param(np.dstack((COLORS[IDS], np.full_like(IDS, 255))), id="opaque colours"),
        pytest.param(np.dstack((COLORS[IDS], np.where(IDS, 255, 0).astype(np.uint8))), id="clear background"),
        pytest.param(np.repeat(IDS[..., None], 3, axis=2), id="grey in three channels"),
    ],
)
def test_meanings(tmp_path: Path, mask: Image.Image | NDArray[Any]) -> None:
    """Numbers, palettes and colours all give the same ids."""
    np.testing.assert_array_equal(target(source_of(tmp_path, mask)), IDS)


def test_ignore(tmp_path: Path) -> None:
    """255, and VOC's border colour, are ignored."""
    ids = IDS.copy()
    ids[:3] = IGNORE
    np.testing.assert_array_equal(target(source_of(tmp_path / "a", ids)), ids)
    np.testing.assert_array_equal(target(source_of(tmp_path / "b", indexed(ids, VOC))), ids)
    colors = COLORS[IDS]
    colors[:3] = (224, 224, 192)
    np.testing.assert_array_equal(target(source_of(tmp_path / "c", colors)), ids)


def test_grey_tones_of_labels(tmp_path: Path) -> None:
    """Grey tones that labels have as colours are those labels."""
    labels = {"labels": [{"name": str(v), "color": f"#{v:02x}{v:02x}{v:02x}"} for v in (0, 127, 200)]}
    tones = np.array([0, 127, 200], dtype=np.uint8)[IDS]
    np.testing.assert_array_equal(target(source_of(tmp_path, tones, labels)), IDS)


@pytest.mark.parametrize("form", ["grey", "colours", "bits"])
def test_black_and_white(tmp_path: Path, form: str) -> None:
    """0 and 255 without a label file are background and one label, also as RGB or single bits."""
    on = IDS > 0
    grey = np.where(on, 255, 0).astype(np.uint8)
    mask = {"grey": grey, "colours": np.repeat(grey[..., None], 3, axis=2), "bits": on}[form]
    source = source_of(tmp_path, mask, None)
    assert source.generated_labels
    assert source.labels.names == ("background", "foreground")
    np.testing.assert_array_equal(target(source), on)


def test_label_named_by_folder(tmp_path: Path) -> None:
    """The one label has the name that the mask folder tells."""
    source = source_of(tmp_path, np.where(IDS, 255, 0).astype(np.uint8), None, ("images", "hair_masks"))
    assert source.labels.names == ("background", "hair")


@pytest.mark.parametrize("other", [1, None])
def test_two_labels_and_255(tmp_path: Path, other: int | None) -> None:
    """With two labels, 255 is the second only if no mask of the source holds a 1."""
    labels = {"labels": ["background", "face"]}
    source_of(tmp_path, np.where(IDS, 255, 0).astype(np.uint8), labels)
    fake.picture(1).save(tmp_path / "images" / "b.png")
    second = np.full_like(IDS, 0 if other is None else other)
    Image.fromarray(second).save(tmp_path / "masks" / "b.png")
    source = open_source(tmp_path)
    expected = np.where(IDS, 1 if other is None else IGNORE, 0)
    np.testing.assert_array_equal(target(source, 1), expected)


def test_generated_from_numbers(tmp_path: Path) -> None:
    """Numbers without a label file become numbered labels, and keep their numbers."""
    source = source_of(tmp_path, (IDS * 2).astype(np.uint8), None)
    assert source.labels.names == ("background", "label-1", "label-2", "label-3", "label-4")
    np.testing.assert_array_equal(target(source), IDS * 2)


def test_softened_edges_are_no_ids(tmp_path: Path) -> None:
    """Tones between 0 and 255 would make labels by the hundred and ignore the foreground; a few numbers are ids."""
    soft = np.where(IDS > 0, 255, 0)
    soft[0, :3] = (17, 128, 203)
    with pytest.raises(SourceError, match=r"the tones 17, 128, 203.*hard edges"):
        source_of(tmp_path / "soft", soft.astype(np.uint8), None)
    ramp = np.linspace(0, 255, IDS.size).reshape(IDS.shape)
    with pytest.raises(SourceError, match="hard edges"):
        source_of(tmp_path / "ramp", ramp.astype(np.uint8), None)
    ids = IDS.copy()
    ids[0, 0] = 255
    assert len(source_of(tmp_path / "ids", ids.astype(np.uint8), None).labels) == int(IDS.max()) + 1


def test_generated_from_palette(tmp_path: Path) -> None:
    """A palette gives the colours of the labels."""
    source = source_of(tmp_path, indexed(IDS, VOC), None)
    assert [label.color for label in source.labels] == [tuple(color) for color in VOC[:3].tolist()]
    np.testing.assert_array_equal(target(source), IDS)


def test_generated_from_colours(tmp_path: Path) -> None:
    """Colours without a label file become labels named by them, black first."""
    source = source_of(tmp_path, COLORS[IDS], None)
    assert source.labels.names == ("background", "color-1e3cc8", "color-c81e1e")
    np.testing.assert_array_equal(target(source), np.array([0, 2, 1])[IDS])


def test_palettes_that_differ(tmp_path: Path) -> None:
    """Palettes that number their colours differently are read by colour."""
    source_of(tmp_path, indexed(IDS, COLORS), None)
    fake.picture(1).save(tmp_path / "images" / "b.png")
    indexed((2 - IDS).astype(np.uint8), COLORS[::-1]).save(tmp_path / "masks" / "b.png")
    source = open_source(tmp_path)
    assert len(source.labels) == 3
    np.testing.assert_array_equal(target(source, 0), target(source, 1))


def test_labels_txt_names_ids(tmp_path: Path) -> None:
    """A list of names without a background names ids from 0."""
    source_of(tmp_path, IDS, None)
    (tmp_path / "labels.txt").write_text("sky\nroad\ncar\n")
    assert open_source(tmp_path).labels.names == ("sky", "road", "car")


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (np.full_like(IDS, 4), r"does not have: 4\. Found: 4.*label-3.*label-4"),
        (np.full_like(IDS, 77), r"does not have: 77.*#4d4d4d"),
        (np.full(IDS.shape, 300, dtype=np.uint16), "Ids are 0 to 254"),
        (np.full((*IDS.shape, 3), (9, 8, 7), dtype=np.uint8), "no label has: #090807.*color-090807"),
        (np.asarray(fake.picture(3)).repeat(2, 0).repeat(2, 1)[: fake.HEIGHT, : fake.WIDTH], "colour"),
        (np.dstack((COLORS[IDS], np.full_like(IDS, 99))), "half-transparent"),
        (IDS[:, :-1], r"31 x 24 pixels and its picture .* 32 x 24"),
    ],
)
def test_refused(tmp_path: Path, mask: NDArray[Any], words: str) -> None:
    """Values without a label, softened edges and other sizes are refused, with what to add."""
    source = source_of(tmp_path, mask)
    with pytest.raises(SourceError, match=f"(?s){words}"):
        source.read(source.entries[0])


def test_jpeg_masks_are_refused(tmp_path: Path) -> None:
    """A JPEG changes ids along every edge."""
    source_of(tmp_path, IDS)
    (tmp_path / "masks" / "絵.png").unlink()
    Image.fromarray(IDS).save(tmp_path / "masks" / "絵.jpg")
    source = open_source(tmp_path)
    with pytest.raises(SourceError, match="is a JPEG"):
        source.read(source.entries[0])


def test_numbers_and_colours_do_not_mix(tmp_path: Path) -> None:
    """Without a label file, nobody can tell which colour is which number."""
    source_of(tmp_path, IDS)
    (tmp_path / "labels.yaml").unlink()
    fake.picture(1).save(tmp_path / "images" / "b.png")
    Image.fromarray(COLORS[IDS]).save(tmp_path / "masks" / "b.png")
    with pytest.raises(SourceError, match="Some masks hold numbers and others colours"):
        open_source(tmp_path)


def test_pictures_and_masks_on_their_own(tmp_path: Path) -> None:
    """A picture without a mask is left out and named; a mask without a picture fails when it is read."""
    source_of(tmp_path, IDS)
    fake.picture(1).save(tmp_path / "images" / "bare.png")
    Image.fromarray(IDS).save(tmp_path / "masks" / "orphan.png")
    source = open_source(tmp_path)
    assert source.remarks == ("1 picture(s) have no mask and are left out: images/bare.png.",)
    assert [entry.name for entry in source] == ["images/絵", "masks/orphan"]
    with pytest.raises(SourceError, match=r"orphan\.png has no picture"):
        source.read(source.entries[1])


def test_two_pictures_of_one_name(tmp_path: Path) -> None:
    """Names are keys."""
    source_of(tmp_path, IDS)
    fake.picture(1).save(tmp_path / "images" / "絵.png")
    with pytest.raises(SourceError, match="two pictures of one name"):
        open_source(tmp_path)
