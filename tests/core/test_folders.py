"""Folders appear whole, and what a kill leaves is put in order by the next call."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kirie.core import folders


def test_a_folder_beside_goes_with_the_block_and_after_a_kill(tmp_path: Path) -> None:
    """It is gone after the block; what a killed process left goes with the next one, a living process's stays."""
    with folders.folder_beside(tmp_path / "out") as beside:
        (beside / "x").touch()
        living = beside.with_name(beside.name.replace(f"-{os.getpid()}.", f"-{os.getppid()}."))
    assert list(tmp_path.iterdir()) == []
    code = (
        "import sys, pathlib, os, signal; from kirie.core import folders\n"
        "with folders.folder_beside(pathlib.Path(sys.argv[1])) as beside: os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path / "out")], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 1
    living.mkdir()
    with folders.folder_beside(tmp_path / "out") as beside:
        assert set(tmp_path.iterdir()) == {beside, living}
    assert list(tmp_path.iterdir()) == [living]


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    """The old content is there until the block ends, and the new one alone afterwards."""
    out = tmp_path / "out"
    for word in ("first", "second"):
        before = sorted(path.name for path in out.glob("*"))
        with folders.replacing_folder(out) as beside:
            (beside / word).touch()
            assert sorted(path.name for path in out.glob("*")) == before
        assert [path.name for path in out.iterdir()] == [word]
    assert list(tmp_path.iterdir()) == [out]


def test_what_fails_leaves_the_old_folder(tmp_path: Path) -> None:
    """An error in the block keeps what was there, and nothing else."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "old").touch()
    with pytest.raises(KeyError), folders.replacing_folder(out):
        raise KeyError
    assert list(tmp_path.iterdir()) == [out]
    assert [path.name for path in out.iterdir()] == ["old"]


def test_a_kill_between_the_renames_loses_nothing(tmp_path: Path) -> None:
    """The folder that was set aside comes back with the next call, also if that one fails."""
    (tmp_path / ".out.kirie-old").mkdir()
    (tmp_path / ".out.kirie-old" / "kept").touch()
    with pytest.raises(KeyError), folders.replacing_folder(tmp_path / "out"):
        raise KeyError
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["kept"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_longest_names(tmp_path: Path) -> None:
    """A name of 255 bytes, the longest a file system has, works too; so does one that is not UTF-8."""
    for name in ("x" * 255, os.fsdecode(b"\x96\xbc")):
        with folders.replacing_folder(tmp_path / name) as folder:
            (folder / "x").touch()
        assert (tmp_path / name / "x").is_file()


def test_foreign_files_are_found(tmp_path: Path) -> None:
    """The first file that is not known, also below; folders count by what they hold, DVC's .gitignore not at all."""
    (tmp_path / "sub").mkdir()
    for name in ("known", "sub/known", ".gitignore", "sub/.gitignore"):
        (tmp_path / name).touch()
    assert folders.foreign(tmp_path, ("known", "sub/known")) is None
    assert folders.foreign(tmp_path, ("known",)) == "sub/known"
    (tmp_path / "link").symlink_to("sub")
    assert folders.foreign(tmp_path, ("known", "sub/known")) == "link"


def test_the_working_folder_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.` is replaced like any other folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with folders.replacing_folder(Path()) as beside:
        (beside / "x").touch()
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["x"]
