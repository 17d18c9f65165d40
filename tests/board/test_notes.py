"""What people add to runs: it stays theirs, whatever becomes of the cache and of other runs."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest
from benchmarks import board_logs as logs
from tests.board.conftest import Board, steps, table, whole, write_log

from kirie.board.notes import Notes
from kirie.board.place import BoardPlace


def test_notes_stay_with_their_run(tmp_path: Path, board: Board, place: BoardPlace) -> None:
    """Another project's run of the same id takes no note, nor does the loss of the cache move one."""
    write_log(tmp_path / "runs" / "a", "same", steps([1.0]), project="one", started=logs.START)
    with board(tmp_path / "runs") as client:
        client.post("/api/notes", json={"notes": [{"run": "same", "note": "the best", "pinned": True}]})
        write_log(tmp_path / "runs" / "b", "same", steps([2.0]), project="two", started=logs.START + 5)
        whole(client)
        rows = table(client)
        assert (rows["same~one~"]["note"], rows["same~two~"]["note"]) == ("the best", None)
        both = [{"run": "same~one~", "tags": ["x"]}, {"run": "same~two~", "hidden": True}]
        told = client.post("/api/notes", json={"notes": both}).json()["notes"]
        assert [(note["run"], note["note"]) for note in told] == [("same~one~", "the best"), ("same~two~", "")]
    for path in place.cache.iterdir():
        path.unlink()
    with board(tmp_path / "runs") as client:
        rows = table(client)
        assert (rows["same~one~"]["note"], rows["same~one~"]["tags"]) == ("the best", ["x"])
        assert (rows["same~two~"]["note"], rows["same~two~"]["hidden"]) == ("", True)


def test_notes_of_former_boards_are_read(tmp_path: Path, board: Board, place: BoardPlace) -> None:
    """They are by the run's key: an id alone is on each run that has it, until something newer is said of one."""
    place.notes.mkdir()
    with contextlib.closing(sqlite3.connect(place.notes / "notes.sqlite")) as connection:
        connection.execute("CREATE TABLE note (run TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID")
        notes = {"alone": "a", "same": "s", "same~two~": "t", "odd~one~two~": "z"}
        rows = [(run, json.dumps({"note": note})) for run, note in notes.items()]
        connection.executemany("INSERT INTO note VALUES (?, ?)", rows)
        connection.commit()
    for at, project in enumerate(("one", "two", "three")):
        write_log(tmp_path / "runs" / project, "same", steps([1.0]), project=project, started=logs.START + at)
    write_log(tmp_path / "runs", "alone", steps([1.0]), project="one")
    write_log(tmp_path / "runs", "odd~one", steps([1.0]), project="two")
    with board(tmp_path / "runs") as client:
        found = {run: row["note"] for run, row in table(client).items()}
        ids = {"alone": "a", "odd^7Eone": "z"}
        assert found == {"same~one~": "s", "same~two~": "t", "same~three~": "s"} | ids
        client.post("/api/notes", json={"notes": [{"run": "same~one~", "note": ""}]})
        found = {run: row["note"] for run, row in table(client).items()}
        assert found == {"same~one~": None, "same~two~": "t", "same~three~": "s"} | ids


def test_reading_the_notes_of_a_former_board_writes_nothing(place: BoardPlace) -> None:
    """A home that cannot be written shows them all the same."""
    place.notes.mkdir()
    path = place.notes / "notes.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE note (run TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID")
        connection.execute("INSERT INTO note VALUES ('alone', '{\"note\": \"a\"}')")
        connection.commit()
    before = path.read_bytes()
    assert Notes(place.notes).all().old["alone"]["note"] == "a"
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"run": "none", "note": "x"}, 404),
        ({"run": "first", "pinned": 1}, 400),
        ({"run": "first", "stars": 1}, 400),
        ({"note": "x"}, 400),
        ("first", 400),
    ],
)
def test_notes_on_many_runs_are_kept_together_or_not_at_all(
    runs: Path, board: Board, wrong: object, status: int
) -> None:
    """One request changes several runs; with one note that is refused, none of them is changed."""
    with board(runs) as client:
        both = [{"run": "first", "tags": ["a"]}, {"run": "second", "tags": ["b"]}]
        assert client.post("/api/notes", json={"notes": both}).status_code == 200
        later = [{"run": "second", "tags": ["c"]}, wrong]
        assert client.post("/api/notes", json={"notes": later}).status_code == status
        assert [table(client)[run]["tags"] for run in ("first", "second")] == [["a"], ["b"]]
        assert client.post("/api/notes", json={"run": "first", "note": "x"}).status_code == 400
