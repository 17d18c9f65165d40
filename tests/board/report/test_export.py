"""Reports of real runs, by command and from the page, and what the book in them holds."""

from __future__ import annotations

import base64
import json
import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks import board_logs as logs
from starlette.applications import Starlette
from starlette.testclient import TestClient
from tests.board.conftest import steps, write_log
from tests.board.report.test_page import _book_of, _built
from tests.board.small_runs import kirie_run

from kirie.board import indexer
from kirie.board.app import make_board
from kirie.board.command import main
from kirie.board.library import Library
from kirie.board.place import BoardPlace
from kirie.board.report import book, export, routes
from kirie.board.report.export import export_report, ids_of
from kirie.errors import RunError, UsageError

HOSTILE = "</script><b>unet"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three small runs, one with markup in its name."""
    place = tmp_path_factory.mktemp("report") / "runs"
    kirie_run(place, "aaaa", skill=0.7, name=HOSTILE)
    kirie_run(place, "bbbb", skill=0.8)
    kirie_run(place, "cccc", skill=0.9, name="unet-bbbb")
    return place


@pytest.fixture
def app(runs: Path, tmp_path: Path) -> Iterator[Starlette]:
    """The board over these runs."""
    app = make_board(runs, BoardPlace(tmp_path / "cache", tmp_path / "notes"))
    app.state.index.look()
    yield app
    app.state.library.cache.close()


def _report(path: Path) -> Any:
    return _book_of(path.read_text(encoding="utf-8"))


def test_a_report_holds_the_boards_own_answers(app: Starlette, tmp_path: Path) -> None:
    """Every answer in the book equals the server's to the same request; pictures are inside; other runs are not."""
    built = tmp_path / "page"
    built.mkdir()
    out = tmp_path / "report.html"
    assert export_report(app, ["aaaa", "bbbb"], out, _built(built)) == []
    found = _report(out)
    client = TestClient(app, base_url="http://127.0.0.1")
    answers = found["answers"]
    assert answers["/api/board"]["frozen"] is True
    assert answers["/api/runs"]["ids"] == [one for one in client.get("/api/runs").json()["ids"] if one != "cccc"]
    assert all(len(column.get("values", column.get("codes"))) == 2 for column in answers["/api/runs"]["columns"])
    wanted = "/api/compare?a=aaaa&b=bbbb&score=miou&split=val"
    assert HOSTILE in answers[wanted]["sentence"]
    for question, content in answers.items():
        if not question.startswith(("/api/board", "/api/runs", "/api/curves")):
            assert client.get(question).json() == content, question
    pictures = answers["/api/pictures?order=name&runs=aaaa%2Cbbbb"]
    cell = pictures["samples"][0]["cells"]["aaaa"][0]
    for address in (cell["image"], cell["masks"]["truth"]):
        kind, _, text = found["files"][address].partition(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(text) == client.get(address).content
    assert found["view"] == "#/runs?runs=aaaa,bbbb"


def test_the_curves_are_binary_as_the_server_gives_them(app: Starlette, tmp_path: Path) -> None:
    """All metrics of all runs stand in one answer for each axis."""
    out = tmp_path / "report.html"
    export_report(app, ["aaaa"], out, _built(tmp_path))
    content = base64.b64decode(_report(out)["answers"]["/api/curves?x=step"]["base64"])
    (length,) = struct.unpack_from("<I", content)
    series = {one["metric"]: one for one in json.loads(content[4 : 4 + length])["series"]}
    assert series["val/miou"]["n"] == 2
    assert series["val/miou"]["run"] == "aaaa"


def test_a_report_is_written_where_a_link_leads(app: Starlette, runs: Path, tmp_path: Path) -> None:
    """The link stays; a link in a circle, and what is there and no file, is refused and stays what it was."""
    link, circle, pipe = tmp_path / "link.html", tmp_path / "circle.html", tmp_path / "pipe"
    (tmp_path / "to").mkdir()
    link.symlink_to("to/report.html")
    circle.symlink_to(circle)
    os.mkfifo(pipe)
    for _ in range(2):
        export_report(app, ["aaaa"], link, _built(tmp_path))
        assert link.is_symlink()
        assert _report(tmp_path / "to" / "report.html")["view"] == "#/runs?runs=aaaa"
    with pytest.raises(UsageError, match="in a circle"):
        export_report(app, ["aaaa"], circle, _built(tmp_path))
    with pytest.raises(UsageError, match="no regular file"):
        main([str(runs), "--export", str(pipe)])
    assert (circle.is_symlink(), pipe.is_fifo()) == (True, True)


def test_too_many_pictures_leave_out_the_earlier_steps(
    app: Starlette, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the limit the last steps are kept; the book speaks of pictures that it has, and says what it lacks."""
    out = tmp_path / "report.html"
    export_report(app, ["aaaa"], out, _built(tmp_path))
    everything = sum(len(base64.b64decode(text.partition(",")[2])) for text in _report(out)["files"].values())
    monkeypatch.setattr(book, "MOST_PICTURES", everything - 1)
    (note,) = export_report(app, ["aaaa"], out, _built(tmp_path))
    assert note.startswith("The pictures of 1 of 2 steps, the earlier ones, were left out")
    found = _report(out)
    assert found["answers"]["/api/board"]["notes"] == [note]
    cells = found["answers"]["/api/pictures?order=name&runs=aaaa"]["samples"][0]["cells"]["aaaa"]
    assert [cell["step"] for cell in cells] == [10]
    assert cells[0]["image"] in found["files"]


def test_runs_are_named_by_id_name_or_folder(app: Starlette, runs: Path, tmp_path: Path) -> None:
    """A word is an id, a name that one run has, or a folder with run records; others are told."""
    library: Library = app.state.library
    assert ids_of(library, ["bbbb", HOSTILE, "bbbb"]) == (["bbbb", "aaaa"], [])
    assert ids_of(library, [str(runs)]) == (["aaaa", "bbbb", "cccc"], [])
    with pytest.raises(RunError, match="2 runs are called 'unet-bbbb'; name one by its id"):
        ids_of(library, ["unet-bbbb"])
    with pytest.raises(RunError, match="There is no run 'nope'"):
        ids_of(library, ["nope"])
    elsewhere = tmp_path / "out" / "unet"
    elsewhere.mkdir(parents=True)
    (elsewhere / "run.json").write_text('{"id": "zzzz"}', encoding="utf-8")
    with pytest.raises(RunError, match=r"has a log in .*: they were trained elsewhere, or with log=none"):
        ids_of(library, [str(tmp_path / "out")])
    (elsewhere.parent / "fpn").mkdir()
    (elsewhere.parent / "fpn" / "run.json").write_text('{"id": "cccc"}', encoding="utf-8")
    ids, left_out = ids_of(library, [str(tmp_path / "out")])
    assert ids == ["cccc"]
    assert left_out[0].startswith("Run zzzz, which")


def test_runs_of_one_id_are_named_by_key_or_folder(tmp_path: Path) -> None:
    """An id that two projects' runs have is told to be of both; kirie's own folder names the one in it."""
    for at, project in enumerate(("one", "two")):
        folder = tmp_path / "runs" / project
        write_log(folder, "same", steps([1.0]), name=project, project=project, started=logs.START + at)
        (folder / "run.json").write_text('{"id": "same"}', encoding="utf-8")
    app = make_board(tmp_path / "runs", BoardPlace(tmp_path / "cache", tmp_path / "notes"))
    app.state.index.look()
    library: Library = app.state.library
    with pytest.raises(RunError, match="2 runs have the id 'same': same~one~, same~two~; name one of them"):
        ids_of(library, ["same"])
    assert ids_of(library, [str(folder)]) == (["same~two~"], [])
    assert ids_of(library, ["same~one~"]) == (["same~one~"], [])
    library.cache.close()


def test_the_command_writes_a_report(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`kirie board --export` writes the file and says where; without the built page it says what to run."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(export, "BUILT", tmp_path)
    out = tmp_path / "out" / "report.html"
    (tmp_path / "out").mkdir()
    words = [str(runs), "--export", str(out), "--runs", "aaaa,cccc", "--json"]
    with pytest.raises(UsageError, match="`make setup` builds it"):
        main(words)
    assert not out.exists()
    _built(tmp_path)
    assert main(words) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"report": str(out), "bytes": out.stat().st_size, "notes": []}
    assert sorted(_report(out)["answers"]["/api/runs"]["ids"]) == ["aaaa", "cccc"]
    with pytest.raises(UsageError, match="--export FILE"):
        main([str(runs), "--runs", "aaaa"])
    with pytest.raises(RunError, match=r"There is no folder .*nowhere for the report"):
        main([str(runs), "--export", str(tmp_path / "nowhere" / "report.html")])
    assert not (tmp_path / "nowhere").exists()
    monkeypatch.setattr(indexer, "MOST_LOGS", 2)
    assert main([*words[:-2], "cccc", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["notes"] == [
        "Of 3 logs 2 are shown, those of the newest runs; open a folder of fewer."
    ]
    monkeypatch.setattr(indexer, "MOST_LOGS", 9)
    monkeypatch.setattr(export, "MOST_RUNS", 2)
    with pytest.raises(UsageError, match="at most 2 runs, and these are 3; name some with --runs"):
        main([str(runs), "--export", str(out)])
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match="holds no run with a log"):
        main([str(tmp_path / "empty"), "--export", str(out)])


def test_the_page_gets_its_report(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A view's address becomes a file to keep, also where a token is asked for; without runs there is a sentence."""
    monkeypatch.setattr(routes, "BUILT", _built(tmp_path))
    app = make_board(runs, BoardPlace(tmp_path / "cache", tmp_path / "notes"), host="0.0.0.0", token="secret")
    app.state.index.look()
    client = TestClient(app, base_url="http://127.0.0.1")
    assert client.get("/api/report", params={"view": "#/runs?runs=aaaa"}).status_code == 401
    client.get("/?token=secret")
    answer = client.get("/api/report", params={"view": "#/curves?runs=aaaa,bbbb"})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="kirie-report.html"'
    found = _book_of(answer.text)
    assert isinstance(found, dict)
    assert found["view"] == "#/curves?runs=aaaa,bbbb"
    assert "/api/compare?a=aaaa&b=bbbb&score=miou&split=val" in found["answers"]
    assert "secret" not in re.sub(r"\s", "", answer.text)
    for view in ("", "#/runs", "#/runs?runs=nope", f"#/runs?runs={','.join(map(str, range(60)))}"):
        assert client.get("/api/report", params={"view": view}).status_code == 400
    app.state.library.cache.close()
