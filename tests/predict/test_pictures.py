"""Which pictures are meant, and that no two results share a place."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kirie.errors import SourceError
from kirie.predict.folder import RECORD
from kirie.predict.pictures import _Found, _names, find


def put(top: Path, *names: str) -> None:
    """Empty files; names alone decide here."""
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).touch()


def found_names(*arguments: Path) -> dict[str, str]:
    """Result names by file name."""
    return {job.source.as_posix(): job.name for job in find(arguments)}


def test_folders_are_searched_and_kept(tmp_path: Path) -> None:
    """Sub-folders are kept in the names; other files and hidden ones are left out."""
    put(tmp_path, "b.PNG", "sub/deep/a.webp", "notes.txt", "data.json", ".hidden/c.png", ".d.png")
    assert [job.name for job in find([tmp_path])] == ["b", "sub/deep/a"]


def test_files_and_folders_mixed(tmp_path: Path) -> None:
    """A file given by name is taken whatever its ending, and one that is given twice is cut once."""
    put(tmp_path, "in/a.png", "in/b.jpg", "x.dat")
    jobs = find([tmp_path / "x.dat", tmp_path / "in", tmp_path / "in" / "a.png", tmp_path / "in" / "." / "b.jpg"])
    assert [job.name for job in jobs] == ["x", "a", "b"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.png", "a.jpg", "b.png"], {"a.png": "a.png", "a.jpg": "a.jpg", "b.png": "b"}),
        (["A.png", "a.jpg"], {"A.png": "A.png", "a.jpg": "a.jpg"}),
        (["a.png", "a/b.png"], {"a.png": "a.png", "a/b.png": "a/b"}),
        (
            ["a.png", "a/parts.png", "a/labels.bmp"],
            {"a.png": "a.png", "a/parts.png": "a/parts", "a/labels.bmp": "a/labels"},
        ),
        (["a.b.png", "a.b.jpg"], {"a.b.png": "a.b.png", "a.b.jpg": "a.b.jpg"}),
        (["a.png", "a.jpg", "a.png.bmp"], {"a.png": "in/a.png", "a.jpg": "a.jpg", "a.png.bmp": "a.png.bmp"}),
    ],
)
def test_clashing_names(tmp_path: Path, names: list[str], expected: dict[str, str]) -> None:
    """Pictures that would share a folder, or lie inside another's, keep their ending."""
    top = tmp_path / "in"
    put(top, *names)
    found = {Path(source).relative_to(top).as_posix(): name for source, name in found_names(top).items()}
    assert found == expected


def test_same_name_in_two_folders(tmp_path: Path) -> None:
    """Pictures of two folders that clash are told apart by the folder's name, then by a number."""
    put(tmp_path, "one/a.png", "two/a.png", "three/one/a.png")
    names = [job.name for job in find([tmp_path / "one", tmp_path / "two", tmp_path / "three" / "one"])]
    assert names == ["one/a.png-2", "two/a.png", "one/a.png-3"]


def test_former_results_are_no_pictures(tmp_path: Path) -> None:
    """Results that lie beside the pictures are not cut again."""
    put(tmp_path, "a.png", "a/overlay.png", "a/parts/1-hair.png", "mine/b.png")
    (tmp_path / "a" / RECORD).write_text('{\n  "created_by": "kirie 0.1.0"\n}\n', encoding="utf-8")
    (tmp_path / "mine" / RECORD).write_text('{"created_by": "me"}', encoding="utf-8")
    assert [job.name for job in find([tmp_path])] == ["a", "mine/b"]


def test_nothing_to_cut(tmp_path: Path) -> None:
    """A missing argument is named, and an empty folder is answered with the endings that are read."""
    with pytest.raises(SourceError, match="nowhere is not there"):
        find([tmp_path / "nowhere"])
    with pytest.raises(SourceError, match=r"no pictures in .*\.png"):
        find([tmp_path])


def test_names_of_dots_stay_in_the_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`..png` without its ending would be the output's folder itself, `...png` the one above; `..` names no folder."""
    put(tmp_path, "x/..png", "x/...png", "y/...png", "y/z/a.dat")
    monkeypatch.chdir(tmp_path / "y" / "z")
    files = ["../../x/..png", "../../x/...png", "../...png", "a.dat"]
    assert [job.name for job in find([Path(file) for file in files])] == ["..png", "x/...png", "y/...png", "a"]


@pytest.mark.parametrize(("name", "result"), [("...png", "...png"), ("..png", "..png"), (".a.png", ".a")])
def test_a_name_of_dots_alone(tmp_path: Path, name: str, result: str) -> None:
    """Also where no other name clashes with it."""
    put(tmp_path, name)
    assert [job.name for job in find([tmp_path / name])] == [result]


def test_a_link_in_a_circle_does_not_stop_the_others(tmp_path: Path) -> None:
    """It is found, and is one that cannot be read."""
    put(tmp_path, "a.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    assert "a" in {job.name for job in find([tmp_path])}


WORD = st.sampled_from(["a", "A", "b", "a.png", "b-2"])


@given(st.lists(st.tuples(st.lists(WORD, max_size=2), WORD, st.sampled_from([".png", ".jpg"])), min_size=1, max_size=9))
def test_no_two_results_share_a_place(files: list[tuple[list[str], str, str]]) -> None:
    """No result's folder is or holds another's, whatever the files are called, and names are stable."""
    found = [
        _Found(Path(f"/{number}"), PurePosixPath(*folders, stem + ending), "in")
        for number, (folders, stem, ending) in enumerate(files)
    ]
    names = _names(found)
    keys = [name.casefold() for name in names]
    assert len(set(keys)) == len(keys)
    assert not {parent.as_posix() for key in keys for parent in PurePosixPath(key).parents} & set(keys)
    assert names == _names(found)
