"""Importing: what the data folder holds afterwards, and that it is whole or untouched."""

from __future__ import annotations

import base64
import errno
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.formats import fake

from kirie.errors import DeviceError, SourceError, UsageError
from kirie.formats import open_source
from kirie.formats.base import Entry
from kirie.formats.importing import grouping, import_source

TRIANGLE = [[1, 1], [9, 1], [5, 7]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A drawn labelme source."""
    fake.labelme(tmp_path / "source")
    return tmp_path / "source"


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def more(folder: Path, name: str, label: str = "eye", seed: int = 9) -> None:
    """One more annotated picture."""
    folder.mkdir(parents=True, exist_ok=True)
    fake.picture(seed).save(folder / f"{name}.png")
    fake.annotation(folder / f"{name}.json", [fake.shape(label, "polygon", TRIANGLE)])


def test_pictures_are_copied_as_they_are(folder: Path, tmp_path: Path) -> None:
    """Picture files keep their bytes, names and sub-folders; embedded ones become files."""
    report = import_source(open_source(folder), tmp_path / "data")
    found = contents(tmp_path / "data")
    assert set(found) == {
        "labels.yaml", "one.json", "one.png", "sub/二.json", "sub/二.png", "sub/three.json", "sub/three.png"
    }  # fmt: skip
    assert found["sub/二.png"] == (folder / "sub" / "二.png").read_bytes()
    assert found["sub/three.png"] == fake.png(fake.picture(2))
    written = json.loads(found["sub/three.json"])
    assert (written["imagePath"], written["imageData"]) == ("three.png", None)
    assert written["shapes"] == fake.every_shape()
    assert (report.pictures, report.new_files, report.regions["eye"]) == (3, 7, 12)
    assert not [path for path in tmp_path.iterdir() if path.name not in {"source", "data"}]


def test_picture_keeps_its_ending(tmp_path: Path) -> None:
    """A JPEG called .JPG stays .JPG, under the annotation's name."""
    (tmp_path / "source").mkdir()
    fake.picture(0).save(tmp_path / "source" / "photo.JPG")
    fake.annotation(tmp_path / "source" / "a.json", [], "photo.JPG")
    import_source(open_source(tmp_path / "source"), tmp_path / "data")
    assert (tmp_path / "data" / "a.JPG").read_bytes() == (tmp_path / "source" / "photo.JPG").read_bytes()


def test_embedded_pictures_that_ask_to_be_turned(tmp_path: Path) -> None:
    """Points of an embedded picture are in the frame of its bytes; as a file it must not be turned."""
    import io

    from PIL import Image

    exif, stream = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    fake.picture(0).save(stream, format="JPEG", exif=exif)
    text = base64.b64encode(stream.getvalue()).decode()
    fake.annotation(tmp_path / "source" / "a.json", [fake.shape("eye", "polygon", TRIANGLE)], imageData=text)
    source = open_source(tmp_path / "source")
    import_source(source, tmp_path / "data")
    data = open_source(tmp_path / "data")
    before, after = source.read(source.entries[0]), data.read(data.entries[0])
    assert before.size == (fake.HEIGHT, fake.WIDTH)
    np.testing.assert_array_equal(before.image_HWC, after.image_HWC)


def test_twice_is_once(folder: Path, tmp_path: Path) -> None:
    """The same import again changes nothing and says so."""
    import_source(open_source(folder), tmp_path / "data")
    before = contents(tmp_path / "data")
    assert import_source(open_source(folder), tmp_path / "data").new_files == 0
    assert contents(tmp_path / "data") == before


def test_empty_folders_are_taken(folder: Path, tmp_path: Path) -> None:
    """An empty folder, or one with only hidden files, is a place for data."""
    (tmp_path / "data").mkdir()
    import_source(open_source(folder), tmp_path / "data")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / ".gitignore").write_text("*")
    assert import_source(open_source(folder), tmp_path / "other").new_files == 7
    assert (tmp_path / "other" / ".gitignore").exists()


def test_other_data_is_never_overwritten(folder: Path, tmp_path: Path) -> None:
    """A folder that holds anything else is refused; with `add` the two live together."""
    more(tmp_path / "data", "z")
    (tmp_path / "data" / "labels.yaml").write_text(json.dumps(fake.LABELS))
    before = contents(tmp_path / "data")
    with pytest.raises(SourceError, match=r"not empty and holds other data \(z.*--add"):
        import_source(open_source(folder), tmp_path / "data")
    assert contents(tmp_path / "data") == before
    import_source(open_source(folder), tmp_path / "data", add=True)
    assert set(contents(tmp_path / "data")) > set(before)
    assert len(open_source(tmp_path / "data").entries) == 4


def test_a_grown_source_needs_add(folder: Path, tmp_path: Path) -> None:
    """New samples join only with `add`, and then only they are new."""
    import_source(open_source(folder), tmp_path / "data")
    more(folder, "new")
    with pytest.raises(SourceError, match="--add"):
        import_source(open_source(folder), tmp_path / "data")
    assert import_source(open_source(folder), tmp_path / "data", add=True).new_files == 2


def test_same_name_other_content_is_refused(folder: Path, tmp_path: Path) -> None:
    """`add` never replaces a sample, and adds nothing at all when one is in the way."""
    import_source(open_source(folder), tmp_path / "data")
    before = contents(tmp_path / "data")
    more(tmp_path / "second", "one")
    more(tmp_path / "second", "a")
    with pytest.raises(SourceError, match=r"2 file\(s\) of the same name and other content: one.json, one.png"):
        import_source(open_source(tmp_path / "second"), tmp_path / "data", add=True)
    assert contents(tmp_path / "data") == before


def test_added_names_must_be_known(folder: Path, tmp_path: Path) -> None:
    """What is added uses the label set that is there; an unknown name shows the line to add."""
    import_source(open_source(folder), tmp_path / "data")
    more(tmp_path / "second", "b", label="tail")
    with pytest.raises(SourceError, match=r"- \{name: tail\}"):
        import_source(open_source(tmp_path / "second"), tmp_path / "data", add=True)


def test_all_problems_are_told_at_once(folder: Path, tmp_path: Path) -> None:
    """Every bad file is named, up to twenty, and nothing is written."""
    for number in range(24):
        (folder / f"bad{number:02}.json").write_text("{")
    with pytest.raises(SourceError, match="24 of 27 samples") as caught:
        import_source(open_source(folder), tmp_path / "data")
    message = str(caught.value)
    assert all(f"bad{number:02}.json" in message for number in range(20))
    assert "... and 4 more" in message
    assert "--skip-bad" in message
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_bad_samples_can_be_left_out(folder: Path, tmp_path: Path) -> None:
    """With `skip_bad` the rest is imported and each reason is kept; when nothing is left, it is an error."""
    (folder / "sub" / "二.png").write_bytes(b"")
    report = import_source(open_source(folder), tmp_path / "data", skip_bad=True)
    assert [(name, "is empty" in reason) for name, reason in report.skipped] == [("sub/二", True)]
    assert "sub/二.json" not in contents(tmp_path / "data")
    for path in folder.rglob("*.json"):
        path.write_text("{")
    with pytest.raises(SourceError, match="Nothing was imported"):
        import_source(open_source(folder, "labelme"), tmp_path / "other", skip_bad=True)


def test_unknown_labels_are_listed_once(folder: Path, tmp_path: Path) -> None:
    """All unknown names come in one message, also with `skip_bad`, with the lines to add."""
    more(folder, "b", label="tail")
    more(folder, "c", label="horn")
    for skip_bad in (False, True):
        with pytest.raises(SourceError, match=r"2 label\(s\).*horn, tail"):
            import_source(open_source(folder), tmp_path / "data", skip_bad=skip_bad)
    assert not (tmp_path / "data").exists()


def test_interrupted_import_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    """Ctrl-C in the middle leaves no folder behind."""

    def stop(entries: Iterable[Entry]) -> Iterator[Entry]:
        yield next(iter(entries))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_source(open_source(folder), tmp_path / "data", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_full_disk(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is a sentence, and nothing half-written stays."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(DeviceError, match="full"):
        import_source(open_source(folder), tmp_path / "data")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_a_failed_addition_is_taken_back(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When moving fails midway, the files that were there stay and the added ones go."""
    more(tmp_path / "second", "b")
    import_source(open_source(tmp_path / "second"), tmp_path / "data")
    (tmp_path / "data" / "labels.yaml").write_text(json.dumps(fake.LABELS))
    before = contents(tmp_path / "data")
    rename, calls = Path.rename, [0]

    def fail(self: Path, target: Path) -> Path:
        calls[0] += 1
        if calls[0] == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(DeviceError, match="full"):
        import_source(open_source(folder), tmp_path / "data", add=True)
    assert contents(tmp_path / "data") == before


def test_places_that_cannot_be(folder: Path, tmp_path: Path) -> None:
    """The source itself, a folder in it, and a file are no places for data."""
    for out in (folder, folder / "data"):
        with pytest.raises(SourceError, match="lies inside the source"):
            import_source(open_source(folder), out)
    (tmp_path / "file").touch()
    with pytest.raises(SourceError, match="is a file"):
        import_source(open_source(folder), tmp_path / "file")


def test_a_link_is_followed(folder: Path, tmp_path: Path) -> None:
    """A data folder that is a link to another disk is filled there, and stays a link."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "disk" / "real")
    import_source(open_source(folder), tmp_path / "data")
    assert (tmp_path / "data").is_symlink()
    assert (tmp_path / "disk" / "real" / "one.png").is_file()


def test_grouping() -> None:
    """A group is a name's folder, or what an expression finds; its first group counts."""
    assert grouping("folder")("a/b/c") == "a/b"
    assert grouping("folder")("c") is None
    assert grouping(r"^([^_]+)_")("x/miku_01") == "x/miku"
    assert grouping(r"\d+")("x/miku_01") == "01"
    assert grouping(r"\d+")("miku") is None
    with pytest.raises(UsageError, match="no regular expression"):
        grouping("(")


def test_groups_are_written(folder: Path, tmp_path: Path) -> None:
    """A given group wins over the source's; without one the source's stays."""
    import_source(open_source(folder), tmp_path / "data", group_of=grouping("folder"))
    groups = {
        name: json.loads(text).get("group") for name, text in contents(tmp_path / "data").items() if "json" in name
    }
    assert groups == {"one.json": "character-0", "sub/three.json": "sub", "sub/二.json": "sub"}
