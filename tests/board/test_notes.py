"""What people add to runs: it stays theirs, whatever becomes of the cache and of other runs."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

from benchmarks import board_logs as logs
from tests.board.conftest import Board, steps, table, whole, write_log

from kirie.board.place import BoardPlace


def test_notes_stay_with_their_run(tmp_path: Path, board: Board, place: BoardPlace) -> None:
    """Another project's run of the same id takes no note, nor does the loss of the cache move one."""
    write_log(tmp_path / "runs" / "a", "same", steps([1.0]), project="one", started=logs.START)
    with board(tmp_path / "runs") as client:
        client.post("/api/notes", json={"run": "same", "note": "the best", "pinned": True})
        write_log(tmp_path / "runs" / "b", "same", steps([2.0]), project="two", started=logs.START + 5)
        whole(client)
        rows = table(client)
        assert (rows["same~one~"]["note"], rows["same~two~"]["note"]) == ("the best", None)
        assert client.post("/api/notes", json={"run": "same~one~", "tags": ["x"]}).json()["note"] == "the best"
        client.post("/api/notes", json={"run": "same~two~", "hidden": True})
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
        ids = {"alone": "a", "odd~one": "z"}
        assert found == {"same~one~": "s", "same~two~": "t", "same~three~": "s"} | ids
        client.post("/api/notes", json={"run": "same~one~", "note": ""})
        found = {run: row["note"] for run, row in table(client).items()}
        assert found == {"same~one~": None, "same~two~": "t", "same~three~": "s"} | ids
