"""Pictures of runs: given from the runs' own folders, and nothing else from anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from kirie.board.files import url_of
from tests.board.conftest import Board, steps, write_log


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The `files` folder of a run, with a picture, a page and a secret beside it."""
    files = write_log(tmp_path / "runs", "one", steps([1.0])).parent / "files"
    (files / "media").mkdir(parents=True)
    Image.new("RGB", (2, 2), "red").save(files / "media" / "a b#?.png")
    (files / "media" / "page.png").write_text("<script>alert(1)</script>", encoding="utf-8")
    (files.parent / "secret.png").write_bytes((files / "media" / "a b#?.png").read_bytes())
    return files


def test_a_picture_is_given(run: Path, board: Board, tmp_path: Path) -> None:
    """By the address that `url_of` makes, whatever letters its name has, and never to be guessed at."""
    with board(tmp_path / "runs") as client:
        answer = client.get(url_of("one", "media/a b#?.png"))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.content == (run / "media" / "a b#?.png").read_bytes()


def test_what_only_has_a_pictures_name_is_refused(run: Path, board: Board, tmp_path: Path) -> None:
    """The bytes say what it is, not the name."""
    with board(tmp_path / "runs") as client:
        assert client.get(url_of("one", "media/page.png")).status_code == 415


@pytest.mark.parametrize(
    "path", ["../secret.png", "media/../../secret.png", "..\\secret.png", "/etc/passwd", "media", "none.png", "a\0.png"]
)
def test_no_path_leads_out(run: Path, board: Board, tmp_path: Path, path: str) -> None:
    """Up, absolute, with backslashes, a folder, nothing: 404, and no byte of it."""
    with board(tmp_path / "runs") as client:
        answer = client.get("/api/run/one/file/" + "".join(f"%{byte:02x}" for byte in path.encode()))
        assert answer.status_code == 404
        assert "error" in answer.json()


def test_no_link_leads_out(run: Path, board: Board, tmp_path: Path) -> None:
    """Links to a file or a folder outside are refused; one within the folder is followed."""
    (run / "file.png").symlink_to(run.parent / "secret.png")
    (run / "folder").symlink_to(run.parent)
    (run / "circle.png").symlink_to("circle.png")
    (run / "inside.png").symlink_to(run / "media" / "a b#?.png")
    with board(tmp_path / "runs") as client:
        assert client.get(url_of("one", "file.png")).status_code == 404
        assert client.get(url_of("one", "folder/secret.png")).status_code == 404
        assert client.get(url_of("one", "circle.png")).status_code == 404
        assert client.get(url_of("one", "inside.png")).status_code == 200
