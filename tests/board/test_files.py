"""Pictures of runs: given from the runs' own folders, and nothing else from anywhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from tests.board.conftest import Board, steps, write_log

from kirie.board.files import url_of
from kirie.core.run import RunFolder


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
    other = write_log(tmp_path / "runs", "other", steps([1.0])).parent / "files"
    other.symlink_to(run.parent)
    with board(tmp_path / "runs") as client:
        assert client.get(url_of("other", "secret.png")).status_code == 404
        assert client.get(url_of("one", "file.png")).status_code == 404
        assert client.get(url_of("one", "folder/secret.png")).status_code == 404
        assert client.get(url_of("one", "circle.png")).status_code == 404
        assert client.get(url_of("one", "inside.png")).status_code == 200


def test_no_other_file_is_read_through_a_link(board: Board, tmp_path: Path) -> None:
    """Nothing that an answer could hold comes from outside: printed text, patches, packages, tables, configuration."""
    secret = tmp_path / "secret"
    secret.write_text("SECRET==1.0\n{'SECRET': 1}", encoding="utf-8")
    for run in ("one", "two"):
        folder = RunFolder(tmp_path / "runs" / run)
        files = write_log(folder.path, run, steps([1.0])).parent / "files"
        files.mkdir()
        folder.record.write_text(json.dumps({"id": run}), encoding="utf-8")
        if run == "two":
            folder.log("1").parent.mkdir()
            names = [files / name for name in ("output.log", "wandb-metadata.json", "diff.patch", "requirements.txt")]
            for path in (*names, folder.log("1"), folder.config, folder.diff, folder.speed, folder.per_image("val")):
                path.symlink_to(secret)
    with board(tmp_path / "runs") as client:
        for question in ("run/two", "run/two/console", "difference?a=one&b=two", "compare?a=one&b=two&score=miou"):
            assert "SECRET" not in client.get(f"/api/{question}").text, question
        told = client.get("/api/compare?a=one&b=two&score=miou&split=val").json()["error"]
        assert "has no per-image table" in told
