"""Listing folders and finding files that another system named."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import Literal

import pytest

from kirie.errors import SourceError
from kirie.formats import walk


def touch(folder: Path, *names: str) -> None:
    """Makes empty files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_hidden_files_are_no_data(tmp_path: Path) -> None:
    """Hidden files, hidden folders and what macOS packs beside are left out; the rest is sorted."""
    touch(tmp_path, "b/2.png", "a/1.png", ".x.png", ".git/y.png", "__MACOSX/z.png", "._1.png")
    assert [path.relative_to(tmp_path).as_posix() for path in walk.files_of(tmp_path)] == ["a/1.png", "b/2.png"]


def test_links_are_followed_once(tmp_path: Path) -> None:
    """A linked folder is listed, and one that leads back to its parent does not go round."""
    touch(tmp_path, "disk/1.png", "source/2.png")
    (tmp_path / "source" / "linked").symlink_to(tmp_path / "disk")
    (tmp_path / "source" / "loop").symlink_to(tmp_path / "source")
    names = [path.relative_to(tmp_path / "source").as_posix() for path in walk.files_of(tmp_path / "source")]
    assert names == ["2.png", "linked/1.png"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_alike(tmp_path: Path, form: Literal["NFC", "NFD"]) -> None:
    """A file is found in the other Unicode form and in other case, in folders too, if there is only one."""
    touch(tmp_path, unicodedata.normalize("NFD" if form == "NFC" else "NFC", "がぞう/Ä.PNG"))
    asked = unicodedata.normalize(form, "がぞう/ä.png")
    assert walk.alike(tmp_path / asked) is not None
    touch(tmp_path, "x/B.png", "x/b.PNG")
    assert walk.alike(tmp_path / "x" / "b.png") is None
    assert walk.alike(tmp_path / "none" / "b.png") is None


def test_new_files_are_seen(tmp_path: Path) -> None:
    """A file that appears later is found: listings are not remembered too long."""
    touch(tmp_path, "a.png")
    assert walk.alike(tmp_path / "b.PNG") is None
    touch(tmp_path, "b.png")
    assert walk.alike(tmp_path / "b.PNG") == tmp_path / "b.png"


def test_names() -> None:
    """A name is relative, without its last ending, composed."""
    assert walk.name_of(Path("s"), Path("s/a.b/c.d.json")) == "a.b/c.d"
    with pytest.raises(SourceError, match="two samples with the name 'a'"):
        walk.refuse_doubles(["a", "b", "a"], Path("s"))
    assert walk.listed("abc", 2) == "a, b and 1 more"


def test_a_name_in_another_encoding_is_told(tmp_path: Path) -> None:
    """As older archives unpack; the sentence shows the name, and what renames all of them."""
    (tmp_path / "fine.png").touch()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\x96\xda.png")).touch()
    with pytest.raises(SourceError, match=r"\\udc96\\udcda\.png.* is no UTF-8.*convmv -f shift_jis"):
        walk.files_of(tmp_path)
