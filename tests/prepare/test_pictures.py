"""`kirie pictures` lists the files of a split, so that they can be handed to `kirie predict`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kirie.cli import main
from kirie.errors import SourceError, StoreError
from kirie.prepare.pictures import picture_files
from kirie.prepare.store import Store


def test_the_files_are_those_of_the_split(
    shapes_source: Path, shapes_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of them, or as many as asked for, spread over the split; one a line, or JSON."""
    split = Store.open(shapes_store).split("test")
    files = picture_files(shapes_store, shapes_source, "test")
    assert [file.stem for file in files] == list(split.names)
    assert all(file.is_file() for file in files)
    words = ["pictures", str(shapes_store), "--source", str(shapes_source), "--split", "test", "--count", "2"]
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines() == [str(files[0]), str(files[2])]
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pictures"] == [str(files[0]), str(files[2])]
    assert main([*words[:-1], "0"]) == 2


def test_files_are_named_as_the_source_was(
    shapes_source: Path, shapes_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relative where it was, so that a list in a pipeline holds wherever the project lies."""
    monkeypatch.chdir(shapes_source.parent)
    files = picture_files(shapes_store, Path(shapes_source.name), "test")
    assert {file.parent for file in files} == {Path(shapes_source.name)}


def test_another_source_is_noticed(shapes_store: Path, tmp_path: Path, shapes_source: Path) -> None:
    """A source without the store's pictures is refused by the first missing name."""
    (tmp_path / "shape-99.png").write_bytes((shapes_source / "shape-00.png").read_bytes())
    record = json.loads((shapes_source / "shape-00.json").read_text()) | {"imagePath": "shape-99.png"}
    (tmp_path / "shape-99.json").write_text(json.dumps(record))
    with pytest.raises(StoreError, match="does not have 4 of the 4 pictures"):
        picture_files(shapes_store, tmp_path, "val")


def test_an_embedded_picture_is_no_file(shapes_store: Path, shapes_source: Path, tmp_path: Path) -> None:
    """A picture inside its JSON cannot be handed on; the way out is named."""
    import base64
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(shapes_source, copy)
    for file in copy.glob("*.json"):
        record = json.loads(file.read_text())
        record["imageData"] = base64.b64encode((copy / record["imagePath"]).read_bytes()).decode()
        file.write_text(json.dumps(record))
        (copy / record["imagePath"]).unlink()
    with pytest.raises(SourceError, match="kirie import"):
        picture_files(shapes_store, copy, "val")
