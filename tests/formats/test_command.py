"""`kirie import` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.formats import fake

from kirie.cli import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A drawn labelme source."""
    fake.labelme(tmp_path / "source")
    return tmp_path / "source"


def test_table(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The result names pictures, regions per label, splits, groups and the label file."""
    assert main(["import", str(folder), "--out", str(tmp_path / "data")]) == 0
    out, error = capsys.readouterr()
    assert "3 picture(s) of format labelme" in out
    assert "12 region(s)" in out
    assert f"labels: {tmp_path / 'data' / 'labels.yaml'}" in out
    assert "made from what" not in out
    assert error == ""


def test_json(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints one object."""
    (folder / "labels.yaml").unlink()
    assert main(["import", str(folder), "--out", str(tmp_path / "data"), "--group-by", "folder", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["pictures"] == 3
    assert found["generated_labels"]
    assert found["groups"] == 2
    assert found["skipped"] == []


def test_generated_labels_are_said(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A label set made from the names says so, and how to change it."""
    (folder / "labels.yaml").unlink()
    main(["import", str(folder), "--out", str(tmp_path / "data")])
    assert "`merge: [pupil, eyelash]`" in capsys.readouterr().out


def test_label_file(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--labels` is taken before the folder's own; unknown names end with the YAML to add."""
    (tmp_path / "mine.yaml").write_text("labels: [background, face]")
    assert main(["import", str(folder), "--labels", str(tmp_path / "mine.yaml"), "--out", str(tmp_path / "data")]) == 2
    error = capsys.readouterr().err
    assert "3 label(s)" in error
    assert "  - {name: cheek}\n  - {name: eye}\n  - {name: unsure}" in error
    assert not (tmp_path / "data").exists()


def test_skipped_are_listed(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--skip-bad` says what was left out and why."""
    (folder / "one.png").write_bytes(b"")
    assert main(["import", str(folder), "--out", str(tmp_path / "data"), "--skip-bad"]) == 0
    assert "skipped one: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere"], "is not there"),
        (["empty"], "fits no known format (found no files)"),
        (["other"], "found 1 .txt file(s)"),
        (["source", "--format", "coco"], "known formats are labelme, masks"),
        (["source", "--format", "masks"], "no picture with a mask"),
        (["source", "--labels", "gone.yaml"], "gone.yaml is not there"),
        (["source", "--group-by", "("], "no regular expression"),
        (["source", "--nope"], "unrecognized arguments"),
        ([], "SOURCE"),
    ],
)
def test_mistakes(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    told: str,
) -> None:
    """Each mistake is told in a sentence and ends with 2, without a traceback and without a folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x.txt").touch()
    assert main(["import", *words]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error
    assert not (tmp_path / "data").exists()


def test_two_formats(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that fits two formats asks for one."""
    fake.masks(folder)
    assert main(["import", str(folder), "--out", str(tmp_path / "data")]) == 2
    assert "looks like labelme and masks; say which one" in capsys.readouterr().err
    assert main(["import", str(folder), "--format", "masks", "--out", str(tmp_path / "data")]) == 0


def test_strict_refuses_what_is_not_seen_in_the_copy(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An id that is no number is lost for good, so that prepare's --strict takes the copy; refused, nothing is left."""
    for path in folder.rglob("*.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        for shape in content["shapes"]:
            if shape["shape_type"] == "rectangle":  # else it is drawn backwards
                shape["points"].reverse()
        path.write_text(json.dumps(content), encoding="utf-8")
    data = tmp_path / "data"
    assert main(["import", str(folder), "--out", str(tmp_path / "right"), "--strict"]) == 0
    content["shapes"][0]["group_id"] = "a"
    path.write_text(json.dumps(content), encoding="utf-8")
    capsys.readouterr()
    assert main(["import", str(folder), "--out", str(data), "--strict"]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert "1 of 3 pictures had to be mended, which --strict refuses:\n  " in error
    assert "instance ids that are no whole numbers: 1\n" in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["right", "source"]
    assert main(["import", str(folder), "--out", str(data)]) == 0
    store = ["--out", str(tmp_path / "store"), "--size", "32", "--workers", "1", "--ignore-given-splits"]
    assert main(["prepare", str(data), *store, "--strict"]) == 0
